"""Watches CloudWatch alarms while a run goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tidegauge.aws.clients import ALARMS, Clients, aws_errors
from tidegauge.collect.metrics.alarms import fetch_alarms, parse_alarm_states
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.stack import Stack

EVERY_S = 5.0
PAGE = "docs/plan.md"


@contextmanager
def watched_alarms(
    stack: Stack, names: Sequence[str], tell: Callable[[str], None], every_s: float = EVERY_S
) -> Iterator[Callable[[], str | None]]:
    """Yields what says which alarm went off, or None; one that is off already refuses the run (exit 13)."""
    if not names:
        yield lambda: None
        return
    with aws_errors("the alarms cannot be watched", PAGE):
        client = Clients(ALARMS).of("cloudwatch", stack.region)
        on = _in_alarm(client, names)
    if on is not None:
        raise TidegaugeError(f"{on} before the run", "see to it first", ExitCode.REFUSED)
    found: list[str] = []
    ended = threading.Event()

    def watch() -> None:
        told = False
        while not found and not ended.wait(every_s):
            try:
                with aws_errors("the alarms cannot be watched", PAGE):
                    on = _in_alarm(client, names)
            except TidegaugeError as error:
                if not told:
                    tell(f"{error.message}; the run goes on, and asks again")
                told = True
                continue
            if on is not None:
                found.append(on)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: next(iter(found), None)
    finally:
        ended.set()
        watcher.join(timeout=30)


def _in_alarm(client: Any, names: Sequence[str]) -> str | None:
    states = parse_alarm_states(fetch_alarms(client, names), names)
    name = next((name for name, state in states.items() if state == "ALARM"), None)
    return None if name is None else f"CloudWatch alarm '{name}' is in ALARM"
