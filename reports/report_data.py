"""All that a report shows, as one record; whoever renders joins the run's documents into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    """One run, ready to be shown. Documents are plain JSON values; an absent key shows as not recorded.

    - `summary`: summary.json; `objectives` and `edge_locations` {pop: answers} where known; in `cost`,
      `marginal_reason` and `loaded_reason` say why the value beside them is null.
    - `run`: run.json with `run_id`, `plan` (mapping or TOML text), `seed`, `stack` {name, api_url, cdn_url},
      `versions` {name: version}, `machine` {cpu_model, cores, memory_bytes, os}, `git_commit`,
      `cache_state_before` (cold, warm or unknown), `started_at` (ISO 8601), `window` {start_s, end_s},
      `interrupted`, `local`, `parts` [{name, version}], `connections`.
    - `edge_check`: {joined, client_only, edge_only, without_id, torn_lines, mismatches, mismatched:
      [{request_id, client, edge}], agree, edge and client: cache counts of the joined}; None without a log.
    - `bench`: the document of the transcode bench, or None; `transcode`: what it answers (as `BenchData`).
    - `audit`: audit.json, an estimate held against this run and an architecture; None where there was none.
    - `usage_unknown`: billable usage that is not counted: [{service, unit, flow, reason}].
    """

    summary: Document
    run: Document
    rates: RateSeries | None = None
    flow_series: Sequence[FlowSeries] = ()
    percentiles: Sequence[PercentileCurve] = ()
    edge_check: Document | None = None
    bench: Document | None = None
    transcode: Document | None = None
    audit: Document | None = None
    cost_reason: str | None = None  # why `summary.cost` is null
    usage_unknown: Sequence[Document] = ()
    validity: Sequence[ValidityLimit] = ()
    warnings: Sequence[str] = field(default=())
