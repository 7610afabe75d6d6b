"""Lines that a generator process tells the CLI: started, progress, fatal, finished."""

from __future__ import annotations

import json
import os
from typing import Any

EVENTS_FD = "TIDEGAUGE_EVENTS_FD"
RUN_FOLDER = "TIDEGAUGE_RUN"


def tell(event: str, **fields: Any) -> None:
    """One JSON line on the descriptor that the CLI handed down; nothing without one."""
    descriptor = os.environ.get(EVENTS_FD)
    if descriptor is None:
        return
    line = json.dumps({"event": event, **fields})[:3900] if event != "fatal" else _short(event, fields)
    try:
        os.write(int(descriptor), line.encode() + b"\n")  # below PIPE_BUF: lines of processes don't mix
    except OSError:
        os._exit(1)  # whoever asked for this load is gone; the writer still stores the rows it has


def _short(event: str, fields: dict[str, Any]) -> str:
    return json.dumps({"event": event, **{key: str(value)[-1500:] for key, value in fields.items()}})
