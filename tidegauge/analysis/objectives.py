"""Objectives: does a share of violating requests stay within what is allowed, beyond chance?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.analysis.intervals import clopper_pearson, needed_n
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import quantile_of
from tidegauge.analysis.rows import chosen_rows, counts, flags, seconds
from tidegauge.analysis.times import Durations

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
) -> list[dict[str, object]]:
    """A row an objective, in the plan's order, with its state, bounds and a sentence (`reason`).

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
    good = ~flags(sessions, "failed")
    return _Trials(
        n=len(sessions),
        failures=int((~good).sum()),
        times=Durations(seconds(sessions, "session_s")[good]),
        noun="sessions",
        window_s=observed.window.duration_s,
    )


def _judge(target: str, key: str, limit: float, trials: _Trials) -> dict[str, object]:
    if key == ERROR_RATIO:
        limit_key, allowed_ratio, violations = "limit_ratio", limit, trials.failures
    else:
        quantile: Fraction = quantile_of(key.removesuffix("_ms"))
        limit_key, allowed_ratio = "limit_ms", float(1 - quantile)
        violations = trials.failures + trials.times.longer_than(limit / 1000.0)
    row: dict[str, object] = {"target": target, "objective": key, limit_key: limit}
    row |= {"n": trials.n, "violations": violations, "allowed_ratio": allowed_ratio}
    row |= _state(violations, trials.n, allowed_ratio, trials.window_s)
    return row | {"reason": _sentence(row, limit, trials.noun)}


def _state(violations: int, n: int, allowed_ratio: float, window_s: float) -> dict[str, object]:
    """Holds, broken or inconclusive by one-sided 95 % bounds; then also how much more it takes."""
    unknown: dict[str, object] = {
        "observed_ratio": None,
        "lower": None,
        "upper": None,
        "needed_n": None,
        "more_s": None,
    }
    if n == 0:
        return unknown | {"state": "inconclusive"}
    lower, upper = clopper_pearson(violations, n)
    known: dict[str, object] = {"observed_ratio": violations / n, "lower": lower, "upper": upper}
    if upper <= allowed_ratio:
        return unknown | known | {"state": "holds"}
    if lower > allowed_ratio:
        return unknown | known | {"state": "broken"}
    enough = needed_n(violations / n, allowed_ratio, at_least=n + 1)
    more_s = None if enough is None else (enough - n) * window_s / n
    return known | {"state": "inconclusive", "needed_n": enough, "more_s": more_s}


def _sentence(row: Mapping[str, object], limit: float, noun: str) -> str:
    """The objective's outcome in words, with the figures behind it."""
    is_error_ratio = row["objective"] == ERROR_RATIO
    goal = f"{row['target']}: {row['objective']} = {limit:g}"
    if row["n"] == 0:
        return f"{goal} cannot be judged: no {noun.removesuffix('s')} of it was due in the window."
    which = (
        "failed or were not sent" if is_error_ratio else f"failed, were not sent or took over {limit:g} ms"
    )
    seen = f"{row['violations']:,} of {row['n']:,} {noun} {which} ({_percent(row['observed_ratio'])})"
    allowed = f"{_percent(row['allowed_ratio'])} may"
    if row["state"] == "holds":
        return f"{goal} holds: {seen}; at most {_percent(row['upper'])} at 95 % confidence, {allowed}."
    if row["state"] == "broken":
        return f"{goal} is broken: {seen}; at least {_percent(row['lower'])} at 95 % confidence, {allowed}."
    return f"{goal} is inconclusive: {seen}, {allowed}; {_how_much_more(row, noun)}."


def _how_much_more(row: Mapping[str, object], noun: str) -> str:
    enough, more_s = row["needed_n"], row["more_s"]
    if not isinstance(enough, int) or not isinstance(more_s, float):
        return f"no number of {noun} settles this at the observed share"
    return f"it takes {enough:,} {noun} at this share, {math.ceil(more_s):,} s more at the present rate"


def _percent(ratio: object) -> str:
    assert isinstance(ratio, float)
    return f"{ratio * 100:.3g} %"
