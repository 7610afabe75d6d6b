"""The generator's own state, so that a run it could not carry shows as INVALID."""

from __future__ import annotations

import time
from collections.abc import Callable

import gevent

from tidegauge.engine.clock import RunClock
from tidegauge.engine.recorder import Recorder
from tidegauge.records import Health

TICK_S = 0.05
PERIOD_S = 1.0


def watch(clock: RunClock, recorder: Recorder, process: int, in_flight: Callable[[], int]) -> None:
    """A `Health` row a second, until killed."""
    cpu, wall = time.process_time(), clock.now()
    lag_s = 0.0
    while True:
        due = clock.now() + TICK_S
        gevent.sleep(TICK_S)
        now = clock.now()
        lag_s = max(lag_s, now - due)
        if now - wall >= PERIOD_S:
            used = time.process_time()
            recorder.add_health(Health(process, now, (used - cpu) / (now - wall), lag_s * 1000, in_flight()))
            cpu, wall, lag_s = used, now, 0.0
