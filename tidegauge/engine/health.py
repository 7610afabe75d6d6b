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


class Watch:
    """Looks at its own process' CPU time and event loop."""

    def __init__(
        self, clock: RunClock, recorder: Recorder, process: int, in_flight: Callable[[], int]
    ) -> None:
        self._clock, self._recorder, self._process, self._in_flight = clock, recorder, process, in_flight
        self.cpu_ratio = 0.0  # share of one core over the last period

    def run(self) -> None:
        """A `Health` row a second, until killed."""
        clock = self._clock
        cpu, wall = time.process_time(), clock.now()
        lag_s = 0.0
        while True:
            due = clock.now() + TICK_S
            gevent.sleep(TICK_S)
            now = clock.now()
            lag_s = max(lag_s, now - due)
            if now - wall >= PERIOD_S:
                used = time.process_time()
                self.cpu_ratio = (used - cpu) / (now - wall)
                self._recorder.add_health(
                    Health(self._process, now, self.cpu_ratio, lag_s * 1000, self._in_flight())
                )
                cpu, wall, lag_s = used, now, 0.0
