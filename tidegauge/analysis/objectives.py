"""Objectives: does a share of violating requests stay within what is allowed, beyond chance?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.analysis.durations import Durations
from tidegauge.analysis.intervals import clopper_pearson, needed_n
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import quantile_of
from tidegauge.analysis.rows import chosen_rows, counts, flags
from tidegauge.summary import JudgedObjective

ERROR_RATIO = "error_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trials:
    """What one objective looks at: how many were asked for and failed, and the times of the others."""

    n: int
    failures: int
    times: Durations
    noun: str
    window_s: float


def judge_objectives(
    objectives: Mapping[str, Mapping[str, float]], observed: Observed
) -> list[JudgedObjective]:
    """Each objective, in the plan's order.

    Targets: an endpoint (flows pooled), `total`, `flow:NAME` (its requests), `session:NAME` (session time).
    Limits: `pNN_ms` (failed, unsent and slower ones violate) or `error_ratio` (failed and unsent ones do).
    """
    return [
        _judge(target, key, float(limit), _trials(target, observed))
        for target, limits in objectives.items()
        for key, limit in limits.items()
    ]


def _trials(target: str, observed: Observed) -> _Trials:
    kind, _, name = target.partition(":")
    if kind == "session" and name:
        return _session_trials(name, observed)
    flow = name if kind == "flow" and name else None
    endpoint = None if flow is not None or target == "total" else target
    requests = observed.requests.loc[chosen_rows(observed.requests, flow, endpoint)]
    return _Trials(
        n=int(counts(requests).sum()),
        failures=int(counts(requests)[flags(requests, "failed")].sum()),
        times=observed.response.of(flow, endpoint),
        noun="requests",
        window_s=observed.window.duration_s,
    )


def _session_trials(flow: str, observed: Observed) -> _Trials:
    sessions = observed.sessions.loc[chosen_rows(observed.sessions, flow)]
    return _Trials(
        n=int(counts(sessions).sum()),
        failures=int(counts(sessions)[flags(sessions, "failed")].sum()),
        times=observed.session.of(flow),
        noun="sessions",
        window_s=observed.window.duration_s,
    )


def _judge(target: str, key: str, limit: float, trials: _Trials) -> JudgedObjective:
    is_error_ratio = key == ERROR_RATIO
    if is_error_ratio:
        allowed_ratio, violations = limit, trials.failures
    else:
        quantile: Fraction = quantile_of(key.removesuffix("_ms"))
        allowed_ratio = float(1 - quantile)
        violations = trials.failures + trials.times.longer_than(limit / 1000.0)
    unknown = JudgedObjective(
        target=target,
        objective=key,
        limit_ms=None if is_error_ratio else limit,
        limit_ratio=limit if is_error_ratio else None,
        n=trials.n,
        violations=violations,
        allowed_ratio=allowed_ratio,
        observed_ratio=None,
        lower=None,
        upper=None,
        needed_n=None,
        more_s=None,
        state="inconclusive",
        reason="",
    )
    judged = _bounded(unknown, trials.window_s) if trials.n else unknown
    return replace(judged, reason=_sentence(judged, trials.noun))


def _bounded(row: JudgedObjective, window_s: float) -> JudgedObjective:
    """With one-sided 95 % bounds and the state they show; where they show none, how much more it takes."""
    lower, upper = clopper_pearson(row.violations, row.n)
    observed = row.violations / row.n
    bounded = replace(row, observed_ratio=observed, lower=lower, upper=upper)
    if upper <= row.allowed_ratio:
        return replace(bounded, state="holds")
    if lower > row.allowed_ratio:
        return replace(bounded, state="broken")
    enough = needed_n(observed, row.allowed_ratio, at_least=row.n + 1)
    more_s = None if enough is None else (enough - row.n) * window_s / row.n
    return replace(bounded, needed_n=enough, more_s=more_s)


def _sentence(row: JudgedObjective, noun: str) -> str:
    """The objective's outcome in words, with the figures behind it."""
    goal = f"{row.target}: {row.objective} = {row.limit:g}"
    if row.observed_ratio is None or row.lower is None or row.upper is None:
        return f"{goal} cannot be judged: no {noun.removesuffix('s')} of it was due in the window."
    which = "failed or were not sent"
    if row.objective != ERROR_RATIO:
        which = f"failed, were not sent or took over {row.limit:g} ms"
    seen = f"{row.violations:,} of {row.n:,} {noun} {which} ({_percent(row.observed_ratio)})"
    allowed = f"{_percent(row.allowed_ratio)} may"
    if row.state == "holds":
        return f"{goal} holds: {seen}; at most {_percent(row.upper)} at 95 % confidence, {allowed}."
    if row.state == "broken":
        return f"{goal} is broken: {seen}; at least {_percent(row.lower)} at 95 % confidence, {allowed}."
    return f"{goal} is inconclusive: {seen}, {allowed}; {_how_much_more(row, noun)}."


def _how_much_more(row: JudgedObjective, noun: str) -> str:
    if row.needed_n is None or row.more_s is None:
        return f"no number of {noun} settles this at the observed share"
    more_s = math.ceil(row.more_s)
    return f"it takes {row.needed_n:,} {noun} at this share, {more_s:,} s more at the present rate"


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.3g} %"
