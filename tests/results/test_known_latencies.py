"""Runs against servers that take, for each path, a time that the test has chosen."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from tests.support.served import Answer, http_server, tidegauge, write_plan, write_stack

HEAD = "[popularity]\nalpha = 0\nassets = {assets}\n"
STEP = '[[flow.step]]\npath = "/x/{asset_id}"\n'
OVERHEAD_S = 0.02  # what a busy machine adds beside what the server itself took, at most


def run(folder: Path, delays_s: Sequence[float], duration_s: float) -> tuple[Mapping[str, float], np.ndarray]:
    """The summary's response times, and what each request took by the clock of the server, sorted; in ms."""
    took_s: list[float] = []

    def answer(path: str) -> Answer:
        began = time.monotonic()
        time.sleep(delays_s[int(path.rpartition("/")[2])])
        took_s.append(time.monotonic() - began)
        return 200, {}, b"ok"

    plan = write_plan(
        folder, rate=100, duration_s=duration_s, steps=STEP, tail=HEAD.format(assets=len(delays_s))
    )
    with http_server(answer) as url:
        _, summary, _ = tidegauge("run", plan, "--stack", write_stack(folder, url), "--out", folder / "run")
    assert summary["total"]["failures"] == 0
    assert len(took_s) == summary["total"]["count"]
    return summary["total"]["response_time_ms"], np.sort(took_s) * 1000


def at(ordered: np.ndarray, q: float) -> float:
    """The ceil(qn)-th smallest."""
    return float(ordered[math.ceil(q * len(ordered)) - 1])


def test_of_two_latencies_each_quantile_shows_the_one_it_falls_on(tmp_path: Path) -> None:
    times, took = run(tmp_path, [0.3] + [0.02] * 9, duration_s=3)  # one request in ten is slow
    slow = float((took > 100).mean())
    assert 0.05 < slow < 0.15
    assert 20 <= times["p50"] < 100
    assert 300 <= times["p99"] < 600


def test_lognormal_latencies_come_out_as_they_were_drawn(tmp_path: Path) -> None:
    shares = (np.arange(200) + 0.5) / 200
    delays_s = 0.03 * np.exp(0.8 * norm.ppf(shares))  # 30 ms in the middle, 190 ms at P99
    times, took = run(tmp_path, delays_s.tolist(), duration_s=3)
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        truth = at(took, q)
        assert times[name] == pytest.approx(truth, rel=0.03, abs=OVERHEAD_S * 1000)
        assert times[name] >= truth * 0.999  # nobody can be quicker than the server
