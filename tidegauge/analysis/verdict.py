"""The verdict on a run: is the measurement sound, and do the objectives hold?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from tidegauge.analysis.intervals import clopper_pearson
from tidegauge.analysis.quantiles import required_n
from tidegauge.analysis.trials import SESSIONS
from tidegauge.summary import GeneratorShare, JudgedObjective, State, Verdict

WAF = "waf_403"
P99 = Fraction(99, 100)
STACK_GUARDS = ("failure_ratio_max", "alarms")  # guards that the stack itself sets off
RERUNS = (
    "Run it once, for as long as that: who reruns until a run passes gets a PASS by chance more often than "
    "in one of 20 cases."
)
FATAL_CAUSES = {
    "files_exhausted": "A generator process ran out of open files.",
    "ports_exhausted": "A generator ran out of local ports.",
    "disk_full": "The disk filled up during the run.",
}


class ValidityLimits(Protocol):
    """What the generator may use up before a run is INVALID (the plan's `[validity]`)."""

    @property
    def cpu_ratio_max(self) -> float:
        """A share of one core: the highest 10-s mean of a process."""

    @property
    def lag_ms_p99_max(self) -> float:
        """Milliseconds between a request's intended and actual start."""

    @property
    def lost_ratio_max(self) -> float:
        """The share of the arrivals that were lost with a dead worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """A run that ended before its last phase did."""

    after_s: float  # of the `planned_s` seconds of its phases
    planned_s: float
    guard: str | None = None  # that ended it, and what it saw; None: somebody interrupted it
    detail: str = ""


def decide(
    *,
    generator: GeneratorShare,
    requests: int,
    failures_by_cause: Mapping[str, int],
    objectives: Sequence[JudgedObjective],
    limits: ValidityLimits,
    fatal_causes: Sequence[str] = (),
    disagreements: Sequence[str] = (),
    cut_short: CutShort | None = None,
) -> tuple[Verdict, list[str]]:
    """The verdict and its reasons, a sentence each; PASS needs none where the plan states objectives.

    `requests` and `failures_by_cause` are of all those of the window; `fatal_causes` are what stopped the
    generator itself (keys of FATAL_CAUSES, or other words); `disagreements`: where the run's rows contradict
    each other. Precedence: INVALID, FAIL, INCONCLUSIVE, PASS.
    """
    ended = [] if cut_short is None else [_ending(cut_short)]
    invalid = _invalid_reasons(generator, failures_by_cause, limits, fatal_causes)
    invalid += [*disagreements, *(text for row in objectives for text in _decided_by_generator(row))]
    if invalid:
        return "INVALID", [*ended, *invalid]
    broken = [row.reason for row in objectives if row.state == "broken"]
    if broken or (cut_short is not None and cut_short.guard in STACK_GUARDS):
        return "FAIL", [*ended, *(broken or _open_reasons(objectives))]
    unsure = _open_reasons(objectives)
    if not requests:
        unsure = ["No request was due in the window: there was nothing to judge.", *unsure]
    if unsure or ended:
        return "INCONCLUSIVE", [*ended, *unsure]
    return "PASS", _nothing_else(objectives)


def _ending(cut: CutShort) -> str:
    if cut.guard is not None:
        return f"A guard ended the run: {cut.detail}."
    return (
        f"The run was interrupted after {cut.after_s:g} s of {cut.planned_s:g} s: "
        "it shows less than the plan asks for."
    )


def _open_reasons(objectives: Sequence[JudgedObjective]) -> list[str]:
    """Of the plan's own objectives that are not decided; the default ones never leave a run open."""
    rows = [row for row in objectives if row.state == "inconclusive" and not row.default]
    return [row.reason for row in rows] + ([RERUNS] if any(row.more_s for row in rows) else [])


def _nothing_else(objectives: Sequence[JudgedObjective]) -> list[str]:
    """What a run that passed was judged by, where the plan does not say it."""
    default = [row for row in objectives if row.default]
    if not default:
        return []
    seen = " and ".join(f"{row.violations:,} of {row.n:,} {_noun(row)}" for row in default)
    return [
        f"The plan states no objectives: nothing else was judged than whether surely more than "
        f"{default[0].allowed_ratio * 100:g} % failed ({seen} did)."
    ]


def _noun(row: JudgedObjective) -> str:
    return "sessions" if row.target == SESSIONS else "requests"


def _decided_by_generator(row: JudgedObjective) -> list[str]:
    """Where the objective's state hangs on what the generator did; of a default one, whether it is broken."""
    goal = f"{row.target}: {row.objective} = {row.limit:g}"
    reasons = []
    if _differs(row, row.without_lag):
        reasons.append(
            f"{goal}: the generator's own lag decides this ({row.state} as measured, "
            f"{row.without_lag} without the lag)."
        )
    if _differs(row, row.lost_as_good):
        reasons.append(
            f"{goal}: the lost arrivals decide this ({row.state} where they count as failed, "
            f"{row.lost_as_good} where they count as good)."
        )
    return reasons


def _differs(row: JudgedObjective, other: State | None) -> bool:
    if other is None or row.state == other:
        return False
    return not row.default or "broken" in (row.state, other)


def loosened(limits: ValidityLimits, strict: ValidityLimits) -> list[str]:
    """A sentence for each limit that the plan sets looser than `strict`, for every report to show."""
    return [
        f"The plan loosens {name} to {getattr(limits, name):g} (default {getattr(strict, name):g})."
        for name in ("cpu_ratio_max", "lag_ms_p99_max", "lost_ratio_max")
        if getattr(limits, name) > getattr(strict, name)
    ]


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
