"""The verdict on a run that a guard ended before its time."""

from __future__ import annotations

import pytest

from tidegauge.analysis.verdict import Verdict, cut_short

OF_THE_STACK = ("failure_ratio_max", "alarms")  # docs/plan.md: the run then fails
OF_THE_METER = ("budget_usd", "requests_per_s_max", "gbps_max", "lease")  # it says nothing of the stack


def ended_by(guard: str, verdict: Verdict) -> Verdict:
    judged, reasons = cut_short(verdict, ["what was judged"], guard, "a reason")
    assert reasons == ["A guard ended the run: a reason.", "what was judged"]
    return judged


@pytest.mark.parametrize("guard", [*OF_THE_STACK, *OF_THE_METER])
def test_what_was_not_measured_soundly_stays_invalid_whoever_ended_it(guard: str) -> None:
    assert ended_by(guard, "INVALID") == "INVALID"


@pytest.mark.parametrize("guard", OF_THE_STACK)
@pytest.mark.parametrize("verdict", ["PASS", "INCONCLUSIVE", "FAIL"])
def test_a_stack_that_trips_a_guard_of_its_own_fails(guard: str, verdict: Verdict) -> None:
    assert ended_by(guard, verdict) == "FAIL"


@pytest.mark.parametrize("guard", OF_THE_METER)
def test_what_held_until_another_guard_ended_the_run_is_less_than_was_asked_for(guard: str) -> None:
    assert ended_by(guard, "PASS") == "INCONCLUSIVE"


@pytest.mark.parametrize("guard", OF_THE_METER)
@pytest.mark.parametrize("verdict", ["INCONCLUSIVE", "FAIL"])
def test_what_was_shown_until_another_guard_ended_the_run_stays_shown(guard: str, verdict: Verdict) -> None:
    assert ended_by(guard, verdict) == verdict
