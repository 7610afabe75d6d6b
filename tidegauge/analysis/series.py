"""What the report draws: the run second by second, and times by percentile."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.analysis.intervals import order_statistic_ranks
from tidegauge.analysis.observed import Flags, Floats, Observed, flags, seconds
from tidegauge.analysis.quantiles import quantile_of, rank_of, required_n

QUANTILES = ("p50", "p99")
BIN_CHOICES_S = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
NINES = 6  # the finest decade of the percentile axis: up to P99.9999


def time_series(
    samples: pd.DataFrame,
    arrivals: pd.DataFrame,
    *,
    flows: Sequence[str],
    end_s: float,
    bin_s: float = 1.0,
    quantile_bin_s: float | None = None,
) -> list[dict[str, object]]:
    """The whole run, warm-up and drain included, in bins: a row for the total (flow null), then one a flow.

    Bin k covers k x bin_s < t <= (k+1) x bin_s. `asked`: arrivals by intended time; `sent`: requests by
    `sent_s`; `completed` and `failures`: by `done_s` (of unsent arrivals: by intended time). `quantiles` has
    bins of its own, by intended time, wide enough for a P99 of the total unless `quantile_bin_s` is given.
    """
    last_s = max([end_s, *_latest(samples, "done_s"), *_latest(samples, "sent_s")])
    width_s = quantile_bin_s or _supported_bin_s(len(samples), end_s)
    rows: list[dict[str, object]] = []
    for flow in (None, *flows):
        own = samples if flow is None else samples.loc[samples["flow"] == flow]
        asked = arrivals if flow is None else arrivals.loc[arrivals["flow"] == flow]
        row: dict[str, object] = {"flow": flow, "bin_s": bin_s} | _counts(own, asked, last_s, bin_s)
        rows.append(row | {"quantiles": _quantile_bins(own, last_s, width_s)})
    return rows


def percentile_curve(
    observed: Observed, kind: Literal["response", "service"], flow: str | None = None
) -> list[dict[str, float | None]]:
    """Points {q, ms, low_ms, high_ms} of the good requests' times, on a grid that gets finer by nines.

    The curve ends where the count no longer supports the quantile; the 95 % bounds are null where no rank
    gives them. `flow` null means all flows.
    """
    requests = observed.requests
    chosen = ~flags(requests, "failed")
    if flow is not None:
        chosen &= (requests["flow"] == flow).to_numpy(dtype=np.bool_)
    ordered_ms = np.sort(seconds(requests, f"{kind}_s")[chosen]) * 1000.0
    n = len(ordered_ms)
    points: list[dict[str, float | None]] = []
    for q in _grid():
        if n < required_n(q):
            continue
        low, high = order_statistic_ranks(n, q)
        points.append(
            {
                "q": float(q),
                "ms": float(ordered_ms[rank_of(n, q) - 1]),
                "low_ms": None if low is None else float(ordered_ms[low - 1]),
                "high_ms": None if high is None else float(ordered_ms[high - 1]),
            }
        )
    return points


def _grid() -> list[Fraction]:
    """0.05, 0.10 … 0.90, 0.905, 0.91 … 0.99, 0.9905 …: eighteen steps a decade of the tail."""
    decades = range(NINES)
    tails = [Fraction(step, 20 * 10**decade) for decade in decades for step in range(19, 1, -1)]
    return [1 - tail for tail in tails]


def _counts(samples: pd.DataFrame, arrivals: pd.DataFrame, last_s: float, bin_s: float) -> dict[str, object]:
    failed = samples["cause"].notna().to_numpy(dtype=np.bool_)
    done_s, due_s = seconds(samples, "done_s"), seconds(arrivals, "intended_s")
    unsent = due_s[~flags(arrivals, "sent")]
    count = _bin_count(last_s, bin_s)

    def per_bin(times_s: Floats) -> NDArray[np.int64]:
        bins = _bins(times_s[~np.isnan(times_s)], bin_s)
        return np.bincount(bins, minlength=count)[:count]

    return {
        "t_s": [index * bin_s for index in range(count)],
        "asked": per_bin(due_s).tolist(),
        "sent": per_bin(seconds(samples, "sent_s")).tolist(),
        "completed": per_bin(done_s[~failed]).tolist(),
        "failures": (per_bin(done_s[failed]) + per_bin(unsent)).tolist(),
    }


def _quantile_bins(samples: pd.DataFrame, last_s: float, bin_s: float) -> dict[str, object]:
    """P50, P99 and maximum of the good response times in each bin; null where too few do."""
    good: Flags = samples["cause"].isna().to_numpy(dtype=np.bool_)
    intended_s, done_s = seconds(samples, "intended_s")[good], seconds(samples, "done_s")[good]
    bins, response_s = _bins(intended_s, bin_s), done_s - intended_s
    order = np.lexsort((response_s, bins))
    ordered_ms = response_s[order] * 1000.0
    count = _bin_count(last_s, bin_s)
    n = np.bincount(bins, minlength=count)
    first = np.cumsum(n) - n
    columns: dict[str, object] = {
        "bin_s": bin_s,
        "t_s": [index * bin_s for index in range(len(n))],
        "n": n.tolist(),
    }
    for name in QUANTILES:
        q = quantile_of(name)
        columns[f"{name}_ms"] = [
            float(ordered_ms[start + rank_of(size, q) - 1]) if size >= required_n(q) else None
            for start, size in zip(first.tolist(), n.tolist(), strict=True)
        ]
    columns["max_ms"] = [
        float(ordered_ms[start + size - 1]) if size else None
        for start, size in zip(first.tolist(), n.tolist(), strict=True)
    ]
    return columns


def _supported_bin_s(requests: int, duration_s: float) -> float:
    """The narrowest bin that holds enough requests for a P99, with ten bins left to see a course."""
    enough = required_n(quantile_of("p99"))
    allowed = [width for width in BIN_CHOICES_S if width * 10 <= duration_s] or [BIN_CHOICES_S[0]]
    fitting = [width for width in allowed if requests * width >= enough * duration_s]
    return fitting[0] if fitting else allowed[-1]


def _bins(times_s: Floats, bin_s: float) -> NDArray[np.int64]:
    return np.maximum(np.ceil(times_s / bin_s).astype(np.int64) - 1, 0)


def _bin_count(last_s: float, bin_s: float) -> int:
    return max(int(np.ceil(last_s / bin_s)), 1)


def _latest(samples: pd.DataFrame, column: str) -> list[float]:
    times_s = seconds(samples, column)
    times_s = times_s[~np.isnan(times_s)]
    return [float(times_s.max())] if len(times_s) else []
