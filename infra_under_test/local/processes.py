"""Starting and ending the processes of a stack."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from infra_under_test.local import launch
from infra_under_test.local.readiness import Ready

LAST_LINES = 5
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process of the stack, as data."""

    name: str
    version: str
    url: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    ready: Ready
    needs: tuple[str, ...] = ()  # parts that must be ready before this one starts
    niceness: int = 5  # all parts yield to the load generator
    procs: Path | None = None  # the cgroup it joins
    stop_grace_s: float = 1.0


@dataclass(slots=True, kw_only=True)
class Running:
    """A part that was started."""

    part: Part
    process: subprocess.Popen[bytes]
    log: Path
    started_s: float  # monotonic
    ready_after_s: float | None = None
    reported_dead: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        """Whether its process has not been reaped."""
        return self.process.returncode is None

    def last_lines(self) -> list[str]:
        """The end of its log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4096))
            text = log.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()][-LAST_LINES:]

    def rss_bytes(self) -> int:
        """Resident memory of the part and its descendants."""
        total = 0
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            for member in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += member.memory_info().rss
        return total


def start(part: Part, settings: Mapping[str, str], logs: Path) -> Running:
    """Starts a part in a process group of its own. Only the main thread may call this.

    Linux ties the parent-death signal to the thread that forked, so a part would die with any other thread.
    """
    log = logs / f"{part.name}.log"
    launcher = [sys.executable, "-I", "-S", launch.__file__]
    bounds = [str(os.getpid()), str(part.niceness), str(part.procs or launch.NO_CGROUP)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*launcher, *bounds, *part.argv],
            env={**part.env, **settings},
            cwd=part.cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C reaches the supervisor alone, and a part's children end with it
        )
    return Running(part=part, process=process, log=log, started_s=time.monotonic())


def become_subreaper() -> None:
    """Orphaned grandchildren (an ffmpeg of a killed worker) become ours to reap, where the system can."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(parts: Sequence[Running]) -> None:
    """Collects every ended child: parts get their exit code, orphans of theirs just go."""
    known = {running.process.pid: running.process for running in parts}
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None:
            return
        if ended.si_pid in known:
            known[ended.si_pid].poll()
        else:
            os.waitpid(ended.si_pid, os.WNOHANG)


def stop_all(parts: Sequence[Running]) -> None:
    """Ends every part and every descendant: SIGTERM, each part's own grace, SIGKILL."""
    begun = time.monotonic()
    for running in parts:
        _signal_group(running, signal.SIGTERM)
    pending = list(parts)
    while pending:
        reap(parts)
        waited = time.monotonic() - begun
        for running in [part for part in pending if not part.is_alive or waited >= part.part.stop_grace_s]:
            _signal_group(running, signal.SIGKILL)  # even if the part has ended: its children may linger
            pending.remove(running)
        time.sleep(0.01)
    _kill_children()
    reap(parts)


def _signal_group(running: Running, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.process.pid, number)


def _kill_children() -> None:
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    psutil.wait_procs(children, timeout=2)
