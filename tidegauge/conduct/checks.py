"""What would stand in the way of a run: this machine, the local parts, a stack and a plan. Sends no load."""

from __future__ import annotations

import platform
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tidegauge.conduct import preflight, provenance
from tidegauge.conduct.flows import load_plan_and_flows
from tidegauge.conduct.stack_process import call_stack
from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan
from tidegauge.stack import Stack, load_stack

OPEN_FILES_WANTED = 5000 + 100  # in_flight_max by default, a socket each


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding, and what to do about it."""

    id: str
    status: Literal["ok", "warning", "refusal"]
    message: str
    next: str = ""
    refusal: TidegaugeError | None = None  # what a run would end with


def check_machine() -> Iterator[Check]:
    yield Check(id="python", status="ok", message=f"{platform.python_version()} at {sys.executable}")
    cores = provenance.machine().cores or 1
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


def check_local_parts() -> list[Check]:
    """The parts of the local stack; a deployed one needs none of them."""
    try:
        parts = call_stack(["parts"])["parts"]
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


def check_stack(stack_file: Path, plan_file: Path | None) -> Iterator[Check]:
    loaded: list[Stack] = []
    yield _judge("stack", lambda: loaded.append(load_stack(stack_file)), f"{stack_file} is sound")
    if not loaded:
        return
    stack = loaded[0]
    yield _judge(
        "reachable",
        lambda: preflight.check_reachable(stack),
        f"{stack.api_url} accepts connections",
    )
    if stack.local is not None:
        yield _judge(
            "parts_alive",
            lambda: preflight.check_alive(stack),
            "every part of the local stack is alive",
        )
    if plan_file is not None:
        plans: list[Plan] = []

        def check_plan() -> None:
            plan, known = load_plan_and_flows(plan_file)
            plans.append(preflight.prepare(plan, stack, stack_file, known, plan_file.parent).plan)

        yield _judge("plan", check_plan, f"{plan_file} can run against '{stack.name}'")
        if plans:
            yield _judge("room_for_samples", lambda: preflight.check_disk(Path("runs"), plans[0]), "enough")


def _judge(name: str, check: Callable[[], object], good: str) -> Check:
    try:
        check()
    except TidegaugeError as error:
        return Check(id=name, status="refusal", message=error.message, next=error.hint, refusal=error)
    return Check(id=name, status="ok", message=good)
