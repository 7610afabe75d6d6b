from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from analysis_frames import arrivals, traffic
from scipy import stats

from tidegauge.analysis.objectives import holm_confidences, judge_objectives
from tidegauge.analysis.observed import observe
from tidegauge.stored import document_of


def judge(
    objectives: dict[str, dict[str, float]],
    sample_rows: list[dict[str, object]],
    arrival_rows: list[dict[str, object]] | None = None,
) -> Any:
    """In a window that is told as one moment: no dependence can be seen in it."""
    rows = document_of(
        judge_objectives(
            objectives,
            observe(traffic(sample_rows, told_by_s=10.0), [arrivals(arrival_rows or [])]),
            timeout_s=30.0,
        )
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
    n = row["needed_n"]
    most = stats.binom.ppf(0.05, n, 0.1) - 1  # so many violations at most show that it holds
    assert stats.binom.cdf(most, n, 0.08) >= 0.8
    assert f"80 % of runs of {n:,} requests would settle it" in row["reason"]
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
    rows = took(20, 960) + took(80, 40)
    (broken,) = judge({"total": {"p99_ms": 50}}, rows)
    holds, open_ = judge({"total": {"p50_ms": 50, "p95_ms": 50}}, rows)
    assert broken["reason"] == (
        "total: p99_ms = 50 is broken: 40 of 1,000 requests failed, were not sent or took over 50 ms (4 %); "
        "at least 3.03 % at 95 % confidence, 1 % may."
    )
    assert holds["reason"].startswith("total: p50_ms = 50 holds: 40 of 1,000 requests")
    assert " s more at the present rate." in open_["reason"]


def test_without_objectives_requests_and_sessions_are_held_to_one_percent_of_failures() -> None:
    rows: list[dict[str, object]] = [
        {"session": 0}, {"session": 1}, {"session": 1, "step": 1, "intended_s": 11.0, "cause": "status"},
    ]  # fmt: skip
    total, sessions = judge({}, rows, [{}, {}])
    assert [(row["target"], row["objective"], row["default"]) for row in (total, sessions)] == [
        ("total", "error_ratio", True),
        ("sessions", "error_ratio", True),
    ]
    assert (total["n"], total["violations"]) == (2, 0)
    assert (sessions["n"], sessions["violations"]) == (2, 1)  # it arrived in the window and failed after it


@pytest.mark.parametrize(
    ("failed", "n", "state"), [(30, 30, "broken"), (1, 1, "broken"), (3, 200, "inconclusive")]
)
def test_a_default_objective_is_broken_where_surely_more_than_one_percent_failed(
    failed: int, n: int, state: str
) -> None:
    # 3 of 200: P(Bin(200, .01) >= 3) = .32; 1 of 1: .01, which is below .025
    total, _ = judge({}, took(10, n - failed) + took(10, failed, status=500, cause="status"))
    assert total["state"] == state


@pytest.mark.parametrize("objective", ["p50_ms", "p99_ms", "error_ratio"])
@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_an_objective_never_holds_where_everything_failed(objective: str, n: int) -> None:
    (row,) = judge({"total": {objective: 0.01}}, took(0.001, n, status=500, cause="status"))
    assert row["violations"] == n
    assert row["state"] != "holds"


def test_lost_arrivals_are_judged_as_failed_and_as_good() -> None:
    lost: list[dict[str, object]] = [{"sent": False, "cause": "lost"}] * 40
    refused: list[dict[str, object]] = [{"sent": False, "cause": "in_flight_cap"}] * 40
    found = {
        cause: judge({"total": {"p95_ms": 50, "error_ratio": 0.05}}, took(20, 460), unsent)
        for cause, unsent in (("lost", lost), ("in_flight_cap", refused))
    }
    for cause, good in (("lost", "holds"), ("in_flight_cap", "broken")):
        for row in found[cause]:
            assert (row["violations"], row["state"], row["lost_as_good"]) == (40, "broken", good)


def test_lost_sessions_are_judged_as_failed_and_as_good() -> None:
    rows: list[dict[str, object]] = [{"session": number} for number in range(460)]
    arrived: list[dict[str, object]] = [{}] * 460 + [{"sent": False, "cause": "lost"}] * 40
    (row,) = judge({"session:view": {"p95_ms": 50}}, rows, arrived)
    assert (row["violations"], row["state"], row["lost_as_good"]) == (40, "broken", "holds")


def test_holm_holds_the_smallest_tail_against_a_twentieth_of_all_the_next_against_one_fewer() -> None:
    # by hand, of four that can be tested: .05/4, .05/3, .05/2; .03 is not below, and ends it
    confidences = holm_confidences([0.03, 0.001, None, 0.016, 0.2])
    assert confidences == pytest.approx([1 - 0.05 / 2, 1 - 0.05 / 4, 0.95, 1 - 0.05 / 3, 1 - 0.05 / 2])


def test_of_ten_objectives_exactly_at_their_limits_one_run_in_twenty_fails() -> None:
    draws = np.random.default_rng(7).binomial(2000, 0.01, size=(4000, 10))
    tails = stats.binom.sf(draws - 1, 2000, 0.01)
    failed = 0
    for row in tails:
        confidences = holm_confidences(row.tolist())
        failed += any(tail < 1 - confidence for tail, confidence in zip(row, confidences, strict=True))
    assert failed / 4000 <= 0.05 + 2 * (0.05 * 0.95 / 4000) ** 0.5
    assert (tails < 0.05).any(axis=1).mean() > 0.25  # as it was without


def test_of_several_objectives_a_lower_bound_is_above_what_is_allowed_where_one_is_broken() -> None:
    rows = took(20, 975) + took(80, 25)
    alone = judge({"total": {"p98_ms": 50}}, rows)[0]
    limits = {"p98_ms": 50.0, "p97_ms": 50.0, "p96_ms": 50.0, "error_ratio": 0.02}
    among = judge({"total": limits}, rows)
    assert alone["lower"] == pytest.approx(stats.beta.ppf(0.05, 25, 976))
    assert among[0]["lower"] == pytest.approx(stats.beta.ppf(0.05 / 4, 25, 976))
    assert all((row["lower"] > row["allowed_ratio"]) == (row["state"] == "broken") for row in among)
    assert among[1]["upper"] == pytest.approx(stats.beta.ppf(0.95, 26, 975))  # PASS needs no correction


def late(lag_ms: float, service_ms: float, count: int, **other: object) -> list[dict[str, object]]:
    times = {"sent_s": 1.0 + lag_ms / 1000, "done_s": 1.0 + (lag_ms + service_ms) / 1000}
    return [{"intended_s": 1.0, **times, **other}] * count


def test_an_objective_is_judged_again_without_each_request_s_own_lag() -> None:
    frozen = took(20, 950) + late(60, 20, 50)
    slow = took(20, 950) + took(80, 50)
    (by_lag,), (by_stack,) = (judge({"total": {"p99_ms": 50}}, rows) for rows in (frozen, slow))
    assert (by_lag["state"], by_lag["without_lag"]) == ("broken", "holds")
    assert (by_stack["state"], by_stack["without_lag"]) == ("broken", "broken")


def test_a_request_without_a_scheduled_moment_has_no_lag_to_take_out() -> None:
    rows = took(20, 950) + late(60, 20, 50, step=1, scheduled=False)
    (row,) = judge({"total": {"p99_ms": 50}}, rows)
    assert (row["state"], row["without_lag"]) == ("broken", "broken")


def test_lag_changes_no_error_ratio() -> None:
    (row,) = judge({"total": {"error_ratio": 0.01}}, late(900, 20, 400) + late(900, 20, 40, cause="status"))
    assert (row["state"], row["without_lag"]) == ("broken", "broken")


@pytest.mark.parametrize(("second_lag_ms", "without"), [(30, "holds"), (0, "broken")])
def test_a_session_is_judged_again_without_the_lags_of_its_requests(
    second_lag_ms: float, without: str
) -> None:
    # each takes 1 s and .1 s of pause, 30 ms of lag in the first request and some in the second
    rows: list[dict[str, object]] = []
    for session in range(300):
        sent, done = 1.03, 1.53
        due = done + 0.1
        rows.append({"session": session, "sent_s": sent, "done_s": done})
        lag_s, took_s = second_lag_ms / 1000, 0.5 + (0.03 - second_lag_ms / 1000)
        later = {"intended_s": due, "sent_s": due + lag_s, "done_s": due + lag_s + took_s}
        rows.append({"session": session, "step": 1, **later})
    (row,) = judge({"session:view": {"p99_ms": 1110}}, rows, [{}] * 300)
    assert (row["state"], row["without_lag"]) == ("broken", without)


def cut(age_ms: float, count: int, **other: object) -> list[dict[str, object]]:
    return took(age_ms, count, cause="cut", status=0, **other)


def test_a_cut_request_older_than_a_limit_violates_it_and_a_younger_one_is_open() -> None:
    (row,) = judge(
        {"total": {"p90_ms": 50}}, took(20, 90) + took(60, 2) + cut(51, 4) + cut(50, 3) + cut(1, 1)
    )
    assert (row["n"], row["violations"], row["undecided"]) == (100, 6, 4)
    assert row["lower"] == pytest.approx(stats.beta.ppf(0.05, 6, 95))
    assert row["upper"] == pytest.approx(stats.beta.ppf(0.95, 11, 90))


@pytest.mark.parametrize(
    ("old", "young", "state"),
    [(0, 0, "holds"), (0, 30, "inconclusive"), (30, 0, "broken"), (30, 30, "broken")],
)
def test_requests_cut_too_young_to_tell_leave_an_objective_open(old: int, young: int, state: str) -> None:
    (row,) = judge({"total": {"p99_ms": 50}}, took(20, 1000) + cut(900, old) + cut(10, young))
    assert row["state"] == state
    if state == "inconclusive":
        assert "30 more were cut before it was known whether they would" in row["reason"]
        assert (row["needed_n"], row["more_s"]) == (None, None)


def test_a_cut_request_has_failed_only_where_it_was_older_than_its_timeout() -> None:
    rows = took(20, 900) + cut(29_900, 40) + cut(31_000, 7)
    (row,) = judge({"total": {"error_ratio": 0.1}}, rows)
    assert (row["violations"], row["undecided"]) == (7, 40)


def test_the_age_of_a_cut_request_is_taken_without_its_lag_too() -> None:
    rows = took(20, 950) + late(60, 20, 50, cause="cut", status=0)
    (row,) = judge({"total": {"p99_ms": 50}}, rows)
    assert (row["state"], row["without_lag"]) == ("broken", "inconclusive")


def test_a_session_that_was_cut_is_open_until_it_is_older_than_the_limit() -> None:
    rows: list[dict[str, object]] = [
        {"session": 0, "done_s": 1.2},
        {"session": 0, "step": 1, "intended_s": 1.2, "done_s": 3.0, "cause": "cut"},
        {"session": 1, "done_s": 1.2, "cause": "cut"},
        {"session": 2, "done_s": 1.2, "cause": "status"},
        {"session": 3, "done_s": 1.2},
    ]
    latency, errors = judge({"session:view": {"p50_ms": 1000, "error_ratio": 0.5}}, rows, [{}] * 4)
    assert (latency["violations"], latency["undecided"]) == (2, 1)
    assert (errors["violations"], errors["undecided"]) == (1, 2)


def test_cut_requests_are_open_for_the_default_objective() -> None:
    total, _ = judge({}, took(20, 100) + cut(500, 60), [])
    assert (total["n"], total["violations"], total["undecided"], total["state"]) == (
        160,
        0,
        60,
        "inconclusive",
    )


def test_without_the_lag_an_objective_counts_what_its_times_are_worth_then() -> None:
    """A generator that stands still at the end of each second makes its own requests depend on each other."""
    frozen: list[dict[str, object]] = [
        {
            "intended_s": k / 60 + 0.001,
            "sent_s": max(k / 60 + 0.001, k // 60 + 1.0 if k % 60 >= 40 else 0.0),
            "done_s": max(k / 60 + 0.001, k // 60 + 1.0 if k % 60 >= 40 else 0.0) + 0.01,
        }
        for k in range(600)
    ]
    (row,) = judge({"total": {"p90_ms": 60}}, frozen)
    assert row["violations"] == pytest.approx(160, abs=10)  # 16 or 17 of the 20 that are late in each second
    assert (row["without_lag"], row["state"] == "holds") == ("holds", False)
