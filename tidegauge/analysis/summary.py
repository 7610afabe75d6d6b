"""The measured parts of summary.json: total, flows, endpoints, behaviours, generator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tidegauge.analysis.blocks import Blocks, blocks_of
from tidegauge.analysis.cache import Behaviour, CacheRecord, behaviour_rows, record_cache
from tidegauge.analysis.generator import generator_share
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import latency_ms, quantile_ms, quantile_of
from tidegauge.analysis.rows import Flags, chosen_rows, counts, flags
from tidegauge.analysis.shares import by_block, share_bounds
from tidegauge.summary import (
    BehaviourFigures,
    EndpointFigures,
    Figures,
    FlowFigures,
    GeneratorShare,
)

NOT_ALLOWED = "not_allowed"  # the cause of a request to a host that may get no traffic: it stayed here


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """The measured parts of a summary."""

    total: Figures
    flows: tuple[FlowFigures, ...]
    endpoints: tuple[EndpointFigures, ...]
    behaviours: tuple[BehaviourFigures, ...]
    generator: GeneratorShare


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The window's requests, and the cache record of those with an answer; `answered` marks these."""

    observed: Observed
    answered: Flags
    cache: CacheRecord
    blocks: Blocks


def summarise(
    observed: Observed,
    *,
    flows: Sequence[str],
    endpoints: Sequence[tuple[str, str]],
    behaviours: Sequence[Behaviour],
    health: pd.DataFrame,
    lag_ms_p99_max: float,
) -> WindowFigures:
    """What a window holds.

    `flows` and `endpoints` (flow, endpoint) give the order of the rows, and rows to what saw no request;
    whatever else was seen follows them. `lag_ms_p99_max` (ms) says which requests were `late`.
    """
    answered = flags(observed.requests, "answered")
    record = record_cache(observed.requests.loc[answered], behaviours)
    blocks = blocks_of(observed.window)
    rows = _Rows(observed=observed, answered=answered, cache=record, blocks=blocks)
    return WindowFigures(
        total=Figures(**_figures(rows)),
        flows=tuple(_flow_rows(rows, flows)),
        endpoints=tuple(_endpoint_rows(rows, endpoints)),
        behaviours=tuple(behaviour_rows(record, behaviours, blocks)),
        generator=generator_share(observed, health, lag_ms_p99_max=lag_ms_p99_max),
    )


def _figures(rows: _Rows, flow: str | None = None, endpoint: str | None = None) -> dict[str, Any]:
    """The fields of Figures for all requests, or for a flow's (to an endpoint)."""
    observed, blocks = rows.observed, rows.blocks
    chosen = chosen_rows(observed.requests, flow, endpoint)
    requests = observed.requests.loc[chosen]
    count, failed = counts(requests), flags(requests, "failed")
    asked, sent, answered = (int(count[each].sum()) for each in _stages(requests))
    window_s = observed.window.duration_s
    return {
        "count": asked,
        "sent": sent,
        "answered": answered,
        "failures": int(count[failed].sum()),
        "failures_by_cause": _by_cause(requests),
        "error_ratio": share_bounds(
            by_block(requests.loc[failed], blocks), by_block(requests, blocks), blocks
        ),
        "rate_per_s": asked / window_s,
        "rate_sent_per_s": sent / window_s,
        "rate_answered_per_s": answered / window_s,
        "response_time_ms": latency_ms(observed.response.blocked(blocks, flow, endpoint)),
        "service_time_ms": latency_ms(observed.service.blocked(blocks, flow, endpoint)),
        "cache": rows.cache.tally(chosen[rows.answered]),
        "hit_ratio": rows.cache.hit_ratio(chosen[rows.answered], blocks),
    }


def _those(rows: pd.DataFrame, column: str) -> int:
    """How many the rows with a flag stand for."""
    return int(counts(rows)[flags(rows, column)].sum())


def _stages(requests: pd.DataFrame) -> tuple[Flags, Flags, Flags]:
    """Which were asked (all), which went out, which got an answer."""
    sent = flags(requests, "sent") & (requests["cause"] != NOT_ALLOWED).to_numpy(dtype=np.bool_)
    return np.ones(len(requests), dtype=np.bool_), sent, flags(requests, "answered")


def _flow_rows(rows: _Rows, flows: Sequence[str]) -> Iterator[FlowFigures]:
    requests, sessions = rows.observed.requests, rows.observed.sessions
    seen = {*requests["flow"].unique(), *sessions["flow"].unique()}
    for flow in [*flows, *sorted(seen - set(flows))]:
        own = sessions.loc[chosen_rows(sessions, flow)]
        yield FlowFigures(
            flow=flow,
            sessions=int(counts(own).sum()),
            sessions_sent=_those(own, "sent"),
            sessions_answered=_those(own, "answered"),
            session_failures=_those(own, "failed"),
            session_time_ms=latency_ms(rows.observed.session.blocked(rows.blocks, flow)),
            scheduled=rows.observed.lag.of(flow).n,
            lag_ms_p99=quantile_ms(rows.observed.lag.of(flow), quantile_of("p99")),
            **_figures(rows, flow),
        )


def _endpoint_rows(rows: _Rows, endpoints: Sequence[tuple[str, str]]) -> Iterator[EndpointFigures]:
    seen = rows.observed.requests[["flow", "endpoint"]].drop_duplicates().itertuples(index=False)
    others = sorted({(str(flow), str(endpoint)) for flow, endpoint in seen} - set(endpoints))
    for flow, endpoint in [*endpoints, *others]:
        yield EndpointFigures(flow=flow, endpoint=endpoint, **_figures(rows, flow, endpoint))


def _by_cause(requests: pd.DataFrame) -> dict[str, int]:
    """Failures by cause, the most frequent first, equals by name."""
    sums = requests.loc[flags(requests, "failed")].groupby("cause", observed=True)["count"].sum()
    causes = {str(cause): int(count) for cause, count in sums.items()}
    return dict(sorted(causes.items(), key=lambda item: (-item[1], item[0])))
