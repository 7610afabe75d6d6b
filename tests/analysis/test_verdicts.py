from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tidegauge.analysis.verdict import RERUNS, CutShort, decide, loosened
from tidegauge.summary import GeneratorShare, JudgedObjective, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    cpu_ratio_max: float = 0.9
    lag_ms_p99_max: float = 10.0
    lost_ratio_max: float = 0.01


SOUND = GeneratorShare(
    rate_asked_per_s=10.0,
    rate_sent_per_s=10.0,
    lag_ms_p99=10.0,
    sent_requests=299,
    late=0,
    unsent=0,
    lost=0,
    lost_ratio=0.01,
    cpu_ratio_max=0.9,
    loop_lag_ms_max=None,
)


def judged(target: str, state: State, **other: Any) -> JudgedObjective:
    row = JudgedObjective(
        target=target,
        objective="p99_ms",
        limit_ms=50.0,
        effective_n=1,
        n=400,
        violations=0,
        allowed_ratio=0.01,
        observed_ratio=None,
        lower=None,
        upper=None,
        needed_n=None,
        more_s=None,
        state=state,
        reason=f"{target} is {state}.",
    )
    return replace(row, **other)


BROKEN, OPEN, HOLDS = judged("GET /a", "broken"), judged("GET /b", "inconclusive"), judged("GET /c", "holds")


def verdict_of(
    generator: dict[str, Any] | None = None,
    causes: dict[str, int] | None = None,
    objectives: list[JudgedObjective] | None = None,
    fatal: tuple[str, ...] = (),
    requests: int = 400,
    cut_short: CutShort | None = None,
) -> tuple[str, list[str]]:
    return decide(
        generator=replace(SOUND, **(generator or {})),
        requests=requests,
        failures_by_cause=causes or {},
        objectives=objectives or [],
        limits=Limits(),
        fatal_causes=fatal,
        cut_short=cut_short,
    )


def by_default(target: str, state: State, violations: int) -> JudgedObjective:
    return judged(target, state, default=True, n=400, violations=violations, limit_ms=None, limit_ratio=0.01)


@pytest.mark.parametrize("state", ["holds", "inconclusive"])
def test_a_run_without_objectives_that_is_not_surely_bad_passes_and_says_that_nothing_else_was_judged(
    state: State,
) -> None:
    rows = [by_default("total", state, 5), by_default("sessions", "holds", 0)]
    verdict, reasons = verdict_of(objectives=rows)
    assert (verdict, len(reasons)) == ("PASS", 1)
    assert "nothing else was judged" in reasons[0]
    assert "5 of 400 requests and 0 of 400 sessions did" in reasons[0]


def test_a_default_objective_that_is_broken_fails_the_run() -> None:
    rows = [by_default("total", "inconclusive", 5), by_default("sessions", "broken", 9)]
    assert verdict_of(objectives=rows) == ("FAIL", ["sessions is broken."])


@pytest.mark.parametrize(
    "objectives", [[], [judged("GET /a", "inconclusive")], [by_default("total", "holds", 0)]]
)
def test_a_window_without_a_request_is_inconclusive(objectives: list[JudgedObjective]) -> None:
    verdict, reasons = verdict_of(requests=0, objectives=objectives)
    assert verdict == "INCONCLUSIVE"
    assert reasons[0] == "No request was due in the window: there was nothing to judge."


@pytest.mark.parametrize(
    ("state", "other", "verdict"),
    [
        ("broken", "holds", "INVALID"),
        ("broken", "inconclusive", "INVALID"),
        ("inconclusive", "holds", "INVALID"),
        ("broken", "broken", "FAIL"),
        ("holds", "holds", "PASS"),
    ],
)
def test_an_objective_whose_state_hangs_on_lost_arrivals_makes_the_run_invalid(
    state: State, other: State, verdict: str
) -> None:
    found, reasons = verdict_of(objectives=[judged("GET /a", state, lost_as_good=other)])
    assert found == verdict
    if verdict == "INVALID":
        assert reasons == [
            f"GET /a: p99_ms = 50: the lost arrivals decide this ({state} where they count as failed, "
            f"{other} where they count as good)."
        ]


def test_an_objective_whose_state_hangs_on_the_lag_makes_the_run_invalid() -> None:
    found, reasons = verdict_of(objectives=[judged("GET /a", "broken", without_lag="holds"), HOLDS])
    assert found == "INVALID"
    assert reasons == [
        "GET /a: p99_ms = 50: the generator's own lag decides this (broken as measured, "
        "holds without the lag)."
    ]


def test_a_default_objective_hangs_on_lost_arrivals_only_where_it_would_fail() -> None:
    open_ = replace(by_default("total", "inconclusive", 4), lost_as_good="holds")
    broken = replace(by_default("total", "broken", 40), lost_as_good="inconclusive")
    assert verdict_of(objectives=[open_])[0] == "PASS"
    assert verdict_of(objectives=[broken])[0] == "INVALID"


def test_who_is_told_how_much_longer_to_run_is_told_not_to_rerun_until_it_passes() -> None:
    rows = [judged("GET /a", "inconclusive", more_s=30.0), judged("GET /b", "inconclusive", more_s=9.0)]
    assert verdict_of(objectives=rows)[1] == ["GET /a is inconclusive.", "GET /b is inconclusive.", RERUNS]


@pytest.mark.parametrize(("late", "verdict"), [(1, "PASS"), (3, "INVALID")])
def test_of_too_few_requests_for_a_p99_one_late_one_proves_no_lag_but_three_of_ten_do(
    late: int, verdict: str
) -> None:
    # one-sided 95 % lower bounds of 1/10 and 3/10: 0.5 % and 8.7 %, against the 1 % that a P99 leaves
    assert verdict_of({"lag_ms_p99": 50.0, "sent_requests": 10, "late": late})[0] == verdict


def test_a_run_whose_objectives_hold_passes() -> None:
    assert verdict_of(objectives=[HOLDS]) == ("PASS", [])


def test_a_broken_objective_fails_the_run_before_an_open_one_counts() -> None:
    assert verdict_of(objectives=[OPEN, HOLDS, BROKEN]) == ("FAIL", ["GET /a is broken."])


def test_an_open_objective_makes_the_run_inconclusive() -> None:
    assert verdict_of(objectives=[HOLDS, OPEN]) == ("INCONCLUSIVE", ["GET /b is inconclusive."])


@pytest.mark.parametrize(
    ("generator", "sentence"),
    [
        ({"cpu_ratio_max": 0.95}, "A generator process used 0.95 of a core over 10 s; the limit is 0.9."),
        ({"lag_ms_p99": 12.34}, "The generator sent late: lag P99 is 12.3 ms; the limit is 10 ms."),
        (
            {"lost_ratio": 0.025},
            "2.5 % of the arrivals were lost with a generator process; the limit is 1 %.",
        ),
    ],
)
def test_a_generator_beyond_a_limit_makes_the_run_invalid(generator: dict[str, Any], sentence: str) -> None:
    assert verdict_of(generator, objectives=[BROKEN]) == ("INVALID", [sentence])


def test_a_firewall_in_the_way_makes_the_run_invalid() -> None:
    verdict, reasons = verdict_of(causes={"waf_403": 12, "status": 3})
    assert verdict == "INVALID"
    assert "12 requests" in reasons[0]


@pytest.mark.parametrize("cause", ["files_exhausted", "ports_exhausted", "disk_full", "writer killed"])
def test_a_fatal_cause_makes_the_run_invalid_once(cause: str) -> None:
    verdict, reasons = verdict_of(fatal=(cause, cause))
    assert (verdict, len(reasons)) == ("INVALID", 1)


def test_refusals_by_a_full_in_flight_cap_are_the_stack_s_failure() -> None:
    assert verdict_of({"unsent": 900}, causes={"in_flight_cap": 900}) == ("PASS", [])


def test_figures_that_nothing_measured_are_no_reason() -> None:
    assert verdict_of({"cpu_ratio_max": None, "lag_ms_p99": None}) == ("PASS", [])


def test_looser_limits_are_told_and_stricter_ones_are_not() -> None:
    told = loosened(Limits(cpu_ratio_max=2.0, lag_ms_p99_max=5.0), Limits())
    assert told == ["The plan loosens cpu_ratio_max to 2 (default 0.9)."]
