"""Scales that fit few points, and number labels that keep out of each other's way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Literal

from reports.drawing.axes import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_FROM_RATIO = 5.0  # a linear scale crowds the lower end beyond this
SAME_SPOT_PX = 5.0
DIGIT_PX, LINE_PX, MARK_PX = 6.5, 11.0, 4.5
AROUND = [(math.cos(turn), math.sin(turn)) for turn in (0.79, 2.36, 5.5, 3.93, 0.0, 1.57, 3.14, 4.71)]

Box = tuple[float, float, float, float]  # left, bottom, right, top


def scale(
    axes: Axes,
    which: Literal["x", "y"],
    values: Sequence[float],
    *,
    last_suffix: str = "",
    logarithmic: bool = True,
    highest: float = math.inf,
) -> None:
    """A scale that covers the values with some room, logarithmic where they are far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = min(values), max(values)
    axis = axes.xaxis if which == "x" else axes.yaxis
    if logarithmic and high / low > LOG_FROM_RATIO:
        room = (high / low) ** 0.09
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        limits = (low / room, high * room)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 120 else (1,)))
        axis.set_minor_locator(NullLocator())
    else:
        room = (high - low) * 0.12 or high * 0.1
        limits = (max(0.0, low - room), max(high, min(high + room, highest)))
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    (axes.set_xlim if which == "x" else axes.set_ylim)(*limits)
    shown = [tick for tick in axis.get_majorticklocs() if limits[0] <= tick <= limits[1]]
    last = max(shown, default=math.nan)
    axis.set_major_formatter(
        FuncFormatter(lambda at, _: short(float(f"{at:.6g}")) + (last_suffix if at == last else ""))
    )
    axis.set_tick_params(length=3 if which == "x" else 0)


def label_points(axes: Axes, x: Sequence[float], y: Sequence[float], texts: Sequence[str]) -> None:
    """Writes each text beside its point; points on one spot share a label."""
    spots = [(float(at[0]), float(at[1])) for at in axes.transData.transform(list(zip(x, y, strict=True)))]
    clusters: list[tuple[tuple[float, float], list[str]]] = []
    for spot, text in zip(spots, texts, strict=True):
        near = next((found for found in clusters if math.dist(found[0], spot) < SAME_SPOT_PX), None)
        if near is None:
            clusters.append((spot, [text]))
        else:
            near[1].append(text)
    frame = axes.get_window_extent()
    bounds = (frame.x0, frame.y0, frame.x1 + 8, frame.y1 + 8)
    taken = [_box(spot, (0, 0), MARK_PX * 2, MARK_PX * 2) for spot, _ in clusters]
    for spot, names in clusters:
        text = ",".join(names)
        width = DIGIT_PX * len(text)
        boxes = [
            _box(spot, (dx * (reach + width / 2), dy * (reach + LINE_PX / 2)), width, LINE_PX)
            for reach, (dx, dy) in product((4.0, 10.0, 18.0), AROUND)
        ]
        box = min(
            boxes, key=lambda each: sum(_shared(each, other) for other in taken) + _outside(each, bounds)
        )
        taken.append(box)
        x_at, y_at = axes.transData.inverted().transform(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        axes.text(x_at, y_at, text, ha="center", va="center_baseline", fontsize=10)


def _box(spot: tuple[float, float], shift: tuple[float, float], width: float, height: float) -> Box:
    x, y = spot[0] + shift[0], spot[1] + shift[1]
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _shared(one: Box, other: Box) -> float:
    """The area that two boxes share, in square pixels."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


def _outside(box: Box, bounds: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) - _shared(box, bounds)
