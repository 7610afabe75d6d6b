"""One JSON line per noteworthy event on stderr; never secrets, tokens or e-mail addresses."""

from __future__ import annotations

import json
import sys
import time


def log_event(event: str, **fields: object) -> None:
    """Write one line: epoch seconds, the event's name, then the fields as given."""
    line = {"t": round(time.time(), 3), "event": event, **fields}
    sys.stderr.write(json.dumps(line, default=str) + "\n")
    sys.stderr.flush()
