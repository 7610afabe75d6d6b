"""Follows a generator that runs: what it says, what interrupts it, and when its time is over."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tidegauge.conduct.guards import Tripped

STOP_GRACE_S = 10.0
START_GRACE_S = 60.0
HANG_GRACE_S = 60.0
STOP_ARRIVALS = signal.SIGUSR1  # as the generator understands it


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
    shares: list[dict[str, Any]] = field(default_factory=list)  # what workers on other machines sent
    refused: list[dict[str, Any]] = field(default_factory=list)
    ready: int = 0  # how many such workers there are, while they are waited for
    complete_s: dict[int, float] = field(default_factory=dict)  # by process, when its arrivals were stopped
    interrupted_s: float | None = None
    stopped_by: Tripped | None = None  # the guard that ended the arrivals
    exit_code: int = 0

    @property
    def end_s(self) -> float | None:
        """Up to when every arrival was sent, where that was ended before its time."""
        if self.interrupted_s is None:
            return None
        return max(min([self.interrupted_s, *self.complete_s.values()]), 0.0)


class Follower:
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
        self._rest = b""  # of a line that has not come as a whole

    def follow(self, read_end: int, interrupts: int) -> None:
        """Returns at the end of the pipe or of the generator's time."""
        with selectors.DefaultSelector() as selector:
            for descriptor in (read_end, interrupts):
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select(timeout=0.5)}
                if read_end in ready and not self._read(read_end):
                    return
                if interrupts in ready:
                    for _ in os.read(interrupts, 64):
                        self._interrupt()
                if self._child.poll() is not None and not ready:
                    return
                if time.monotonic() > self._deadline():
                    self._hung()
                    return

    def await_writers(self, read_end: int) -> None:
        """Returns when the writers have closed their last files: they hold the pipe open until then."""
        deadline = time.monotonic() + STOP_GRACE_S
        with selectors.DefaultSelector() as selector:
            selector.register(read_end, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if selector.select(timeout=0.5) and not self._read(read_end):
                    return

    def _read(self, read_end: int) -> bool:
        """Takes what has come; False at the pipe's end."""
        data = os.read(read_end, 65536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return bool(data)

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
            signal_group(self._child, signal.SIGKILL)
        elif self.report.start_unix_s is None or self._interrupts == 2:
            self.report.interrupted_s = self.report.interrupted_s or 0.0
            self._give_up = now + STOP_GRACE_S
            self._on_event({"event": "ending"})
            signal_group(self._child, signal.SIGTERM)
        else:
            self.report.interrupted_s = time.time() - self.report.start_unix_s
            self._give_up = now + self._bounds.drain_s + STOP_GRACE_S
            self._on_event({"event": "stopping"})
            signal_group(self._child, STOP_ARRIVALS)

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
        if self._started is not None and not self._interrupts and self._child.returncode is None:
            report.stopped_by = self._guard(event)
            if report.stopped_by is not None:
                self._on_event({"event": "guard", "detail": report.stopped_by.detail})
                self._interrupt()


def signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    """Sends a signal to the child's process group; one that has ended is left alone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)
