"""What the report draws: the run second by second, and times by percentile."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd

from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import at_ranks_ms, bounds_of, quantile_of, required_n
from tidegauge.analysis.rows import chosen_rows, flags
from tidegauge.analysis.times import Times
from tidegauge.analysis.traffic import BIN_CHOICES_S, Traffic, course_step_s
from tidegauge.histograms import Integers, rank_of

QUANTILES = ("p50", "p99")
NINES = 6  # the finest decade of the percentile axis: up to P99.9999


def time_series(
    traffic: Traffic,
    due: pd.DataFrame,
    *,
    flows: Sequence[str],
    quantile_bin_s: float | None = None,
) -> list[dict[str, object]]:
    """The whole run, warm-up and drain included, by the second: of the total (flow null), then of each flow.

    Second k covers k < t <= k + 1. `asked`: arrivals by intended time; `sent`: requests by the time they
    were; `completed` and `failures`: by the time they were done (of unsent arrivals: by intended time).
    `quantiles` has bins of its own, by intended time: wide enough for a P99 of the total unless
    `quantile_bin_s` is given.
    """
    end_s = traffic.window.end_s
    last_s = max([end_s, *(traffic.moments["second"] + 1.0)])
    width_s = quantile_bin_s or _supported_bin_s(int(traffic.requests["count"].sum()), end_s)
    rows: list[dict[str, object]] = []
    for flow in (None, *flows):
        moments = traffic.moments.loc[chosen_rows(traffic.moments, flow)]
        response = traffic.response.where(chosen_rows(traffic.response.keys, flow))
        asked = due.loc[chosen_rows(due, flow)]
        row: dict[str, object] = {"flow": flow, "bin_s": 1.0} | _counts(moments, asked, last_s)
        rows.append(row | {"quantiles": _quantile_bins(response, last_s, width_s)})
    return rows


def percentile_curve(
    observed: Observed, kind: Literal["response", "service"], flow: str | None = None
) -> list[dict[str, float | None]]:
    """Points {q, ms, low_ms, high_ms} of the good requests' times, on a grid that gets finer by nines.

    The curve ends where the count no longer supports the quantile; the 95 % bounds are null where no rank
    gives them. `flow` null means all flows.
    """
    chosen = observed.response if kind == "response" else observed.service
    times = chosen.blocked(blocks_of(observed.window), flow)
    n = times.all.n
    grid = [q for q in _grid() if n >= required_n(q)]
    bounds = [bounds_of(n, q, effective) for q, effective in zip(grid, times.effective(grid), strict=True)]
    ranks = [rank for q, own in zip(grid, bounds, strict=True) for rank in (rank_of(n, q), *own)]
    found = at_ranks_ms(times.all, ranks, times.bucketed)
    return [
        {"q": float(q), "ms": ms, "low_ms": low_ms, "high_ms": high_ms}
        for q, ms, low_ms, high_ms in zip(grid, found[0::3], found[1::3], found[2::3], strict=True)
    ]


def _grid() -> list[Fraction]:
    """0.05, 0.10 … 0.90, 0.905, 0.91 … 0.99, 0.9905 …: eighteen steps a decade of the tail."""
    decades = range(NINES)
    tails = [Fraction(step, 20 * 10**decade) for decade in decades for step in range(19, 1, -1)]
    return [1 - tail for tail in tails]


def _counts(moments: pd.DataFrame, due: pd.DataFrame, last_s: float) -> dict[str, object]:
    count = _bin_count(last_s, 1.0)

    def per_second(rows: pd.DataFrame, name: str) -> Integers:
        second, weights = (rows[column].to_numpy(dtype=np.int64) for column in ("second", name))
        return np.bincount(second, weights=weights, minlength=count)[:count].astype(np.int64)

    sent, completed, failed = (per_second(moments, name) for name in ("sent", "completed", "failed"))
    return {
        "t_s": [float(index) for index in range(count)],
        "asked": per_second(due, "count").tolist(),
        "sent": sent.tolist(),
        "completed": completed.tolist(),
        "failures": (failed + per_second(due.loc[~flags(due, "sent")], "count")).tolist(),
    }


def _quantile_bins(response: Times, last_s: float, bin_s: float) -> dict[str, object]:
    """P50, P99 and maximum of the good response times in each bin; null where too few do."""
    bins = (response.keys["second"].to_numpy(dtype=np.int64) // bin_s).astype(np.int64)
    order = np.argsort(bins, kind="stable")
    count = max(_bin_count(last_s, bin_s), int(bins.max(initial=-1)) + 1)
    edges = np.searchsorted(bins[order], np.arange(count + 1))
    columns: dict[str, list[object]] = {name: [] for name in ("n", *(f"{q}_ms" for q in QUANTILES), "max_ms")}
    for start, end in itertools.pairwise(edges.tolist()):
        times = Durations.joined([response.blocks[block] for block in order[start:end]])
        n = times.n
        ranks = [rank_of(n, q) if n >= required_n(q) else None for q in map(quantile_of, QUANTILES)]
        found = [n, *at_ranks_ms(times, [*ranks, n or None])]
        for column, value in zip(columns.values(), found, strict=True):
            column.append(value)
    return {"bin_s": bin_s, "t_s": [index * bin_s for index in range(count)], **columns}


def _supported_bin_s(requests: int, duration_s: float) -> float:
    """The narrowest bin that holds enough requests for a P99, with ten to 600 bins to see a course."""
    enough, step_s = required_n(quantile_of("p99")), course_step_s(duration_s)
    whole = [width for width in BIN_CHOICES_S if width % step_s == 0]
    allowed = [width for width in whole if width * 10 <= duration_s] or whole[:1]
    fitting = [width for width in allowed if requests * width >= enough * duration_s]
    return fitting[0] if fitting else allowed[-1]


def _bin_count(last_s: float, bin_s: float) -> int:
    return max(int(np.ceil(last_s / bin_s)), 1)
