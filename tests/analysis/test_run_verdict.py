"""The verdict on a run that ended before its time: by a guard, or by somebody."""

from __future__ import annotations

import pytest
from test_verdicts import BROKEN, HOLDS, OPEN, verdict_of

from tidegauge.analysis.verdict import CutShort
from tidegauge.summary import JudgedObjective

OF_THE_STACK = ("failure_ratio_max", "alarms")  # docs/plan.md: the run then fails
OF_THE_METER = ("budget_usd", "requests_per_s_max", "gbps_max", "lease")  # it says nothing of the stack
INTERRUPTED = "The run was interrupted after 12 s of 60 s: it shows less than the plan asks for."


def ended_by(guard: str | None, *objectives: JudgedObjective, cpu: float = 0.1) -> str:
    cut = CutShort(after_s=12, planned_s=60, guard=guard, detail="a reason")
    judged, reasons = verdict_of({"cpu_ratio_max": cpu}, objectives=list(objectives), cut_short=cut)
    assert reasons[0] == (INTERRUPTED if guard is None else "A guard ended the run: a reason.")
    return judged


@pytest.mark.parametrize("guard", [None, *OF_THE_STACK, *OF_THE_METER])
def test_what_was_not_measured_soundly_stays_invalid_whoever_ended_it(guard: str | None) -> None:
    assert ended_by(guard, BROKEN, cpu=0.95) == "INVALID"


@pytest.mark.parametrize("guard", OF_THE_STACK)
@pytest.mark.parametrize("objectives", [(), (HOLDS,), (OPEN,), (BROKEN,)])
def test_a_stack_that_trips_a_guard_of_its_own_fails(
    guard: str, objectives: tuple[JudgedObjective, ...]
) -> None:
    assert ended_by(guard, *objectives) == "FAIL"


@pytest.mark.parametrize("guard", [None, *OF_THE_METER])
@pytest.mark.parametrize("objectives", [(), (HOLDS,), (HOLDS, OPEN)])
def test_what_held_until_somebody_else_ended_the_run_is_less_than_was_asked_for(
    guard: str | None, objectives: tuple[JudgedObjective, ...]
) -> None:
    assert ended_by(guard, *objectives) == "INCONCLUSIVE"


@pytest.mark.parametrize("guard", [None, *OF_THE_METER])
def test_what_was_broken_until_then_stays_broken(guard: str | None) -> None:
    assert ended_by(guard, HOLDS, BROKEN) == "FAIL"
