from __future__ import annotations

import json
from typing import Any

import pytest
from analysis_frames import arrivals, traffic
from scipy import stats

from tidegauge.analysis.objectives import judge_objectives
from tidegauge.analysis.observed import observe
from tidegauge.stored import document_of


def judge(
    objectives: dict[str, dict[str, float]],
    sample_rows: list[dict[str, object]],
    arrival_rows: list[dict[str, object]] | None = None,
) -> Any:
    rows = document_of(
        judge_objectives(objectives, observe(traffic(sample_rows), [arrivals(arrival_rows or [])]))
    )
    json.dumps(rows, allow_nan=False)
    return rows


def took(ms: float, count: int, **other: object) -> list[dict[str, object]]:
    return [{"intended_s": 1.0, "done_s": 1.0 + ms / 1000, **other}] * count


def test_299_requests_without_a_violation_hold_a_p99_and_298_do_not() -> None:
    (enough,) = judge({"GET /a": {"p99_ms": 50}}, took(20, 299))
    (short,) = judge({"GET /a": {"p99_ms": 50}}, took(20, 298))
    assert (enough["state"], short["state"]) == ("holds", "inconclusive")
    assert (short["needed_n"], short["more_s"]) == (299, pytest.approx(10 / 298))


def test_bounds_and_state_follow_clopper_and_pearson() -> None:
    rows = took(20, 960) + took(80, 40)
    (row,) = judge({"GET /a": {"p99_ms": 50}}, rows)
    oracle = stats.binomtest(40, 1000).proportion_ci(confidence_level=0.90, method="exact")
    assert (row["n"], row["violations"], row["observed_ratio"]) == (1000, 40, 0.04)
    assert (row["lower"], row["upper"]) == pytest.approx((oracle.low, oracle.high))
    assert (row["allowed_ratio"], row["limit_ms"], row["state"]) == (0.01, 50.0, "broken")


def test_a_share_near_the_allowed_one_is_inconclusive_and_says_how_much_longer() -> None:
    (row,) = judge({"GET /a": {"p90_ms": 50}}, took(20, 92) + took(80, 8))
    assert row["state"] == "inconclusive"
    assert row["lower"] <= 0.1 < row["upper"]
    n, x = row["needed_n"], 0.08 * row["needed_n"]
    assert stats.beta.ppf(0.95, x + 1, n - x) <= 0.1 < stats.beta.ppf(0.95, x - 0.08 + 1, n - 1 - x + 0.08)
    assert row["more_s"] == pytest.approx((n - 100) / 10)  # 100 requests in 10 s


def test_failed_and_unsent_requests_count_as_over_the_limit() -> None:
    rows = took(1, 5) + took(1, 2, cause="status", status=500)
    unsent: list[dict[str, object]] = [{"sent": False, "cause": "in_flight_cap"}] * 3
    latency, errors = judge({"GET /a": {"p50_ms": 50, "error_ratio": 0.9}}, rows, unsent)
    assert (latency["n"], latency["violations"]) == (10, 5)
    assert (errors["n"], errors["violations"], errors["limit_ratio"]) == (10, 5, 0.9)


def test_a_slow_success_breaks_no_error_ratio() -> None:
    (row,) = judge({"total": {"error_ratio": 0.05}}, took(9000, 100))
    assert (row["violations"], row["state"]) == (0, "holds")


def test_a_response_of_exactly_the_limit_is_within_it() -> None:
    rows: list[dict[str, object]] = [{"intended_s": s, "done_s": s + 0.05} for s in (0.7, 1.0, 3.3, 9.9)]
    within, over = (judge({"total": {"p50_ms": ms}}, rows)[0] for ms in (50, 49.999))
    assert (within["violations"], over["violations"]) == (0, 4)


def test_an_endpoint_pools_flows_and_a_flow_target_does_not() -> None:
    rows = took(10, 6, flow="view") + took(10, 4, flow="mixed") + took(10, 2, flow="view", endpoint="GET /b")
    targets = {"GET /a": 10, "flow:view": 8, "flow:mixed": 4, "total": 12}
    found = judge({target: {"p50_ms": 50} for target in targets}, rows)
    assert {row["target"]: row["n"] for row in found} == targets


def test_a_colon_in_an_endpoint_names_no_flow() -> None:
    rows = took(10, 3, flow="batch", endpoint="GET /b") + took(10, 5, endpoint="POST /v1/assets:batch")
    (row,) = judge({"POST /v1/assets:batch": {"p50_ms": 50}}, rows)
    assert row["n"] == 5


def test_a_session_objective_counts_sessions_and_their_failures() -> None:
    rows: list[dict[str, object]] = [
        {"session": 0, "done_s": 2.0},
        {"session": 1, "done_s": 1.1},
        {"session": 1, "step": 1, "intended_s": 2.0, "done_s": 4.0},
        {"session": 2, "done_s": 1.1, "cause": "body"},
    ]
    arrived: list[dict[str, object]] = [{}, {}, {}, {"sent": False, "cause": "in_flight_cap"}]
    latency, errors = judge({"session:view": {"p50_ms": 1500, "error_ratio": 0.5}}, rows, arrived)
    assert (latency["n"], latency["violations"]) == (4, 3)
    assert (errors["n"], errors["violations"]) == (4, 2)
    assert "sessions" in latency["reason"]


def test_an_endpoint_that_saw_no_request_is_inconclusive_and_says_so() -> None:
    (row,) = judge({"GET /gone": {"p99_ms": 50}}, took(10, 400))
    assert (row["state"], row["n"], row["upper"], row["needed_n"]) == ("inconclusive", 0, None, None)
    assert row["reason"] == "GET /gone: p99_ms = 50 cannot be judged: no request of it was due in the window."


def test_an_error_ratio_of_zero_can_be_broken_but_never_shown() -> None:
    (clean,) = judge({"total": {"error_ratio": 0}}, took(10, 1000))
    (dirty,) = judge({"total": {"error_ratio": 0}}, took(10, 999) + took(10, 1, cause="reset"))
    assert (clean["state"], clean["needed_n"]) == ("inconclusive", None)
    assert "no number of requests settles this" in clean["reason"]
    assert dirty["state"] == "broken"


@pytest.mark.parametrize(("key", "allowed"), [("p75_ms", 0.25), ("p999_ms", 0.001), ("p9999_ms", 0.0001)])
def test_any_quantile_may_be_an_objective(key: str, allowed: float) -> None:
    (row,) = judge({"total": {key: 50}}, took(10, 10))
    assert row["allowed_ratio"] == allowed


def test_reasons_are_sentences_with_their_figures() -> None:
    broken, holds, open_ = judge(
        {"total": {"p99_ms": 50, "p50_ms": 50, "p95_ms": 50}}, took(20, 960) + took(80, 40)
    )
    assert broken["reason"] == (
        "total: p99_ms = 50 is broken: 40 of 1,000 requests failed, were not sent or took over 50 ms (4 %); "
        "at least 3.03 % at 95 % confidence, 1 % may."
    )
    assert holds["reason"].startswith("total: p50_ms = 50 holds: 40 of 1,000 requests")
    assert " s more at the present rate." in open_["reason"]
