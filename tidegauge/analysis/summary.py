"""The measured parts of summary.json: total, flows, endpoints, behaviours, generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.cache import Behaviour, CacheRecord, behaviour_rows, record_cache
from tidegauge.analysis.generator import generator_share
from tidegauge.analysis.observed import Flags, Observed, Window, flags, observe, seconds
from tidegauge.analysis.quantiles import latency_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """The window's requests, and the cache record of those with an answer; `answered` marks these."""

    observed: Observed
    answered: Flags
    cache: CacheRecord


def summarise(
    samples: pd.DataFrame,
    arrivals: pd.DataFrame,
    *,
    warmup_s: float,
    end_s: float,
    flows: Sequence[str],
    endpoints: Sequence[tuple[str, str]],
    behaviours: Sequence[Behaviour],
    health: pd.DataFrame,
    lag_ms_p99_max: float,
) -> dict[str, object]:
    """What a run measured, as plain values.

    `flows` and `endpoints` (flow, endpoint) give the order of the rows, and rows to what saw no request;
    whatever else the samples hold follows them. `lag_ms_p99_max` (ms) says which requests were `late`.
    """
    observed = observe(samples, arrivals, Window(warmup_s=warmup_s, end_s=end_s))
    status = observed.answers["status"].to_numpy(dtype=np.int64)
    answered = np.zeros(len(observed.requests), dtype=np.bool_)
    answered[: len(status)] = status > 0  # the sent requests come first
    record = record_cache(observed.answers.loc[status > 0], behaviours)
    measured = _Measured(observed=observed, answered=answered, cache=record)
    return {
        "total": _figures(measured, np.ones(len(observed.requests), dtype=np.bool_)),
        "flows": _flow_rows(measured, flows),
        "endpoints": _endpoint_rows(measured, endpoints),
        "behaviours": behaviour_rows(record, behaviours),
        "generator": generator_share(observed, health, lag_ms_p99_max=lag_ms_p99_max),
    }


def _figures(measured: _Measured, chosen: Flags) -> dict[str, object]:
    """Count, failures, rate, times and cache results of the chosen requests."""
    requests = measured.observed.requests.loc[chosen]
    failed = flags(requests, "failed")
    return {
        "count": len(requests),
        "failures": int(failed.sum()),
        "failures_by_cause": _by_cause(requests["cause"]),
        "rate_per_s": len(requests) / measured.observed.window.duration_s,
        "response_time_ms": latency_ms(seconds(requests, "response_s")[~failed]),
        "service_time_ms": latency_ms(seconds(requests, "service_s")[~failed]),
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
                "session_time_ms": latency_ms(seconds(own, "session_s")[~failed]),
            }
            | _figures(measured, (requests["flow"] == flow).to_numpy(dtype=np.bool_))
        )
    return rows


def _endpoint_rows(measured: _Measured, endpoints: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    requests = measured.observed.requests
    # One code a (flow, endpoint): comparing numbers is much faster than comparing strings a million times.
    width = max(len(requests["endpoint"].cat.categories), 1)
    codes = (
        requests["flow"].cat.codes.to_numpy() * np.int64(width) + requests["endpoint"].cat.codes.to_numpy()
    )
    code_of = {
        (
            str(requests["flow"].cat.categories[code // width]),
            str(requests["endpoint"].cat.categories[code % width]),
        ): code
        for code in np.unique(codes)
    }
    others = sorted(set(code_of) - set(endpoints))
    return [
        {"flow": flow, "endpoint": endpoint} | _figures(measured, codes == code_of.get((flow, endpoint), -1))
        for flow, endpoint in [*endpoints, *others]
    ]


def _by_cause(causes: pd.Series) -> dict[str, int]:
    """Failures by cause, the most frequent first, equals by name."""
    counts = {str(cause): int(count) for cause, count in causes.value_counts().items() if count}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
