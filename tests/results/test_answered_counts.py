"""What was asked, sent and answered, of a server that answers some requests and too few at a time."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import Answer, http_server, tidegauge, write_plan, write_stack

TAIL = 'in_flight_max = 12\ntimeout_s = 0.5\ndrain_s = 3\nsamples = "{samples}"\n'


def every_third_hangs() -> Any:
    number, gate = itertools.count(), threading.Lock()

    def answer(_path: str) -> Answer:
        with gate:
            mine = next(number)
        time.sleep(1.0 if mine % 3 == 0 else 0.1)
        return 200 if mine % 3 == 1 else 500, {}, b"ok"

    return answer


@pytest.mark.parametrize("samples", ["all", "none"])
def test_the_three_counts_follow_from_the_causes_of_the_failures(tmp_path: Path, samples: str) -> None:
    plan = write_plan(tmp_path, rate=100, duration_s=2, head=TAIL.format(samples=samples))
    with http_server(every_third_hangs()) as url:
        _, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run"
        )
    total, flow, causes = summary["total"], summary["flows"][0], summary["total"]["failures_by_cause"]
    assert total["count"] == 200
    assert total["sent"] == 200 - causes["in_flight_cap"]
    assert total["answered"] == total["sent"] - causes["timeout"]  # a 500 is an answer
    assert 0 < total["answered"] < total["sent"] < total["count"]
    assert (flow["sessions"], flow["sessions_sent"]) == (200, total["sent"])
    assert flow["sessions_answered"] == total["answered"]  # a request each
    assert total["rate_per_s"] == 100.0
    assert total["rate_sent_per_s"] == pytest.approx(summary["generator"]["rate_sent_per_s"])
    assert total["rate_answered_per_s"] == pytest.approx(total["answered"] / 2)
    assert summary["cost"]["requests_answered"] == total["answered"]
