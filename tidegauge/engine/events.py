"""Lines that a generator process tells the CLI: started, progress, fatal, finished."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

EVENTS_FD = "TIDEGAUGE_EVENTS_FD"
RUN_FOLDER = "TIDEGAUGE_RUN"
END_S = 10  # for the last rows


def tell(event: str, **fields: Any) -> None:
    """Writes one JSON line to the descriptor that the CLI handed down; does nothing without one."""
    descriptor = os.environ.get(EVENTS_FD)
    if descriptor is None:
        return
    line = json.dumps({"event": event, **{name: _short(value) for name, value in fields.items()}})
    try:
        os.write(int(descriptor), line.encode() + b"\n")  # below PIPE_BUF: lines of processes don't mix
    except OSError:
        _end()


def events_descriptors() -> tuple[int, ...]:
    """The descriptor, to hand to children that the CLI is to wait for; empty without a CLI."""
    descriptor = os.environ.get(EVENTS_FD)
    return () if descriptor is None else (int(descriptor),)


def _end() -> None:
    """Whoever asked for this load is gone: ends as at SIGTERM, with what is under way stored, or by force."""
    os.environ.pop(EVENTS_FD, None)
    signal.alarm(END_S)  # ends the process where nothing else does
    os.kill(os.getpid(), signal.SIGTERM)


def _short(value: Any) -> Any:
    """The end of a long text, in ASCII: a line break is then the worst, two bytes of JSON each."""
    if not isinstance(value, str):
        return value
    return "".join(
        char if char == "\n" or char.isprintable() else "?"
        for char in value.encode("ascii", "replace").decode()
    )[-1500:]
