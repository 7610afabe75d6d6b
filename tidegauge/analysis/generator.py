"""The generator's own share: rates asked and kept, lag, CPU, event-loop lag, lost arrivals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.observed import Observed
from tidegauge.analysis.quantiles import quantile_ms, quantile_of
from tidegauge.analysis.rows import counts, flags, seconds
from tidegauge.analysis.traffic import Window
from tidegauge.histograms import Floats
from tidegauge.summary import GeneratorShare

CPU_SPAN_S = 10.0  # CPU counts as the mean over this long: a shorter burst harms no schedule
RECORD_SPAN_S = 1.0  # health is recorded about once a second; taken for a process with a single record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """One generator process: values that hold over the intervals between `edges_s` (one edge more)."""

    edges_s: Floats
    cpu_ratio: Floats


def generator_share(observed: Observed, health: pd.DataFrame, *, lag_ms_p99_max: float) -> GeneratorShare:
    """What the generator itself did in the window."""
    sessions, duration_s = observed.sessions, observed.window.duration_s
    count = counts(sessions)
    asked, sent = int(count.sum()), int(count[flags(sessions, "sent")].sum())
    lost = int(count[(sessions["cause"] == "lost").to_numpy()].sum())
    lag = observed.lag.of()
    return GeneratorShare(
        rate_asked_per_s=asked / duration_s,
        rate_sent_per_s=sent / duration_s,
        lag_ms_p99=quantile_ms(lag, quantile_of("p99")),
        sent_requests=lag.n,
        late=lag.longer_than(lag_ms_p99_max / 1000.0),
        unsent=asked - sent,
        lost=lost,
        lost_ratio=lost / asked if asked else 0.0,
        cpu_ratio_max=cpu_ratio_max(health, observed.window),
        loop_lag_ms_max=loop_lag_ms_max(health, observed.window),
    )


def cpu_ratio_max(health: pd.DataFrame, window: Window) -> float | None:
    """The highest 10-s mean, weighted by time, of any process's CPU in the window; null without records.

    Where a window (or the part of it that a process's records cover) is shorter, its whole mean counts.
    """
    peaks = [_peak_mean(_load(rows), window) for _, rows in health.groupby("process")]
    return max((peak for peak in peaks if peak is not None), default=None)


def loop_lag_ms_max(health: pd.DataFrame, window: Window) -> float | None:
    """The longest stall of an event loop recorded in the window; null without records."""
    lags = seconds(health, "loop_lag_ms")[window.contains(seconds(health, "t_s"))]
    lags = lags[~np.isnan(lags)]
    return float(lags.max()) if len(lags) else None


def _load(rows: pd.DataFrame) -> _Load:
    known = rows.loc[rows["cpu_ratio"].notna()].sort_values("t_s")
    ends_s = seconds(known, "t_s")
    # A record covers the time since the one before; the first one is taken as long as the others usually are.
    usual_s = float(np.median(np.diff(ends_s))) if len(ends_s) > 1 else RECORD_SPAN_S
    starts = ends_s[:1] - usual_s
    return _Load(edges_s=np.concatenate([starts, ends_s]), cpu_ratio=seconds(known, "cpu_ratio"))


def _peak_mean(load: _Load, window: Window) -> float | None:
    if not len(load.cpu_ratio):
        return None
    start_s, end_s = max(window.warmup_s, load.edges_s[0]), min(window.end_s, load.edges_s[-1])
    if end_s <= start_s:
        return None
    used = np.concatenate([[0.0], np.cumsum(load.cpu_ratio * np.diff(load.edges_s))])
    span_s = min(CPU_SPAN_S, end_s - start_s)
    # CPU used up to a time is piecewise linear, so the busiest span starts or ends at an edge.
    starts = np.concatenate([load.edges_s, load.edges_s - span_s, [start_s, end_s - span_s]])
    starts = starts[(starts >= start_s) & (starts <= end_s - span_s)]
    in_span = np.interp(starts + span_s, load.edges_s, used) - np.interp(starts, load.edges_s, used)
    return float(in_span.max() / span_s)
