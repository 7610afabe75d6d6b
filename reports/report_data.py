"""All that a report shows, as one record; whoever renders joins the run's documents into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidegauge.audit_record import AuditRecord
from tidegauge.edge_record import EdgeCheck
from tidegauge.run_record import RunRecord
from tidegauge.summary import Summary

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSeries:
    """Counts a bin; bin k covers run-relative seconds k * bin_s to (k + 1) * bin_s. All of one length."""

    bin_s: float
    asked_sessions: Sequence[int]  # arrivals, by their intended time
    sent_sessions: Sequence[int]  # those of them that were sent, by the same intended time
    completed_requests: Sequence[int]  # good and failed, by the time they finished
    failed_requests: Sequence[int]  # failed and unsent, by the time they finished or should have started


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSeries:
    """Response times of one flow's good requests, a bin by intended time; bins as in `RateSeries`.

    A quantile that a bin's count doesn't support may be given all the same: the report leaves it out.
    """

    flow: str
    bin_s: float
    count: Sequence[int]
    p50_ms: Sequence[float | None]
    p99_ms: Sequence[float | None]
    max_ms: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileCurve:
    """Both clocks of one flow's `n` good requests at ascending quantiles (0 to below 1), in milliseconds."""

    flow: str
    n: int
    quantiles: Sequence[float]
    response_ms: Sequence[float | None]
    service_ms: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidityLimit:
    """A threshold of the plan's `[validity]` beside its default and what the run showed."""

    name: str  # cpu_ratio_max, lag_ms_p99_max or lost_ratio_max
    limit: float
    default: float
    observed: float | None

    @property
    def looser(self) -> bool:
        """Whether this run was allowed more than runs are by default."""
        return self.limit > self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchData:
    """A transcode bench by itself, or several, ready to be shown.

    - `bench`: {cells, …} as bench.json has them; of several documents the cells one after the other.
    - `transcode`: the answer: {target_vmaf, headline, profiles, presets, fronts, curves, break_even,
      free_encoder, skipped, seed, groups, assumptions, gpu}.
    """

    names: Sequence[str]  # the documents
    bench: Document
    transcode: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """One run, ready to be shown."""

    summary: Summary
    run: RunRecord
    rates: RateSeries | None = None
    flow_series: Sequence[FlowSeries] = ()
    percentiles: Sequence[PercentileCurve] = ()
    edge_check: EdgeCheck | None = None  # None without a log of the edge
    bench: Document | None = None  # the document of the transcode bench
    transcode: Document | None = None  # what it answers, as in `BenchData`
    audit: AuditRecord | None = None  # an estimate held against this run
    validity: Sequence[ValidityLimit] = ()
    warnings: Sequence[str] = field(default=())
