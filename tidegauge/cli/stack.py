"""`tidegauge stack`: the local stack under test, started in a process of its own."""

from __future__ import annotations

import click

from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.conduct.stack_process import call_stack, stay_with_stack


@click.group(name="stack")
def stack_group() -> None:
    """The local stack under test: real parts, on free loopback ports."""


@stack_group.command(name="up")
@click.option(
    "--name", default="local", show_default=True, help="Stacks of different names run side by side."
)
@click.option("--foreground", is_flag=True, help="Stay; Ctrl-C takes the stack down.")
@click.option(
    "--worker-vcpu",
    type=FiniteRange(0.01),
    help="CPU quota of the media worker, in cores (needs a writable cgroup).",
)
@json_option
def up_command(name: str, foreground: bool, worker_vcpu: float | None, as_json: bool) -> int:
    """Start the stack; returns when every part has answered for real, with the descriptor's path."""
    arguments = ["up", "--name", name]
    arguments += ["--foreground"] if foreground else []
    arguments += ["--worker-vcpu", str(worker_vcpu)] if worker_vcpu is not None else []
    if foreground:
        return stay_with_stack(arguments)
    document = call_stack(arguments)
    if as_json:
        print_json(document)
    else:
        click.echo(document["descriptor"])
    return 0


@stack_group.command(name="down")
@click.option("--name", default="local", show_default=True, help="The stack to take down.")
@json_option
def down_command(name: str, as_json: bool) -> int:
    """Take a stack down: every process, and its folder."""
    document = call_stack(["down", "--name", name])
    if as_json:
        print_json(document)
    else:
        say("stopped: " + (", ".join(document["stopped"]) or "nothing was running"))
    return 0


@stack_group.command(name="status")
@click.option("--name", default="local", show_default=True, help="The stack to look at.")
@json_option
def status_command(name: str, as_json: bool) -> int:
    """The parts of a running stack, with versions, URLs and memory."""
    document = call_stack(["status", "--name", name])
    if as_json:
        print_json(document)
    return 0
