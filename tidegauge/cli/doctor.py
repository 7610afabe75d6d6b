"""`tidegauge doctor`: what would stand in the way of a run."""

from __future__ import annotations

import platform
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from tidegauge.cli.output import json_option, people, print_json
from tidegauge.cli.stack import call
from tidegauge.conduct import preflight, provenance
from tidegauge.conduct.flows import load_plan_and_flows
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import Plan
from tidegauge.stack import Stack, load_stack

OPEN_FILES_WANTED = 5000 + 100  # in_flight_max by default, a socket each
MARKS = {"ok": "[green]ok[/]      ", "warning": "[yellow]warning[/] ", "refusal": "[red]refusal[/] "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding, and what to do about it."""

    id: str
    status: Literal["ok", "warning", "refusal"]
    message: str
    next: str = ""


@click.command(name="doctor")
@click.option("--stack", "stack_file", type=click.Path(path_type=Path), help="Also check this stack.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="Also check this plan (with --stack)."
)
@json_option
def doctor_command(stack_file: Path | None, plan_file: Path | None, as_json: bool) -> int:
    """Check this machine, and a stack and a plan, before a run. Sends no load.

    Exit code 2 when anything would be refused (13 when a guard would), else 0.
    """
    if plan_file is not None and stack_file is None:
        raise click.UsageError("--plan needs --stack: a plan is checked against the stack it is for")
    refusals: list[TidegaugeError] = []
    checks = [*_machine(), *_local_parts()]
    if stack_file is not None:
        checks += _stack(stack_file, plan_file, refusals)
    if as_json:
        print_json({"checks": [asdict(check) for check in checks]})
    for check in checks:
        people.print(MARKS[check.status], end="")
        people.print(f"{check.id}: {check.message}", markup=False)
        if check.next:
            people.print(f"          {check.next}", markup=False)
    return refusals[0].exit_code if refusals else ExitCode.PASS


def _machine() -> Iterator[Check]:
    yield Check(id="python", status="ok", message=f"{platform.python_version()} at {sys.executable}")
    cores = provenance.machine()["cores"]
    yield Check(
        id="cores",
        status="ok" if cores >= 2 else "warning",
        message=f"{cores} cores: each generator process takes one",
        next=""
        if cores >= 2
        else "generator and stack would share the only core: read the CPU figure closely",
    )
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= OPEN_FILES_WANTED
    yield Check(
        id="open_files",
        status="ok" if enough else "warning",
        message=f"up to {hard} open files a process",
        next=""
        if enough
        else f"raise `ulimit -Hn` to {OPEN_FILES_WANTED}, or lower in_flight_max in the plan",
    )
    timer = sys.platform.startswith("linux")
    yield Check(
        id="timer",
        status="ok" if timer else "warning",
        message="timerfd: sends within 0.1 ms of the intended time" if timer else "millisecond timer only",
        next="" if timer else "sends may be up to 1 ms late here, which counts in response times",
    )
    try:
        with tempfile.NamedTemporaryFile(dir=".") as probe:
            probe.write(b"x" * 65536)
            probe.flush()
        yield Check(id="disk", status="ok", message=f"{Path.cwd()} can be written")
    except OSError as error:
        yield Check(
            id="disk",
            status="warning",
            message=f"{Path.cwd()}: {error.strerror}",
            next="use --out for run folders",
        )


def _local_parts() -> list[Check]:
    """The parts of the local stack; a deployed one needs none of them."""
    try:
        parts = call(["parts"])["parts"]
    except TidegaugeError as error:
        return [Check(id="local_parts", status="warning", message=error.message, next=error.hint)]
    return [
        Check(
            id=f"local_{part['name']}",
            status="ok" if part["path"] else "warning",
            message=f"{part['version']} ({part['origin']})" if part["path"] else part["message"],
            next="" if part["path"] else part["hint"],
        )
        for part in parts
    ]


def _stack(stack_file: Path, plan_file: Path | None, refusals: list[TidegaugeError]) -> Iterator[Check]:
    loaded: list[Stack] = []
    yield _judge("stack", lambda: loaded.append(load_stack(stack_file)), f"{stack_file} is sound", refusals)
    if not loaded:
        return
    stack = loaded[0]
    yield _judge(
        "reachable",
        lambda: preflight.check_reachable(stack),
        f"{stack.api_url} accepts connections",
        refusals,
    )
    if stack.local is not None:
        yield _judge(
            "parts_alive",
            lambda: preflight.check_alive(stack),
            "every part of the local stack is alive",
            refusals,
        )
    if plan_file is not None:
        plans: list[Plan] = []

        def check_plan() -> None:
            plan, known = load_plan_and_flows(plan_file)
            plans.append(preflight.prepare(plan, stack, stack_file, known, plan_file.parent).plan)

        yield _judge("plan", check_plan, f"{plan_file} can run against '{stack.name}'", refusals)
        if plans:
            yield _judge(
                "room_for_samples", lambda: preflight.check_disk(Path("runs"), plans[0]), "enough", refusals
            )


def _judge(name: str, check: Callable[[], object], good: str, refusals: list[TidegaugeError]) -> Check:
    try:
        check()
    except TidegaugeError as error:
        refusals.append(error)
        return Check(id=name, status="refusal", message=error.message, next=error.hint)
    return Check(id=name, status="ok", message=good)
