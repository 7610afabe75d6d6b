"""summary.json: what a run measured, how it was judged, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from tidegauge.cost_record import CostSection
from tidegauge.plan import Validity
from tidegauge.run_record import StoppedBy
from tidegauge.stored import ASIDE, LEADING, LEFT_OUT, Count, Ratio, UnknownFields

SUMMARY_VERSION = 1  # summary.json's schema

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE", "INVALID"]
State = Literal["holds", "broken", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Durations in milliseconds: a quantile is the ceil(qn)-th smallest, null where n does not support it.

    `_low` and `_high` are a two-sided 95 % interval by order statistics at `effective_n`, as requests depend
    on each other; null where that rank does not exist.
    """

    p50: float | None  # half took at most this
    p90: float | None  # 90 % took at most this
    p95: float | None  # 95 % took at most this
    p99: float | None  # 99 % took at most this
    p999: float | None  # 99.9 % took at most this
    max: float | None  # the longest; null without any
    n: Count  # how many durations there are
    effective_n: Mapping[str, int]  # {quantile: how many independent ones tell as much of it}
    p50_low: float | None  # the interval of each quantile
    p50_high: float | None
    p90_low: float | None
    p90_high: float | None
    p95_low: float | None
    p95_high: float | None
    p99_low: float | None
    p99_high: float | None
    p999_low: float | None
    p999_high: float | None
    unsupported: Mapping[str, str]  # {quantile: "84 of 299"}, the n there is of the n it needs

    def value(self, name: str) -> float | None:
        """The quantile called `p50` … `p999`."""
        found: float | None = getattr(self, name)
        return found

    def interval(self, name: str) -> tuple[float | None, float | None]:
        """Its interval's bounds."""
        return self.value(f"{name}_low"), self.value(f"{name}_high")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBounds:
    """A share of requests, with its two-sided 95 % interval at the effective n; null without a request."""

    value: Ratio | None
    low: Ratio | None
    high: Ratio | None
    effective_n: Count | None  # how many independent requests tell as much


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTally:
    """Answers by cache result."""

    hit: Count  # from the edge's store
    refresh_hit: Count  # from its store, after the origin confirmed the copy
    miss: Count  # from the origin
    error: Count  # the edge's own errors, or the origin's
    none: Count  # without X-Cache, or where nothing is cached: in no ratio
    hit_ratio_by_request: Ratio | None  # (hit + refresh_hit) / (hit + refresh_hit + miss + error)
    hit_ratio_by_byte: Ratio | None  # the same of the body bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The requests that were intended inside the window, whenever they finished."""

    count: Count  # asked: successes and failures, an unsent arrival as a failure of its first step
    sent: Count  # those that went out
    answered: Count  # those of them that got an answer, good or not: costs are of these
    failures: Count  # failed and unsent ones
    failures_by_cause: Mapping[str, int]  # {cause: failures}, the most frequent first
    error_ratio: ShareBounds  # failures over count
    rate_per_s: float  # count over the length of the window: the rate asked
    rate_sent_per_s: float  # sent over it
    rate_answered_per_s: float  # answered over it
    response_time_ms: Quantiles  # from the intended moment to the last byte, of the successes
    service_time_ms: Quantiles  # from the sending to the last byte, of the successes
    cache: CacheTally  # counts answered requests
    hit_ratio: ShareBounds  # its hit ratio by request, with an interval

    @property
    def stages(self) -> str:
        """How many were asked, sent and answered, in words."""
        return f"{self.count:,} asked, {self.sent:,} sent, {self.answered:,} answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFigures(Figures):
    """The requests of one flow, and its sessions."""

    flow: str = field(metadata=LEADING)  # its name in the plan
    sessions: Count = field(metadata=LEADING)  # asked: arrivals inside the window
    sessions_sent: Count = field(metadata=LEADING)  # those that were sent
    sessions_answered: Count = field(metadata=LEADING)  # those of them whose every request got an answer
    session_failures: Count = field(metadata=LEADING)  # sessions with a failed or unsent request
    session_time_ms: Quantiles = field(metadata=LEADING)  # first intended to last done, of good sessions
    scheduled: Count = 0  # sent requests that had a scheduled moment: first ones, and those after a pause
    lag_ms_p99: float | None = None  # P99 of how much later they were sent; null without any


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFigures(Figures):
    """The requests of one flow to one endpoint."""

    flow: str = field(metadata=LEADING)  # its name in the plan
    endpoint: str = field(metadata=LEADING)  # method and path template, without query


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourFigures:
    """The answers of one cache behaviour of the CDN."""

    path_pattern: str  # by which the descriptor names it
    ttl_s: float  # how long the edge may keep an answer; 0 where nothing is kept
    cache: CacheTally  # with null ratios where `ttl_s` is 0
    hit_ratio: ShareBounds  # its hit ratio by request, with an interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorShare:
    """What the load generator itself did; its rates are in sessions."""

    rate_asked_per_s: float  # scheduled arrivals of the window over its length
    rate_sent_per_s: float  # those that were sent over its length
    lag_ms_p99: float | None  # P99 of sent minus intended, of requests that had a scheduled moment
    sent_requests: Count  # how many had: first ones of sessions, and those after a pause
    late: Count  # those with a lag above the plan's lag_ms_p99_max
    unsent: Count  # arrivals that were not sent
    lost: Count  # those that went with a generator process that died
    lost_ratio: Ratio  # lost arrivals over scheduled ones
    cpu_ratio_max: float | None  # the busiest process's highest 10-s mean, of one core; null when unrecorded
    loop_lag_ms_max: float | None  # the longest stall of an event loop; null when unrecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedObjective:
    """An objective, its state, and the share that violates it."""

    target: str  # an endpoint, `total`, `flow:NAME`, `session:NAME`, or `sessions` of all flows (a default)
    objective: str  # `pNN_ms` or `error_ratio`
    default: bool = False  # whether it is judged because the plan states none: it can only fail a run
    limit_ms: float | None = field(default=None, metadata=LEFT_OUT)  # the longest good time of a `pNN_ms`
    limit_ratio: float | None = field(default=None, metadata=LEFT_OUT)  # the highest `error_ratio`
    n: Count  # requests or sessions that were judged
    effective_n: Count  # how many independent ones tell as much: the bounds are at this number
    violations: Count  # those that failed, were not sent, or took over the limit
    undecided: Count = 0  # those that were cut before it was known whether they would violate
    allowed_ratio: float  # the share that may violate
    observed_ratio: Ratio | None  # violations / n; null without any
    lower: Ratio | None  # one-sided bounds of the true share: 95 % for all lower ones together (Holm),
    upper: Ratio | None  # and 95 % for each upper one
    needed_n: int | None  # how many settle it in 80 % of runs at the observed share; null where none does
    more_s: float | None  # how much longer that takes at the present rate
    state: State  # what the bounds say
    without_lag: State | None = None  # what they say when each time is taken without the generator's lag
    lost_as_good: State | None = None  # what they say when lost arrivals count as good
    reason: str  # all of it in a sentence

    @property
    def limit(self) -> float:
        """`limit_ms` or `limit_ratio`, whichever the objective has."""
        limit = self.limit_ms if self.limit_ratio is None else self.limit_ratio
        return 0.0 if limit is None else limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run's outcome."""

    schema_version: int = SUMMARY_VERSION  # raised when a reader of the older one would go wrong
    run_id: str  # as in run.json
    verdict: Verdict  # by precedence INVALID, FAIL, INCONCLUSIVE, PASS
    reasons: tuple[str, ...]  # a sentence each
    interrupted: bool  # as in run.json
    stopped_by: StoppedBy | None  # as in run.json
    samples: Literal["all", "slow", "none"]  # which requests were stored a row each
    notes: tuple[str, ...]  # what is missing of the run's rows, in sentences
    total: Figures  # all requests
    flows: tuple[FlowFigures, ...]  # in the plan's order
    endpoints: tuple[EndpointFigures, ...]  # in the order of the flows' steps
    behaviours: tuple[BehaviourFigures, ...]  # in the descriptor's order of precedence
    generator: GeneratorShare  # the generator's own health
    drain_s: (
        Annotated[float, Field(ge=0)] | None
    )  # how long after the last phase the last request finished; null without a request
    edge_locations: Mapping[str, int]  # {location: answers}, the most frequent first
    objectives: tuple[JudgedObjective, ...]  # in the plan's order; the default ones where it states none
    advice: tuple[str, ...] = ()  # what these may pass by, in sentences
    validity: Validity  # the limits that the generator was held to
    looser_validity: tuple[str, ...]  # a sentence for each of them that the plan sets looser
    cost: CostSection  # what the window's requests cost
    unknown_fields: UnknownFields = field(default=(), repr=False, metadata=ASIDE)
