"""Objectives: does a share of violating requests stay within what is allowed, beyond chance?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.analysis.dependence import Effective
from tidegauge.analysis.intervals import CONFIDENCE, binomial_tail, clopper_pearson, needed_n
from tidegauge.analysis.objective_words import sentence
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import quantile_of
from tidegauge.analysis.trials import MEASURED, SESSIONS, Assumption, Trials, Violations, trials_of
from tidegauge.summary import JudgedObjective, State

ERROR_RATIO = "error_ratio"
DEFAULT = {"total": {ERROR_RATIO: 0.01}, SESSIONS: {ERROR_RATIO: 0.01}}  # of a plan that states none
RISK = 1 - CONFIDENCE


def judge_objectives(
    objectives: Mapping[str, Mapping[str, float]], observed: Observed, *, timeout_s: float
) -> list[JudgedObjective]:
    """Each objective, in the plan's order; without any, the default ones.

    Targets: an endpoint (flows pooled), `total`, `flow:NAME` (its requests), `session:NAME` (session time).
    Limits: `pNN_ms` (failed, unsent and slower ones violate) or `error_ratio` (failed and unsent ones do).
    `timeout_s`: the longest that a request may take.
    """
    goals = [
        _Goal(target=target, key=key, limit=float(limit), trials=trials)
        for target, limits in (objectives or DEFAULT).items()
        for trials in [trials_of(target, observed)]
        for key, limit in limits.items()
    ]
    measured = _judge(goals, timeout_s, MEASURED)
    without_lag = _judge(goals, timeout_s, Assumption(without_lag=True))
    any_lost = any(goal.trials.lost for goal in goals)
    lost_good = _judge(goals, timeout_s, Assumption(lost_good=True)) if any_lost else measured
    return [
        replace(
            _judged(goal, bounds, observed.window.duration_s, default=not objectives),
            without_lag=one.state,
            lost_as_good=other.state,
        )
        for goal, bounds, one, other in zip(goals, measured, without_lag, lost_good, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Goal:
    """An objective, and what it looks at."""

    target: str
    key: str  # `pNN_ms` or `error_ratio`
    limit: float  # milliseconds or a share
    trials: Trials

    @property
    def limit_s(self) -> float | None:
        return None if self.key == ERROR_RATIO else self.limit / 1000.0

    @property
    def allowed_ratio(self) -> float:
        if self.key == ERROR_RATIO:
            return self.limit
        quantile: Fraction = quantile_of(self.key.removesuffix("_ms"))
        return float(1 - quantile)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """What the violations of an objective say of the true share."""

    violations: Violations
    worth: Effective  # how many independent trials tell as much
    confidence: float = CONFIDENCE  # of the lower bound
    lower: float | None = None  # null where there was nothing to look at
    upper: float | None = None
    state: State = "inconclusive"


def _judge(goals: Sequence[_Goal], timeout_s: float, assumption: Assumption) -> list[_Bounds]:
    """The bounds of each objective; a lower one is at the confidence that Holm's procedure leaves it.

    Upper bounds need none: a plan passes only where all of its objectives hold.
    """
    found = [
        _Bounds(
            violations=goal.trials.violations(goal.limit_s, timeout_s, assumption),
            worth=goal.trials.worth(goal.limit_s, assumption),
        )
        for goal in goals
    ]
    tails = [_tail(goal, bounds) for goal, bounds in zip(goals, found, strict=True)]
    return [
        _at(confidence, goal, bounds)
        for confidence, goal, bounds in zip(holm_confidences(tails), goals, found, strict=True)
    ]


def _tail(goal: _Goal, bounds: _Bounds) -> float | None:
    """How likely so many violations are where exactly the allowed share is true; None without any trial."""
    if not goal.trials.n:
        return None
    size = bounds.worth.size(RISK)
    return binomial_tail(bounds.violations.surely / goal.trials.n * size, size, goal.allowed_ratio)


def _at(confidence: float, goal: _Goal, bounds: _Bounds) -> _Bounds:
    """At the effective n. Open ones count as good for the lower bound, as violations for the upper one."""
    n, allowed, worth, violations = goal.trials.n, goal.allowed_ratio, bounds.worth, bounds.violations
    if not n:
        return bounds
    low_size, size = worth.size(1 - confidence), worth.size(RISK)
    lower, _ = clopper_pearson(violations.surely / n * low_size, low_size, confidence)
    _, upper = clopper_pearson((violations.surely + violations.open) / n * size, size)
    state: State = "holds" if upper <= allowed else "broken" if lower > allowed else "inconclusive"
    return replace(bounds, confidence=confidence, lower=lower, upper=upper, state=state)


def holm_confidences(tails: Sequence[float | None]) -> list[float]:
    """The confidence of each lower bound, so that at most RISK of sound plans have one above what is allowed.

    Holm (1979) on the one-sided p-values `tails`, None for what cannot be tested: of m, the smallest is held
    against RISK / m, the next against RISK / (m - 1), until one is not below; that level is also the others'.
    """
    order = sorted((tail, place) for place, tail in enumerate(tails) if tail is not None)
    confidences = [CONFIDENCE] * len(tails)
    stopped_at: float | None = None
    for rank, (tail, place) in enumerate(order):
        level = stopped_at or RISK / (len(order) - rank)
        if tail >= level:
            stopped_at = level
        confidences[place] = 1 - level
    return confidences


def _judged(goal: _Goal, bounds: _Bounds, window_s: float, *, default: bool) -> JudgedObjective:
    n, is_ratio, violations = goal.trials.n, goal.key == ERROR_RATIO, bounds.violations
    row = JudgedObjective(
        target=goal.target,
        objective=goal.key,
        default=default,
        limit_ms=None if is_ratio else goal.limit,
        limit_ratio=goal.limit if is_ratio else None,
        n=n,
        effective_n=bounds.worth.whole_size(RISK),
        violations=violations.surely,
        undecided=violations.open,
        allowed_ratio=goal.allowed_ratio,
        observed_ratio=violations.surely / n if n else None,
        lower=bounds.lower,
        upper=bounds.upper,
        needed_n=None,
        more_s=None,
        state=bounds.state,
        reason="",
    )
    if n and bounds.state == "inconclusive" and not violations.open:
        row = _with_need(row, bounds.worth.size(RISK), bounds.confidence, window_s)
    return replace(row, reason=sentence(row, goal.trials.noun))


def _with_need(row: JudgedObjective, size: float, confidence: float, window_s: float) -> JudgedObjective:
    """With how many would decide it, and how much longer that takes; `size`: the effective n of these."""
    observed, each = row.violations / row.n, row.n / size
    enough = needed_n(observed, row.allowed_ratio, at_least=math.floor(size) + 1, lower_confidence=confidence)
    if enough is None:
        return row
    needed = math.ceil(enough * each)
    return replace(row, needed_n=needed, more_s=(needed - row.n) * window_s / row.n)
