"""The verdict on a run: is the measurement sound, and do the objectives hold?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol

from tidegauge.analysis.intervals import clopper_pearson
from tidegauge.analysis.quantiles import required_n
from tidegauge.summary import GeneratorShare, JudgedObjective, State, Verdict

WAF = "waf_403"
P99 = Fraction(99, 100)
STACK_GUARDS = ("failure_ratio_max", "alarms")  # guards that the stack itself sets off
FATAL_CAUSES = {
    "files_exhausted": "A generator process ran out of open files.",
    "ports_exhausted": "A generator ran out of local ports.",
    "disk_full": "The disk filled up during the run.",
}


class ValidityLimits(Protocol):
    """What the generator may use up before a run is INVALID (the plan's `[validity]`)."""

    @property
    def cpu_ratio_max(self) -> float:
        """Of one core, as the highest 10-s mean of a process."""

    @property
    def lag_ms_p99_max(self) -> float:
        """Milliseconds between a request's intended and actual start."""

    @property
    def lost_ratio_max(self) -> float:
        """Of the arrivals: lost with a dead worker."""


def decide(
    *,
    generator: GeneratorShare,
    failures_by_cause: Mapping[str, int],
    objectives: Sequence[JudgedObjective],
    limits: ValidityLimits,
    fatal_causes: Sequence[str] = (),
) -> tuple[Verdict, list[str]]:
    """The verdict and its reasons, a sentence each; PASS needs none.

    `failures_by_cause` is that of all requests; `fatal_causes` are what stopped the generator itself (keys of
    FATAL_CAUSES, or other words).
    Precedence: INVALID, FAIL, INCONCLUSIVE, PASS.
    """
    invalid = _invalid_reasons(generator, failures_by_cause, limits, fatal_causes)
    if invalid:
        return "INVALID", invalid
    for state, verdict in _VERDICT_OF_STATE:
        reasons = [row.reason for row in objectives if row.state == state]
        if reasons:
            return verdict, reasons
    return "PASS", []


def cut_short(verdict: Verdict, reasons: list[str], guard: str, detail: str) -> tuple[Verdict, list[str]]:
    """The verdict on a run that a guard ended: the stack's failure, or less was shown than was asked."""
    reasons = [f"A guard ended the run: {detail}.", *reasons]
    if verdict == "INVALID":
        return verdict, reasons
    if guard in STACK_GUARDS:
        return "FAIL", reasons
    return ("INCONCLUSIVE" if verdict == "PASS" else verdict), reasons


def loosened(limits: ValidityLimits, strict: ValidityLimits) -> list[str]:
    """A sentence for each limit that the plan sets looser than `strict`, for every report to show."""
    return [
        f"The plan loosens {name} to {getattr(limits, name):g} (default {getattr(strict, name):g})."
        for name in ("cpu_ratio_max", "lag_ms_p99_max", "lost_ratio_max")
        if getattr(limits, name) > getattr(strict, name)
    ]


_VERDICT_OF_STATE: tuple[tuple[State, Verdict], ...] = (("broken", "FAIL"), ("inconclusive", "INCONCLUSIVE"))


def _invalid_reasons(
    generator: GeneratorShare,
    failures_by_cause: Mapping[str, int],
    limits: ValidityLimits,
    fatal_causes: Sequence[str],
) -> list[str]:
    reasons = [
        FATAL_CAUSES.get(cause, f"The generator failed: {cause}.") for cause in dict.fromkeys(fatal_causes)
    ]
    if blocked := failures_by_cause.get(WAF, 0):
        reasons.append(
            f"A web application firewall answered {blocked:,} requests with 403: it is in the way."
        )
    cpu, lag_ms, lost = generator.cpu_ratio_max, generator.lag_ms_p99, generator.lost_ratio
    if cpu is not None and cpu > limits.cpu_ratio_max:
        reasons.append(
            f"A generator process used {cpu:.3g} of a core over 10 s; the limit is {limits.cpu_ratio_max:g}."
        )
    if lag_ms is not None and lag_ms > limits.lag_ms_p99_max and _lag_is_established(generator):
        reasons.append(
            f"The generator sent late: lag P99 is {lag_ms:.3g} ms; the limit is {limits.lag_ms_p99_max:g} ms."
        )
    if lost > limits.lost_ratio_max:
        reasons.append(
            f"{lost * 100:.3g} % of the arrivals were lost with a generator process; "
            f"the limit is {limits.lost_ratio_max * 100:g} %."
        )
    return reasons


def _lag_is_established(generator: GeneratorShare) -> bool:
    """Whether so many late requests mean a lag: below the count that supports a P99, beyond chance."""
    n = generator.sent_requests
    return n >= required_n(P99) or clopper_pearson(generator.late, n)[0] > 1 - P99
