"""The live figures, against sums by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tidegauge.engine.live_totals import LiveTotals
from tidegauge.histograms import Histogram


def document(seconds: list[float], **changes: Any) -> dict[str, Any]:
    """What a writer says of a second with these response times."""
    times = Histogram()
    times.add(np.array(seconds))
    base = {
        "requests": len(seconds), "failures": {}, "received_bytes": 10, "cdn_requests": 1, "cdn_bytes": 4,
        "cache": {"hit": 1, "refresh_hit": 0, "miss": 2, "error": 0},
        "lag": {}, "response": {"GET /a": times.plain()},
    }  # fmt: skip
    return json.loads(json.dumps(base | changes))  # as it comes over a pipe


def test_counts_of_all_processes_add_up_since_the_start() -> None:
    live = LiveTotals()
    live.add(document([0.1, 0.2], failures={"timeout": 1}), 0.0)
    live.add(document([0.1], failures={"timeout": 2, "reset": 1}), 0.5)
    line = live.line(100.0)
    assert (line["requests"], line["received_bytes"], line["cdn_requests"], line["cdn_bytes"]) == (
        3,
        20,
        2,
        8,
    )
    assert line["failures"] == {"timeout": 3, "reset": 1}
    assert line["cache"] == {"hit": 2, "refresh_hit": 0, "miss": 4, "error": 0}


def test_quantiles_are_of_the_last_ten_seconds_and_all_processes() -> None:
    live = LiveTotals()
    live.add(document([9.0] * 50), 0.0)
    live.add(document([0.010] * 98), 15.0)
    live.add(document([0.300, 0.300]), 15.2)
    recent = live.line(16.0)["recent"]
    assert recent["count"] == 100
    assert recent["p50_ms"] == pytest.approx(10, rel=0.0005)
    assert recent["p99_ms"] == pytest.approx(300, rel=0.0005)  # the 99th of 100


def test_nothing_recent_has_no_quantile() -> None:
    live = LiveTotals()
    live.add(document([0.1]), 0.0)
    assert live.line(60.0)["recent"] == {"count": 0, "p50_ms": None, "p99_ms": None, "lag_p99_ms": None}


def test_the_line_fits_a_pipe_write_that_is_never_split() -> None:
    live = LiveTotals()
    live.add(document([0.1], failures={f"a_cause_of_failure_{n}": 10**9 for n in range(200)}), 0.0)
    assert len(json.dumps(live.line(1.0))) < 3000  # PIPE_BUF is 4096 on Linux
