"""The report's charts: rates and failures over time, response times by flow, latency by percentile."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from reports.drawing import axes as plot
from reports.drawing import numbers
from reports.drawing.svg import colour, draw
from reports.report_data import FlowSeries, PercentileCurve, RateSeries

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS_MAX = 240  # more could not be told apart at a chart's width
RATE_HEIGHT_PX = 170
FLOW_HEIGHT_PX = 240
CURVE_HEIGHT_PX = 220
P50_NEEDS, P99_NEEDS = numbers.required_n(0.5), numbers.required_n(0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """An inline SVG with its title, unit, legend (style and text), and a remark in a sentence."""

    title: str
    unit: str
    legend: tuple[tuple[str, str], ...]
    svg: str
    note: str = ""


def rate_charts(series: RateSeries, window: plot.Window | None) -> tuple[Chart, ...]:
    """Sessions asked and sent, requests done, requests failed: per second, over the run."""
    bin_s, asked = per_second(series.asked_sessions, series.bin_s)
    _, sent = per_second(series.sent_sessions, series.bin_s)
    _, done = per_second(series.completed_requests, series.bin_s)
    _, failed = per_second(series.failed_requests, series.bin_s)
    none_failed = sum(series.failed_requests) == 0
    return (
        Chart(
            title="Sessions asked and sent",
            unit="per second",
            legend=(("asked", "asked by the plan"), ("sent", "sent")),
            svg=draw("sessions", RATE_HEIGHT_PX, _paint_sessions(asked, sent, bin_s, window)),
        ),
        Chart(
            title="Requests completed",
            unit="per second",
            legend=(("done", "good or failed"),),
            svg=draw("requests", RATE_HEIGHT_PX, _paint_area(done, bin_s, window, "done")),
        ),
        Chart(
            title="Failures",
            unit="per second",
            legend=(("failed", "failed or not sent"),),
            svg=draw("failures", RATE_HEIGHT_PX, _paint_area(failed, bin_s, window, "failed")),
            note="None in the whole run." if none_failed else "",
        ),
    )


def per_second(counts: Sequence[int], bin_s: float) -> tuple[float, list[float]]:
    """Rates over bins that are wide enough to be seen apart: counts add up, so wider bins stay exact."""
    merged = max(1, math.ceil(len(counts) / BINS_MAX))
    whole = [counts[at : at + merged] for at in range(0, len(counts), merged)]
    return bin_s * merged, [sum(part) / (len(part) * bin_s) for part in whole]


def _paint_sessions(
    asked: Sequence[float], sent: Sequence[float], bin_s: float, window: plot.Window | None
) -> Callable[[Figure], None]:
    def paint(figure: Figure) -> None:
        axes = plot.over_time(figure, len(asked) * bin_s, window)
        edges = plot.bin_edges(len(asked), bin_s)
        axes.stairs(asked, edges, baseline=None, color=colour("asked"), linewidth=5)
        axes.stairs(sent, edges, baseline=None, color=colour("sent"), linewidth=1.2)
        plot.from_zero(axes, max([*asked, *sent], default=0))

    return paint


def _paint_area(
    values: Sequence[float], bin_s: float, window: plot.Window | None, name: str
) -> Callable[[Figure], None]:
    def paint(figure: Figure) -> None:
        axes = plot.over_time(figure, len(values) * bin_s, window)
        axes.stairs(values, plot.bin_edges(len(values), bin_s), fill=True, color=colour(name))
        plot.from_zero(axes, max(values, default=0))

    return paint


def flow_chart(
    series: FlowSeries, number: int, window: plot.Window | None, end_s: float | None = None
) -> Chart | None:
    """P50 and P99 response time of a flow over time, above the samples a bin; None without any sample.

    `end_s` is the run's length, where its last bin reaches beyond it.
    """
    if not any(series.count):
        return None
    enough = any(count >= P99_NEEDS for count in series.count)
    return Chart(
        title=series.flow,
        unit=f"response time in ms, and samples, by {series.bin_s:g} s",
        legend=(
            ("max", "slowest"),
            *((("p99", "P99"),) if enough else ()),
            ("p50", "P50"),
            ("count", "samples"),
        ),
        svg=draw(f"flow {number}", FLOW_HEIGHT_PX, _paint_flow(series, window, end_s)),
        note="" if enough else f"P99: n/a, at most {max(series.count):,} of {P99_NEEDS} samples a bin.",
    )


def _paint_flow(
    series: FlowSeries, window: plot.Window | None, run_s: float | None
) -> Callable[[Figure], None]:
    p50 = _supported(series.p50_ms, series.count, P50_NEEDS)
    p99 = _supported(series.p99_ms, series.count, P99_NEEDS)
    slowest = _supported(series.max_ms, series.count, 1)
    edges = plot.bin_edges(len(series.count), series.bin_s)
    end_s = min(edges[-1], run_s or edges[-1])
    edges = [min(edge, end_s) for edge in edges]
    middles = [(start + end) / 2 for start, end in pairwise(edges)]

    def paint(figure: Figure) -> None:
        upper = plot.over_time(figure, end_s, window, bottom=0.36, labelled=False)
        upper.plot(middles, slowest, ".", color=colour("max"), markersize=3)
        if not all(map(math.isnan, p99)):
            upper.plot(middles, p99, color=colour("p99"), marker=".", markersize=3)
        upper.plot(middles, p50, color=colour("p50"), marker=".", markersize=3, linestyle=(0, (4, 1.2)))
        plot.log_ms(upper, [*p50, *p99, *slowest])
        lower = plot.over_time(figure, end_s, window, top=0.28)
        lower.stairs(series.count, edges, fill=True, color=colour("count"))
        plot.from_zero(lower, max(series.count), ticks=2)

    return paint


def _supported(values: Sequence[float | None], counts: Sequence[int], needed: int) -> list[float]:
    """The values with enough samples behind them; NaN, which is not drawn, for the others."""
    return [
        value if value is not None and count >= needed else math.nan
        for value, count in zip(values, counts, strict=True)
    ]


def percentile_chart(curve: PercentileCurve, number: int) -> Chart | None:
    """Response and service time against the percentile, as far as the samples reach; None below P50."""
    points = [
        (quantile, response_ms, service_ms)
        for quantile, response_ms, service_ms in zip(
            curve.quantiles, curve.response_ms, curve.service_ms, strict=True
        )
        if response_ms is not None and service_ms is not None and supports(curve.n, quantile)
    ]
    if not points or points[-1][0] < 0.5:
        return None
    quantiles, response, service = zip(*points, strict=True)

    def paint(figure: Figure) -> None:
        axes = plot.by_nines(figure, quantiles[-1])
        x = [plot.nines(quantile) for quantile in quantiles]
        axes.plot(x, response, color=colour("response"))
        axes.plot(x, service, color=colour("service"), linestyle=(0, (4, 1.2)))
        plot.log_ms(axes, [*response, *service])

    return Chart(
        title=curve.flow,
        unit=f"ms, {curve.n:,} good requests",
        legend=(("response", "response"), ("service", "service")),
        svg=draw(f"percentiles {number}", CURVE_HEIGHT_PX, paint),
    )


def supports(n: int, quantile: float) -> bool:
    """Whether `n` samples are enough for a bound of this quantile."""
    return n > 0 and (quantile <= 0 or n >= numbers.required_n(quantile))
