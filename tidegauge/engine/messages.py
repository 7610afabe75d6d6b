"""What master and workers say to each other, as custom messages of Locust's protocol.

A worker says HELLO until it is WELCOME or REFUSED, asks for the CLOCK, is READY (or FAILED), gets its ORDER,
sends LIVE documents and what it would have TOLD a CLI, and is DONE. STOP ends the arrivals of all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HELLO, WELCOME, REFUSED = "tidegauge_hello", "tidegauge_welcome", "tidegauge_refused"
CLOCK, READY, FAILED = "tidegauge_clock", "tidegauge_ready", "tidegauge_failed"
ORDER, STOP, DONE = "tidegauge_order", "tidegauge_stop", "tidegauge_done"
LIVE, TOLD = "tidegauge_live", "tidegauge_told"


def listen(runner: Any, kind: str, listener: Callable[[str, Any], None]) -> None:
    """Calls `listener` with the sender's id and the data of each message of `kind`."""
    runner.register_message(kind, lambda msg, **_: listener(msg.node_id, msg.data))
