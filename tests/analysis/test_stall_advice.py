from __future__ import annotations

import pytest

from tidegauge.analysis.stall_advice import stall_advice

STEPS = [("buy", "GET /a"), ("buy", "GET /b"), ("ping", "GET /ping")]


@pytest.mark.parametrize("target", ["total", "flow:buy", "GET /b"])
def test_a_limit_that_a_stall_may_pass_by_has_the_session_proposed(target: str) -> None:
    (sentence,) = stall_advice({target: {"p99_ms": 50}}, STEPS)
    assert f"'{target}' alone" in sentence
    assert '[objectives."session:buy"]' in sentence


@pytest.mark.parametrize(
    "objectives",
    [
        {},
        {"total": {"error_ratio": 0.01}},
        {"total": {"p99_ms": 50}, "session:buy": {"p95_ms": 900}},
        {"total": {"p99_ms": 50}, "GET /a": {"p99_ms": 50}},
        {"GET /ping": {"p99_ms": 50}},
        {"session:ping": {"p99_ms": 50}},
    ],
)
def test_where_a_stall_would_be_seen_or_no_time_is_judged_nothing_is_proposed(
    objectives: dict[str, dict[str, float]],
) -> None:
    assert stall_advice(objectives, STEPS) == []


def test_an_error_ratio_of_the_session_does_not_see_a_stall() -> None:
    assert len(stall_advice({"total": {"p99_ms": 50}, "session:buy": {"error_ratio": 0.1}}, STEPS)) == 1


def test_flows_that_are_judged_alike_share_a_sentence() -> None:
    steps = [*STEPS, ("sell", "GET /c"), ("sell", "GET /d")]
    (sentence,) = stall_advice({"total": {"p99_ms": 50}}, steps)
    assert '[objectives."session:buy"], [objectives."session:sell"]' in sentence
