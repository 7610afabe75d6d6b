"""Starts the generator (Locust processes of its own) and follows it to the end."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegauge import house
from tidegauge.conduct.children import die_with_parent
from tidegauge.conduct.guards import Tripped
from tidegauge.conduct.signals import interrupts_as_bytes
from tidegauge.engine.events import EVENTS_FD, RUN_FOLDER
from tidegauge.engine.flow_files import handed_down
from tidegauge.engine.role import Role
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.store import RunFolder

OPEN_ARRIVALS = Path(__file__).resolve().parents[1] / "engine" / "open_arrivals.py"
STOP_GRACE_S = 10.0
START_GRACE_S = 60.0
HANG_GRACE_S = 60.0
STOP_ARRIVALS = signal.SIGUSR1  # as the generator understands it


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a master listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A generator to start: by itself, as the master of workers on other machines, or as such workers."""

    files: Sequence[Path]  # of Python flows
    role: Role = field(default_factory=Role)
    processes: int = 1  # on this machine
    web_port: int | None = None
    listen: Address | None = None
    join: Address | None = None


@dataclass(slots=True, kw_only=True)
class Bounds:
    """How long the generator may take, should it hang; whoever knows more may change them meanwhile."""

    start_s: float = START_GRACE_S
    run_s: float  # from second 0 to the last answer
    drain_s: float


@dataclass(slots=True, kw_only=True)
class GeneratorReport:
    """What the generator said of itself while it ran."""

    start_unix_s: float | None = None
    fatal: list[dict[str, str]] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    shares: list[dict[str, Any]] = field(default_factory=list)  # of workers on other machines
    refused: list[dict[str, Any]] = field(default_factory=list)
    ready: int = 0  # of such workers, while they are waited for
    complete_s: dict[int, float] = field(default_factory=dict)  # by process, when its arrivals were stopped
    interrupted_s: float | None = None
    stopped_by: Tripped | None = None  # the guard that ended the arrivals
    cut: bool = False  # ended at once: then a process that didn't finish needn't have died
    exit_code: int = 0

    @property
    def end_s(self) -> float | None:
        """Up to when every arrival was sent, where that was ended before its time."""
        if self.interrupted_s is None:
            return None
        return max(min([self.interrupted_s, *self.complete_s.values()]), 0.0)


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
        follower = _Follower(child, GeneratorReport(), bounds, on_event, guard)
        try:
            follower.follow(read_end, interrupts)
        finally:
            _stop(child)
            _await_writers(read_end)
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


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_free(place: Address) -> None:
    """Refuses an address that cannot be listened on (exit 2)."""
    try:
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((place.host, place.port))
    except OSError as error:
        raise TidegaugeError(
            f"{place} cannot be listened on: {error.strerror or error}",
            "another port, or an address of this machine",
        ) from None


def _command(launch: Launch) -> list[str]:
    command = [sys.executable, "-P", "-m", "tidegauge.engine", "-f", str(OPEN_ARRIVALS)]
    command += ["--skip-log-setup", "--only-summary"]
    if launch.web_port is None:
        command += ["--headless"]
    else:
        command += ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(launch.web_port)]
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
        command += ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(free_port())]
        command += ["--master-port", command[-1]]
    return [*command, "ArrivalUser"]


class _Follower:
    """Reads what the generator says until it ends, and passes interrupts on."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        report: GeneratorReport,
        bounds: Bounds,
        on_event: Callable[[dict[str, Any]], None],
        guard: Callable[[dict[str, Any]], Tripped | None],
    ) -> None:
        self.report = report
        self._child, self._bounds, self._on_event, self._guard = child, bounds, on_event, guard
        self._began = time.monotonic()
        self._started: float | None = None  # monotonic
        self._give_up: float | None = None  # monotonic, once it was asked to end
        self._interrupts = 0

    def follow(self, read_end: int, interrupts: int) -> None:
        """Returns at the end of the pipe or of the generator's time."""
        buffer = b""
        with selectors.DefaultSelector() as selector:
            for descriptor in (read_end, interrupts):
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(timeout=0.5)}
                if read_end in ready:
                    data = os.read(read_end, 65536)
                    if not data:
                        return
                    *lines, buffer = (buffer + data).split(b"\n")
                    for line in lines:
                        self._take(json.loads(line))
                if interrupts in ready:
                    for _ in os.read(interrupts, 64):
                        self._interrupt()
                if self._child.poll() is not None and not ready:
                    return
                if time.monotonic() > self._deadline():
                    self._hung()
                    return

    def _deadline(self) -> float:
        if self._give_up is not None:
            return self._give_up
        if self._started is None:
            return self._began + self._bounds.start_s
        return self._started + self._bounds.run_s + HANG_GRACE_S

    def _hung(self) -> None:
        self._on_event({"event": "hung"})
        if self._started is not None and self._give_up is None:
            self.report.fatal.append({"cause": "hung", "detail": "the generator did not end by itself"})

    def _interrupt(self) -> None:
        """Once: no further arrivals; twice: the end; three times: by force."""
        self._interrupts += 1
        now = time.monotonic()
        if self._interrupts > 2:
            _signal(self._child, signal.SIGKILL)
        elif self.report.start_unix_s is None or self._interrupts == 2:
            self.report.interrupted_s = self.report.interrupted_s or 0.0
            self.report.cut = True
            self._give_up = now + STOP_GRACE_S
            self._on_event({"event": "ending"})
            _signal(self._child, signal.SIGTERM)
        else:
            self.report.interrupted_s = time.time() - self.report.start_unix_s
            self._give_up = now + self._bounds.drain_s + STOP_GRACE_S
            self._on_event({"event": "stopping"})
            _signal(self._child, STOP_ARRIVALS)

    def _take(self, event: dict[str, Any]) -> None:
        report = self.report
        match event["event"]:
            case "started":
                report.start_unix_s = event["start_unix_s"]
                self._started = self._started or time.monotonic()
            case "fatal":
                report.fatal.append({"cause": event["cause"], "detail": event["detail"]})
            case "finished":
                report.finished.add(event["process"])
            case "stopped":
                report.complete_s[event["process"]] = event["complete_s"]
            case "share":
                report.shares.append(event)
            case "refused":
                report.refused.append(event)
            case "waiting":
                report.ready = event["ready"]
            case "stop_asked" if not self._interrupts:
                self._interrupt()
        self._on_event(event)
        if self._started is not None and not self._interrupts:
            report.stopped_by = self._guard(event)
            if report.stopped_by is not None:
                self._on_event({"event": "guard", "detail": report.stopped_by.detail})
                self._interrupt()


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ends the generator's process group; writers are in groups of their own and end with their pipes."""
    if child.poll() is None:
        _signal(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_GRACE_S)
    _signal(child, signal.SIGKILL)
    child.wait()


def _await_writers(read_end: int) -> None:
    """Returns when the writers have closed their last files: they hold the pipe open until then."""
    deadline = time.monotonic() + STOP_GRACE_S
    selector = selectors.DefaultSelector()
    selector.register(read_end, selectors.EVENT_READ)
    while time.monotonic() < deadline:
        if selector.select(timeout=0.5) and not os.read(read_end, 65536):
            return


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)
