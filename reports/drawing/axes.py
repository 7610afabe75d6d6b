"""Axes of the charts: over time, by percentile in nines, milliseconds on a log scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.drawing.svg import colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT, TOP, BOTTOM = 0.115, 0.97, 0.96, 0.13
MIN_LABEL_UP_TO = 3.5  # beyond this many nines P50 comes too close to the label of the minimum
NINES = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The measured part of a run, in run-relative seconds."""

    start_s: float
    end_s: float


def bin_edges(bins: int, bin_s: float) -> list[float]:
    """The borders of equal bins from 0 on."""
    return [index * bin_s for index in range(bins + 1)]


def over_time(
    figure: Figure,
    end_s: float,
    window: Window | None,
    *,
    bottom: float = BOTTOM,
    top: float = TOP,
    labelled: bool = True,
) -> Axes:
    """Axes from the run's start to its end, what lies outside the measured window shaded."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom))
    unit, length_s = _time_unit(end_s)
    axes.set_xlim(0, end_s)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=3, labelbottom=labelled)
    ticks = MaxNLocator(nbins=6, steps=[1, 2, 3, 5, 6, 10]).tick_values(0, end_s / length_s)
    axes.set_xticks([tick * length_s for tick in ticks if 0 <= tick * length_s <= end_s])
    last = max(axes.get_xticks())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda at, _: f"{at / length_s:g}" + (f" {unit}" if at == last else ""))
    )
    if window is not None:
        for start, end in ((0.0, window.start_s), (window.end_s, end_s)):
            if end > start:
                axes.axvspan(start, end, color=colour("chart-shade"), linewidth=0, zorder=0)
    return axes


def _time_unit(end_s: float) -> tuple[str, float]:
    if end_s > 3 * 3600:
        return "h", 3600.0
    return ("min", 60.0) if end_s > 300 else ("s", 1.0)


def from_zero(axes: Axes, highest: float, *, ticks: int = 4) -> None:
    """A linear scale from 0 to a little above the highest value, with few ticks."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(0, highest * 1.08 if highest > 0 else 1)
    if highest <= 0:
        axes.set_yticks([0, 1])
        return
    axes.yaxis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10], integer=highest >= 2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def log_ms(axes: Axes, values: Sequence[float]) -> None:
    """A log scale that covers the values, with ticks at 1, 2 and 5 where the range is small."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    known = [value for value in values if value > 0]  # NaN is not above 0 either
    low, high = (min(known), max(known)) if known else (1.0, 10.0)
    low, high = low / 1.2, high * 1.2
    if high / low < 10:
        middle = math.sqrt(low * high)
        low, high = middle / math.sqrt(10), middle * math.sqrt(10)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    decades = math.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.2 else (1,)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def nines(quantile: float) -> float:
    """The x of a quantile: 0 for the fastest, 1 for P90, 2 for P99, 3 for P99.9."""
    return -math.log10(1 - quantile)


def by_nines(figure: Figure, highest_quantile: float) -> Axes:
    """Axes whose x stretches the tail: every further nine takes the same room."""
    axes = figure.add_axes((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM))
    end = max(nines(highest_quantile), 1.0)
    shown = [quantile for quantile in NINES if nines(quantile) <= end + 1e-9]
    if end > MIN_LABEL_UP_TO:
        shown.remove(0.0)
    axes.set_xlim(0, end)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=3)
    axes.set_xticks([nines(quantile) for quantile in shown], [_percentile(quantile) for quantile in shown])
    axes.grid(visible=True, axis="x")
    return axes


def _percentile(quantile: float) -> str:
    return "min" if quantile == 0 else f"P{quantile * 100:.6g}"


def short(value: float) -> str:
    """A tick label of at most five characters."""
    for suffix, unit in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= unit * (10 if suffix == "k" else 1):
            return f"{value / unit:g}{suffix}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"
