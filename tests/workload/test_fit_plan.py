"""The text of fitted plans, read back as plans."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan, parse_plan
from tidegauge.workload.fit.log_fit import fit_log
from tidegauge.workload.fit.plan_text import plan_text
from tidegauge.workload.logs.record import requested

DAY_S = 86_400.0


def records(times_s: Sequence[float], paths: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "t_s": np.asarray(times_s, dtype=float),
            "quantum_s": 1e-6,
            "method": "GET",
            "scheme": "https",
            "path": list(paths),
            "status": 200,
            "sent_bytes": np.nan,
            "client": None,
            "user_agent": None,
            "time_taken_s": np.nan,
        }
    )


def fitted(found: pd.DataFrame) -> Plan:
    text = plan_text(fit_log(found), "fitted", {"/v1/": "api"}, "cdn", "first\nsecond")
    return parse_plan(tomllib.loads(text), "plan")


def test_a_log_of_days_becomes_a_diurnal_phase() -> None:
    generator = np.random.default_rng(1)
    times_s = generator.uniform(0, 2 * DAY_S, 8000)
    kept = generator.uniform(0, 1.6, 8000) < 1 + 0.6 * np.cos(2 * np.pi * (times_s / DAY_S - 0.75))
    phase = fitted(records(times_s[kept], ["/"] * kept.sum())).arrivals[0]
    assert phase.shape == "diurnal"
    assert phase.peak_to_trough == pytest.approx(4.0, rel=0.2)  # 1.6 / 0.4
    assert phase.peak_at_s == pytest.approx(0.75 * DAY_S, abs=2500)
    assert phase.mean_rate_per_s == pytest.approx(kept.sum() / (2 * DAY_S), rel=0.02)


def test_paths_of_the_api_go_there_and_others_to_the_cdn() -> None:
    plan = fitted(records([0.0, 500.0], ["/v1/feed", "/index.html"]))
    assert {step.path: step.base for flow in plan.flow for step in flow.step} == {
        "/v1/feed": "api",
        "/index.html": "cdn",
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=30))
def test_whatever_paths_were_logged_the_plan_is_one(paths: list[str]) -> None:
    logged = [requested("/" + path) for path in paths]
    plan = fitted(records([60.0 * index for index in range(len(logged))], logged))
    assert sum(plan.shares.values()) == pytest.approx(1)
    assert sum(len(flow.step) for flow in plan.flow) >= 1


def test_logs_of_more_days_than_a_plan_lasts_are_refused() -> None:
    with pytest.raises(TidegaugeError, match="span 40 days"):
        fit_log(records([0.0, 40 * DAY_S], ["/", "/"]))


def test_flows_whose_names_collide_get_numbers_that_are_free() -> None:
    """The second "/a/b" is numbered 2, which is another path's own name."""
    paths = ["/a/b", "/a-b", "/a/b/2"]
    plan = fitted(records([500.0 * index for index in range(6)], paths * 2))
    assert len({flow.name for flow in plan.flow}) == len(plan.flow) == 3
    assert {step.path for flow in plan.flow for step in flow.step} == set(paths)
