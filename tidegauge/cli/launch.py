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

from tidegauge.cli.children import die_with_parent
from tidegauge.engine.events import EVENTS_FD, RUN_FOLDER
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.store import RunFolder

OPEN_ARRIVALS = Path(__file__).resolve().parents[1] / "engine" / "open_arrivals.py"
STOP_GRACE_S = 10.0
START_GRACE_S = 60.0


@dataclass(slots=True, kw_only=True)
class GeneratorReport:
    """What the generator said of itself while it ran."""

    start_unix_s: float | None = None
    fatal: list[dict[str, str]] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    interrupted_s: float | None = None
    exit_code: int = 0


def run_generator(
    folder: RunFolder,
    files: Sequence[Path],
    processes: int,
    deadline_s: float,
    on_progress: Callable[[dict[str, Any]], None],
) -> GeneratorReport:
    """Runs Locust on the job in `folder` and returns when it is over; Ctrl-C ends it and keeps the rows.

    `deadline_s` bounds the whole, should a generator hang: it is killed, and the run says so.
    """
    read_end, write_end = os.pipe()
    environment = {**os.environ, EVENTS_FD: str(write_end), RUN_FOLDER: str(folder.path.resolve())}
    report = GeneratorReport()
    with folder.engine_log.open("wb") as log:
        child = subprocess.Popen(
            _command(files, processes),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(write_end,),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        os.close(write_end)
        try:
            _follow(read_end, child, report, deadline_s, on_progress)
        finally:
            _stop(child)
            _await_writers(read_end)
            os.close(read_end)
    report.exit_code = child.returncode
    if report.start_unix_s is None and report.interrupted_s is None:
        raise _no_start(folder)
    return report


def _command(files: Sequence[Path], processes: int) -> list[str]:
    locustfiles = ",".join(str(path) for path in (OPEN_ARRIVALS, *files))
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        locustfiles,
        "--headless",
        "--skip-log-setup",
        "--only-summary",
    ]
    command += ["--users", str(processes), "--spawn-rate", str(processes), "--stop-timeout", "0"]
    if processes > 1:
        command += ["--processes", str(processes), "--expect-workers", str(processes)]
        command += ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(_free_port())]
        command += ["--master-port", command[-1]]
    return [*command, "ArrivalUser"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _follow(
    read_end: int,
    child: subprocess.Popen[bytes],
    report: GeneratorReport,
    deadline_s: float,
    on_progress: Callable[[dict[str, Any]], None],
) -> None:
    give_up = time.monotonic() + START_GRACE_S + deadline_s
    buffer = b""
    selector = selectors.DefaultSelector()
    selector.register(read_end, selectors.EVENT_READ)
    while True:
        try:
            if selector.select(timeout=0.5):
                data = os.read(read_end, 65536)
                if not data:
                    return
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    _take(json.loads(line), report, on_progress)
            if child.poll() is not None and not selector.select(timeout=0):
                return
            if time.monotonic() > give_up:
                report.fatal.append({"cause": "hung", "detail": "the generator did not end by itself"})
                return
        except KeyboardInterrupt:
            if report.interrupted_s is not None:
                raise
            report.interrupted_s = 0.0 if report.start_unix_s is None else time.time() - report.start_unix_s
            give_up = time.monotonic() + STOP_GRACE_S
            _signal(child, signal.SIGTERM)


def _take(
    event: dict[str, Any], report: GeneratorReport, on_progress: Callable[[dict[str, Any]], None]
) -> None:
    if event["event"] == "started":
        report.start_unix_s = event["start_unix_s"]
    elif event["event"] == "fatal":
        report.fatal.append({"cause": event["cause"], "detail": event["detail"]})
    elif event["event"] == "finished":
        report.finished.add(event["process"])
    elif event["event"] == "progress":
        on_progress(event)


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
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _no_start(folder: RunFolder) -> TidegaugeError:
    try:
        lines = folder.engine_log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    last = next((line for line in reversed(lines) if line.strip()), "no output")
    return TidegaugeError(
        f"the generator did not start: {last[:300]}", f"its log is {folder.engine_log}", ExitCode.INVALID
    )
