"""Child processes: none outlives this one, and those that answer in JSON are called in one way."""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tidegauge.conduct.signals import interrupts_as_bytes
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.house import HOUSE, INSTALL_LOCAL, environment

EVENTS_FD = "--events-fd"
_PR_SET_PDEATHSIG = 1
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The document that a child printed, and the exit code that it ended with."""

    document: Any
    exit_code: ExitCode


def call_json(
    module: str,
    arguments: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    on_event: Callable[[Any], None] | None = None,
) -> Answer:
    """Runs `python -m module arguments` and returns the one JSON document of its stdout.

    What the child says to people passes through on stderr. With `on_event` it gets an `--events-fd` before
    its arguments, and each JSON line that it writes there arrives here. Ctrl-C reaches the child once, from
    here: it answers with what it has; one that ends without an answer raises KeyboardInterrupt. An error
    document becomes a TidegaugeError with the child's exit code.
    """
    out, code, interrupted = _run(module, arguments, stdin, on_event)
    document = _object(out)
    if document is None or code not in set(ExitCode):  # a killed child may have answered before
        if interrupted:  # before it could take notice
            raise KeyboardInterrupt
        raise TidegaugeError(
            f"python -m {module} ended with exit code {code} and without an answer",
            f"see the lines above; is everything there? {INSTALL_LOCAL}",
        )
    if "error" in document:
        error = document["error"]
        raise TidegaugeError(error["message"], error["hint"], ExitCode(error["exit_code"]))
    return Answer(document=document, exit_code=ExitCode(code))


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel ends the child when this process goes, however it goes (Linux).

    Elsewhere a child notices by the pipe that it can no longer write to.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _object(out: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(out)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _run(
    module: str, arguments: Sequence[str], stdin: int, on_event: Callable[[Any], None] | None
) -> tuple[bytes, int, bool]:
    """The child's stdout and exit code, and whether it was interrupted.

    It has a session of its own, so that Ctrl-C does not reach it twice.
    """
    events_read, events_write = os.pipe()
    options = [EVENTS_FD, str(events_write)] if on_event else []
    with interrupts_as_bytes() as interrupts, os.fdopen(events_read, "rb", 0) as events:
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", module, *options, *arguments],
                cwd=HOUSE,
                env=environment(),
                stdin=stdin,
                stdout=subprocess.PIPE,
                preexec_fn=die_with_parent,
                pass_fds=(events_write,) if on_event else (),
                start_new_session=True,
            )
        finally:
            os.close(events_write)
        with child:
            out, interrupted = _follow(child, events.fileno(), interrupts, on_event)
        return out, child.returncode, interrupted


def _follow(
    child: subprocess.Popen[bytes], events: int, interrupts: int, on_event: Callable[[Any], None] | None
) -> tuple[bytes, bool]:
    assert child.stdout is not None
    out, pending, interrupted = b"", b"", False
    with selectors.DefaultSelector() as selector:
        for source in (child.stdout.fileno(), events, interrupts):
            selector.register(source, selectors.EVENT_READ)
        while len(selector.get_map()) > 1:  # the interrupts' end stays open
            for key, _ in selector.select():
                chunk = os.read(key.fd, _CHUNK)
                if key.fd == interrupts:
                    interrupted = True
                    with suppress(ProcessLookupError):
                        child.send_signal(signal.SIGINT)
                elif not chunk:
                    selector.unregister(key.fd)
                elif key.fd == events and on_event is not None:
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        on_event(json.loads(line))
                else:
                    out += chunk
    return out, interrupted
