from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tidegauge.analysis.verdict import decide, loosened
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


def judged(target: str, state: State) -> JudgedObjective:
    return JudgedObjective(
        target=target,
        objective="p99_ms",
        limit_ms=50.0,
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


BROKEN, OPEN, HOLDS = judged("GET /a", "broken"), judged("GET /b", "inconclusive"), judged("GET /c", "holds")


def verdict_of(
    generator: dict[str, Any] | None = None,
    causes: dict[str, int] | None = None,
    objectives: list[JudgedObjective] | None = None,
    fatal: tuple[str, ...] = (),
) -> tuple[str, list[str]]:
    return decide(
        generator=replace(SOUND, **(generator or {})),
        failures_by_cause=causes or {},
        objectives=objectives or [],
        limits=Limits(),
        fatal_causes=fatal,
    )


def test_a_sound_run_without_objectives_passes_at_the_limits() -> None:
    assert verdict_of() == ("PASS", [])


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
