"""Starts the generator (Locust processes of its own) and follows it to the end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegauge import house
from tidegauge.conduct.addresses import LOOPBACK, Address, free_port
from tidegauge.conduct.children import die_with_parent
from tidegauge.conduct.follow import STOP_GRACE_S, Bounds, Follower, GeneratorReport, signal_group
from tidegauge.conduct.guards import Tripped
from tidegauge.conduct.signals import interrupts_as_bytes
from tidegauge.engine.events import EVENTS_FD, RUN_FOLDER
from tidegauge.engine.flow_files import handed_down
from tidegauge.engine.role import Role
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.store import RunFolder

OPEN_ARRIVALS = Path(__file__).resolve().parents[1] / "engine" / "open_arrivals.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A generator to start: by itself, as the master of workers on other machines, or as such workers."""

    files: Sequence[Path]  # of Python flows
    role: Role = field(default_factory=Role)
    processes: int = 1  # on this machine
    web_port: int | None = None
    listen: Address | None = None
    join: Address | None = None


def run_generator(
    folder: RunFolder,
    launch: Launch,
    bounds: Bounds,
    on_event: Callable[[dict[str, Any]], None],
    guard: Callable[[dict[str, Any]], Tripped | None] = lambda _event: None,
) -> GeneratorReport:
    """Runs Locust on the job in `folder` and returns when it is over.

    The first Ctrl-C ends the arrivals and lets the sessions under way end, the second ends all at once;
    the rows are kept. `on_event` gets what the generator says, and `stopping`, `ending`, `hung` and `guard`;
    a `guard` that trips on an event ends the arrivals as the first Ctrl-C does.
    """
    read_end, write_end = os.pipe()
    environment = {**house.environment(), EVENTS_FD: str(write_end), RUN_FOLDER: str(folder.path.resolve())}
    with folder.engine_log.open("wb") as log, interrupts_as_bytes() as interrupts:
        child = subprocess.Popen(
            _command(launch),
            env=environment | launch.role.environment() | handed_down(launch.files),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(write_end,),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        os.close(write_end)
        follower = Follower(child, GeneratorReport(), bounds, on_event, guard)
        try:
            follower.follow(read_end, interrupts)
        finally:
            _stop(child)
            follower.await_writers(read_end)
            os.close(read_end)
    follower.report.exit_code = child.returncode
    return follower.report


def no_start(folder: RunFolder) -> TidegaugeError:
    """Why a generator that never said `started` didn't."""
    try:
        lines = folder.engine_log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    last = next((line for line in reversed(lines) if line.strip()), "no output")
    return TidegaugeError(
        f"the generator did not start: {last[:300]}", f"its log is {folder.engine_log}", ExitCode.INVALID
    )


def _command(launch: Launch) -> list[str]:
    command = [sys.executable, "-P", "-m", "tidegauge.engine", "-f", str(OPEN_ARRIVALS)]
    command += ["--skip-log-setup", "--only-summary"]
    if launch.web_port is None:
        command += ["--headless"]
    else:
        command += ["--autostart", "--web-host", LOOPBACK, "--web-port", str(launch.web_port)]
    if launch.join is not None:
        command += ["--worker", "--master-host", launch.join.host, "--master-port", str(launch.join.port)]
        if launch.processes > 1:
            command += ["--processes", str(launch.processes)]
        return [*command, "ArrivalUser"]
    workers = str(launch.role.workers)
    command += ["--users", workers, "--spawn-rate", workers, "--stop-timeout", "0"]
    if launch.listen is not None:
        command += ["--master", "--master-bind-host", launch.listen.host]
        command += ["--master-bind-port", str(launch.listen.port), "--expect-workers", workers]
    elif launch.processes > 1:
        command += ["--processes", str(launch.processes), "--expect-workers", str(launch.processes)]
        command += ["--master-bind-host", LOOPBACK, "--master-bind-port", str(free_port())]
        command += ["--master-port", command[-1]]
    return [*command, "ArrivalUser"]


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ends the generator's process group; writers are in groups of their own and end with their pipes."""
    if child.poll() is None:
        signal_group(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_GRACE_S)
    signal_group(child, signal.SIGKILL)
    child.wait()
