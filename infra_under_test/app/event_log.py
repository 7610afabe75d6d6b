"""One JSON line per noteworthy event on stderr; never secrets, tokens or e-mail addresses."""

from __future__ import annotations

import json
import logging
import re
import sys
import time


def log_event(event: str, **fields: object) -> None:
    """Write one line: epoch seconds, the event's name, then the fields as given."""
    line = {"t": round(time.time(), 3), "event": event, **fields}
    sys.stderr.write(json.dumps(line, default=str) + "\n")
    sys.stderr.flush()


_TOKEN = re.compile(r"(\btoken=)[^&\s\"]+")


class TokenFilter(logging.Filter):
    """Takes tokens out of a foreign logger's lines: uvicorn writes a WebSocket's whole query."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always kept."""
        record.msg = _TOKEN.sub(r"\1[hidden]", record.getMessage())
        record.args = None
        return True
