"""Our samples in Locust's own statistics, for its console and its web page (which round them)."""

from __future__ import annotations

from typing import Any

from tidegauge.engine.recorder import Recorder
from tidegauge.engine.session import ABANDONED, StepFailed
from tidegauge.records import Sample


class StatisticsSink:
    """Samples to the recorder, and each to Locust's `request` event too."""

    def __init__(self, environment: Any, recorder: Recorder, start_unix_s: float) -> None:
        self._environment, self._recorder, self._start_unix_s = environment, recorder, start_unix_s

    def add_sample(self, row: Sample) -> None:
        """Records the sample; one that was cut is not in Locust's statistics, as with its own clients."""
        self._recorder.add_sample(row)
        if row.cause == ABANDONED:
            return
        method, _, name = row.endpoint.partition(" ")
        self._environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=row.response_time_s * 1000,
            response_length=row.received_bytes,
            exception=StepFailed(row.cause) if row.cause else None,
            start_time=self._start_unix_s + row.sent_s,
            context={},
            url=row.url_path,
            response=None,
        )
