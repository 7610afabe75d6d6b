from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from analysis_frames import arrivals, health, samples, traffic
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.analysis.observed import observe
from tidegauge.analysis.summary import summarise
from tidegauge.stored import document_of


def summary_of(
    sample_rows: pd.DataFrame | list[dict[str, object]],
    arrival_rows: pd.DataFrame | list[dict[str, object]],
    *,
    warmup_s: float = 0.0,
    end_s: float = 10.0,
    **changed: object,
) -> Any:
    options: dict[str, Any] = {
        "flows": ["view"],
        "endpoints": [("view", "GET /a")],
        "behaviours": [],
        "health": health([]),
        "lag_ms_p99_max": 10.0,
        **changed,
    }
    if isinstance(arrival_rows, list):
        arrival_rows = arrivals(arrival_rows)
    window: dict[str, Any] = {"warmup_s": warmup_s, "end_s": end_s}
    summary = document_of(summarise(observe(traffic(sample_rows, **window), [arrival_rows]), **options))
    json.dumps(summary, allow_nan=False)
    return summary


def test_uniform_arrivals_give_exactly_rate_times_window() -> None:
    rate, warmup_s, end_s = 50, 10, 70
    due = [k / rate for k in range(1, rate * end_s + 1)]
    summary = summary_of(
        [{"session": i, "intended_s": t} for i, t in enumerate(due)],
        [{"intended_s": t} for t in due],
        warmup_s=float(warmup_s),
        end_s=float(end_s),
    )
    assert summary["total"]["count"] == 3000
    assert summary["total"]["rate_per_s"] == 50.0
    assert summary["generator"]["rate_asked_per_s"] == 50.0


def test_a_request_counts_by_its_intended_time_whenever_it_finishes() -> None:
    rows: list[dict[str, object]] = [
        {"intended_s": 2.0, "done_s": 5.0},  # due when the warm-up ends: outside
        {"intended_s": 2.5, "done_s": 60.0},  # finished long after: inside
        {"intended_s": 10.0},
        {"intended_s": 10.1, "done_s": 10.2},
    ]
    summary = summary_of(rows, [], warmup_s=2.0)
    assert summary["total"]["count"] == 2
    assert summary["total"]["response_time_ms"]["max"] == pytest.approx(57_500)


def test_response_time_counts_from_the_intended_time_and_service_time_from_the_sending() -> None:
    rows: list[dict[str, object]] = [{"intended_s": 1.0, "sent_s": 1.5, "done_s": 1.75}] * 5
    total = summary_of(rows, [])["total"]
    assert total["response_time_ms"]["p50"] == pytest.approx(750)
    assert total["service_time_ms"]["p50"] == pytest.approx(250)


def test_an_unsent_arrival_is_one_failure_of_its_first_step() -> None:
    summary = summary_of(
        [{"session": 0}],
        [{}, {"sent": False, "cause": "in_flight_cap"}, {"sent": False, "cause": "lost", "intended_s": 11.0}],
        endpoints=[("view", "GET /a"), ("view", "GET /b")],
    )
    first, second = summary["endpoints"]
    for part in (summary["total"], summary["flows"][0], first):
        assert (part["count"], part["failures"]) == (2, 1)
        assert part["failures_by_cause"] == {"in_flight_cap": 1}
    assert second["count"] == 0
    assert summary["generator"]["unsent"] == 1


def test_failures_are_counted_by_cause_and_stay_out_of_the_quantiles() -> None:
    rows: list[dict[str, object]] = [{"done_s": 1.02}] * 5
    rows += [{"done_s": 9.0, "cause": "timeout", "status": 0, "cache": None}] * 2
    rows += [{"done_s": 1.001, "cause": "status", "status": 500}]
    total = summary_of(rows, [])["total"]
    assert (total["count"], total["failures"]) == (8, 3)
    assert list(total["failures_by_cause"].items()) == [("timeout", 2), ("status", 1)]
    assert total["response_time_ms"]["max"] == pytest.approx(20)
    assert total["response_time_ms"]["n"] == 5


def test_session_time_runs_from_the_arrival_to_the_last_answer_beyond_the_window() -> None:
    rows: list[dict[str, object]] = [
        {"session": i, "step": step, "intended_s": 9.0 + step, "done_s": 9.5 + step}
        for i in range(5)
        for step in (0, 1, 2)
    ]
    flow = summary_of(rows, [{"intended_s": 9.0}] * 5)["flows"][0]
    assert flow["sessions"] == 5
    assert flow["session_time_ms"]["p50"] == pytest.approx(2500)
    assert flow["count"] == 10  # the third steps are due after the window


def test_a_session_with_a_failed_unsent_or_missing_step_is_no_good_session() -> None:
    rows: list[dict[str, object]] = [
        {"session": 0, "done_s": 1.1},
        {"session": 1, "done_s": 1.1},
        {"session": 1, "step": 1, "intended_s": 1.1, "done_s": 7.0, "cause": "body"},
    ]
    flow = summary_of(rows, [{}, {}, {"sent": False, "cause": "in_flight_cap"}, {}])["flows"][0]
    assert (flow["sessions"], flow["session_failures"]) == (4, 3)
    assert flow["session_time_ms"]["max"] == pytest.approx(100)


def test_sessions_are_those_that_arrive_in_the_window() -> None:
    rows: list[dict[str, object]] = [
        {"session": 0, "intended_s": 1.0},
        {"session": 0, "step": 1, "intended_s": 3.0},
        {"session": 1, "intended_s": 3.0},
    ]
    summary = summary_of(rows, [{"intended_s": 1.0}, {"intended_s": 3.0}], warmup_s=2.0)
    assert summary["flows"][0]["sessions"] == 1
    assert summary["total"]["count"] == 2


def test_rows_come_in_the_plan_s_order_and_what_else_was_seen_follows() -> None:
    rows: list[dict[str, object]] = [
        {"flow": "upload", "endpoint": "PUT /x"},
        {"flow": "view", "endpoint": "GET /z"},
        {"flow": "view", "endpoint": "GET /a"},
    ]
    summary = summary_of(rows, [], flows=["view", "idle"], endpoints=[("view", "GET /z"), ("idle", "GET /")])
    assert [row["flow"] for row in summary["flows"]] == ["view", "idle", "upload"]
    assert [(row["flow"], row["endpoint"], row["count"]) for row in summary["endpoints"]] == [
        ("view", "GET /z", 1),
        ("idle", "GET /", 0),
        ("upload", "PUT /x", 1),
        ("view", "GET /a", 1),
    ]


def test_a_run_without_any_request_has_zeros_and_nulls() -> None:
    summary = summary_of([], [])
    assert summary["total"]["count"] == summary["total"]["failures"] == 0
    assert summary["total"]["rate_per_s"] == 0.0
    assert summary["total"]["response_time_ms"]["p50"] is None
    assert summary["total"]["cache"]["hit_ratio_by_request"] is None
    assert summary["generator"]["lag_ms_p99"] is None
    assert summary["generator"]["cpu_ratio_max"] is None


def test_an_empty_window_is_an_error() -> None:
    with pytest.raises(ValueError, match="is empty"):
        summary_of([], [], warmup_s=10.0)


def test_arrow_backed_frames_give_the_same_summary() -> None:
    sample_rows = samples(
        [{"session": i, "intended_s": i / 10, "cause": None if i % 7 else "status"} for i in range(60)]
    )
    arrival_rows = arrivals([{"intended_s": i / 10, "sent": i != 3} for i in range(60)])
    arrow_samples, arrow_arrivals = (
        frame.convert_dtypes(dtype_backend="pyarrow") for frame in (sample_rows, arrival_rows)
    )
    assert summary_of(arrow_samples, arrow_arrivals) == summary_of(sample_rows, arrival_rows)


_REQUEST = st.tuples(
    st.sampled_from(["view", "upload"]),
    st.sampled_from(["GET /a", "GET /b"]),
    st.sampled_from([None, "status", "timeout"]),
    st.floats(0, 12),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_REQUEST, max_size=60), st.lists(st.tuples(st.floats(0, 12), st.booleans()), max_size=30))
def test_flows_and_endpoints_each_add_up_to_the_total(
    requests: list[tuple[str, str, str | None, float]], sessions: list[tuple[float, bool]]
) -> None:
    summary = summary_of(
        [{"flow": f, "endpoint": e, "cause": c, "intended_s": t} for f, e, c, t in requests],
        [{"intended_s": t, "sent": sent} for t, sent in sessions],
    )
    total = summary["total"]
    in_window = sum(0 < t <= 10 for *_, t in requests) + sum(0 < t <= 10 and not sent for t, sent in sessions)
    assert total["count"] == in_window
    assert total["failures"] == sum(total["failures_by_cause"].values())
    for part in ("flows", "endpoints"):
        for figure in ("count", "failures"):
            assert sum(row[figure] for row in summary[part]) == total[figure]


def test_the_bytes_of_a_big_run_do_not_overflow() -> None:
    rows: list[dict[str, object]] = [{"cache": "hit", "received_bytes": 2**40}] * 3
    rows += [{"cache": "miss", "received_bytes": 2**40}]
    assert summary_of(rows, [])["total"]["cache"]["hit_ratio_by_byte"] == 0.75


def test_ties_in_the_times_change_nothing() -> None:
    rows: list[dict[str, object]] = [{"intended_s": 1.0, "done_s": 1.0 + np.float64(0.02)}] * 400
    times = summary_of(rows, [])["total"]["response_time_ms"]
    assert times["p50"] == times["p99"] == times["max"] == times["p99_high"]
