"""The measured parts of summary.json: total, flows, endpoints, behaviours, generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tidegauge.analysis.cache import Behaviour, CacheRecord, behaviour_rows, record_cache
from tidegauge.analysis.generator import generator_share
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import latency_ms
from tidegauge.analysis.rows import Flags, chosen_rows, counts, flags, seconds
from tidegauge.analysis.times import Durations


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """The window's requests, and the cache record of those with an answer; `answered` marks these."""

    observed: Observed
    answered: Flags
    cache: CacheRecord


def summarise(
    observed: Observed,
    *,
    flows: Sequence[str],
    endpoints: Sequence[tuple[str, str]],
    behaviours: Sequence[Behaviour],
    health: pd.DataFrame,
    lag_ms_p99_max: float,
) -> dict[str, object]:
    """What a window holds, as plain values.

    `flows` and `endpoints` (flow, endpoint) give the order of the rows, and rows to what saw no request;
    whatever else was seen follows them. `lag_ms_p99_max` (ms) says which requests were `late`.
    """
    answered = flags(observed.requests, "answered")
    record = record_cache(observed.requests.loc[answered], behaviours)
    measured = _Measured(observed=observed, answered=answered, cache=record)
    return {
        "total": _figures(measured),
        "flows": _flow_rows(measured, flows),
        "endpoints": _endpoint_rows(measured, endpoints),
        "behaviours": behaviour_rows(record, behaviours),
        "generator": generator_share(observed, health, lag_ms_p99_max=lag_ms_p99_max),
    }


def _figures(measured: _Measured, flow: str | None = None, endpoint: str | None = None) -> dict[str, object]:
    """Count, failures, rate, times and cache results of all requests, or of a flow's (to an endpoint)."""
    observed = measured.observed
    chosen = chosen_rows(observed.requests, flow, endpoint)
    requests = observed.requests.loc[chosen]
    count, failed = counts(requests), flags(requests, "failed")
    return {
        "count": int(count.sum()),
        "failures": int(count[failed].sum()),
        "failures_by_cause": _by_cause(requests),
        "rate_per_s": int(count.sum()) / observed.window.duration_s,
        "response_time_ms": latency_ms(observed.response.of(flow, endpoint)),
        "service_time_ms": latency_ms(observed.service.of(flow, endpoint)),
        "cache": measured.cache.tally(chosen[measured.answered]),
    }


def _flow_rows(measured: _Measured, flows: Sequence[str]) -> list[dict[str, object]]:
    requests, sessions = measured.observed.requests, measured.observed.sessions
    seen = {*requests["flow"].unique(), *sessions["flow"].unique()}
    rows: list[dict[str, object]] = []
    for flow in [*flows, *sorted(seen - set(flows))]:
        own = sessions.loc[sessions["flow"] == flow]
        failed = flags(own, "failed")
        rows.append(
            {
                "flow": flow,
                "sessions": len(own),
                "session_failures": int(failed.sum()),
                "session_time_ms": latency_ms(Durations(seconds(own, "session_s")[~failed])),
            }
            | _figures(measured, flow)
        )
    return rows


def _endpoint_rows(measured: _Measured, endpoints: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    seen = measured.observed.requests[["flow", "endpoint"]].drop_duplicates().itertuples(index=False)
    others = sorted({(str(flow), str(endpoint)) for flow, endpoint in seen} - set(endpoints))
    return [
        {"flow": flow, "endpoint": endpoint} | _figures(measured, flow, endpoint)
        for flow, endpoint in [*endpoints, *others]
    ]


def _by_cause(requests: pd.DataFrame) -> dict[str, int]:
    """Failures by cause, the most frequent first, equals by name."""
    sums = requests.loc[flags(requests, "failed")].groupby("cause", observed=True)["count"].sum()
    causes = {str(cause): int(count) for cause, count in sums.items()}
    return dict(sorted(causes.items(), key=lambda item: (-item[1], item[0])))
