"""`tidegauge doctor`: what would stand in the way of a run."""

from __future__ import annotations

from pathlib import Path

import click

from tidegauge.cli.output import json_option, people, print_json, say
from tidegauge.cli.paths import InputFile
from tidegauge.conduct.checks import check_local_parts, check_machine, check_stack
from tidegauge.errors import ExitCode

MARKS = {"ok": "[green]ok[/]      ", "warning": "[yellow]warning[/] ", "refusal": "[red]refusal[/] "}


@click.command(name="doctor")
@click.option("--stack", "stack_file", type=click.Path(path_type=Path), help="Also check this stack.")
@click.option("--plan", "plan_file", type=InputFile(), help="Also check this plan (with --stack).")
@json_option
def doctor_command(stack_file: Path | None, plan_file: Path | None, as_json: bool) -> int:
    """Check this machine, and a stack and a plan, before a run. Sends no load.

    Exit code 2 when anything would be refused (13 when a guard would), else 0.
    """
    if plan_file is not None and stack_file is None:
        raise click.UsageError("--plan needs --stack: a plan is checked against the stack it is for")
    checks = [*check_machine(), *check_local_parts()]
    if stack_file is not None:
        checks += check_stack(stack_file, plan_file)
    if as_json:
        shown = ("id", "status", "message", "next")
        print_json({"checks": [{key: getattr(check, key) for key in shown} for check in checks]})
    for check in checks:
        people.print(MARKS[check.status], end="")
        say(f"{check.id}: {check.message}")
        if check.next:
            say(f"          {check.next}")
    refusals = [check.refusal for check in checks if check.refusal is not None]
    return refusals[0].exit_code if refusals else ExitCode.PASS
