"""Charts of the transcode bench: cost against time, rate against quality, cost at equal quality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.drawing import axes as plot
from reports.drawing import numbers
from reports.drawing.marks import label_points, scale
from reports.drawing.svg import colour, draw
from reports.run.charts import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FRONT_HEIGHT_PX = 230
RATE_HEIGHT_PX = 230
BAR_HEIGHT_PX, BARS_FRAME_PX = 26, 52
COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")
MARKERS = ("o", "s", "D", "^", "v", "P")
MARKER_OF = {"measured": "s", "emulated": "o", "imported": "D"}
SHAPE_OF = {"measured": "squares", "emulated": "dots", "imported": "diamonds"}
MILLION = 1_000_000

Document = Mapping[str, Any]


def front_chart(front: Document, number: int, numbers_of: Mapping[str, int]) -> Chart | None:
    """Cost of a million assets against the wall time of one, a numbered mark a profile; None below two."""
    points = front["points"]
    if len(points) < 2:
        return None
    spot = any(point["capacity"] == "spot" for point in points)
    unstable = sum(point["unstable"] for point in points)
    return Chart(
        title=f"{front['media']} → {front['rendition']}",
        unit=f"{front['provenance']}; $ a million assets, against seconds an asset",
        legend=(
            ("front", "no other is as fast and as cheap"),
            *((("spot", "the same among Spot"),) if spot else ()),
            ("beaten", "another beats it"),
        ),
        svg=draw(f"front {number}", FRONT_HEIGHT_PX, _paint_front(points, numbers_of)),
        note=f"{SHAPE_OF[front['provenance']].capitalize()} are {front['group']}."
        + (f" Unstable: {unstable} of {len(points)}." if unstable else ""),
    )


def _paint_front(points: Sequence[Document], numbers_of: Mapping[str, int]) -> Callable[[Figure], None]:
    def paint(figure: Figure) -> None:
        axes = figure.add_axes((plot.LEFT, plot.BOTTOM, plot.RIGHT - plot.LEFT, plot.TOP - plot.BOTTOM))
        axes.set_axisbelow(True)
        axes.grid(visible=True, axis="x")
        walls = [float(point["wall_s"]) for point in points]
        costs = [float(point["cost_usd"]) * MILLION for point in points]
        scale(axes, "x", walls, last_suffix=" s")
        scale(axes, "y", costs)
        for capacity, style in (("on_demand", "-"), ("spot", (0, (4, 2)))):
            line = [
                (wall_s, cost)
                for point, wall_s, cost in zip(points, walls, costs, strict=True)
                if point["on_front"] and point["capacity"] == capacity
            ]
            if line:
                axes.plot(*zip(*line, strict=True), color=colour("front"), linestyle=style, linewidth=1.2)
        for point, wall_s, cost in zip(points, walls, costs, strict=True):
            shade = colour("front" if point["on_front"] else "beaten")
            face = shade if point["on_front"] else "none"
            marker = MARKER_OF[point["provenance"]]
            axes.plot(wall_s, cost, marker, color=shade, markerfacecolor=face, markersize=6)
        label_points(axes, walls, costs, [str(numbers_of[point["profile"]]) for point in points])

    return paint


def rate_chart(curves: Sequence[Document], number: int, target: float) -> Chart | None:
    """VMAF over bytes, a line an encoder and preset; None where no curve has two points."""
    drawn = [(curve, _rated(curve)) for curve in curves]
    drawn = [(curve, points) for curve, points in drawn if len(points) >= 2]
    shown = drawn[: len(COLOURS)]
    if not shown:
        return None
    more = len(drawn) - len(shown)

    def paint(figure: Figure) -> None:
        axes = figure.add_axes((plot.LEFT, plot.BOTTOM, plot.RIGHT - plot.LEFT, plot.TOP - plot.BOTTOM))
        axes.set_axisbelow(True)
        sizes = [size for _, points in shown for size, _ in points]
        vmafs = [vmaf for _, points in shown for _, vmaf in points]
        unit, divisor = ("MB", 1e6) if max(sizes) >= 1e6 else ("kB", 1e3)
        for (_, points), name, marker in zip(shown, COLOURS, MARKERS, strict=False):
            x, y = zip(*((size / divisor, vmaf) for size, vmaf in points), strict=True)
            axes.plot(x, y, color=colour(name), marker=marker, markersize=4)
        scale(axes, "x", [size / divisor for size in sizes], last_suffix=f" {unit}")
        scale(axes, "y", [*vmafs, target] if min(vmafs) <= target else vmafs, logarithmic=False, highest=100)
        axes.axhline(target, color=colour("chart-axis"), linestyle=(0, (1, 2)), linewidth=1)

    return Chart(
        title=f"{curves[0]['media']} → {curves[0]['rendition']}",
        unit="VMAF over the size of the rendition",
        legend=(
            *((name, _name(curve)) for (curve, _), name in zip(shown, COLOURS, strict=False)),
            ("target", f"VMAF {target:g}"),
        ),
        svg=draw(f"rate {number}", RATE_HEIGHT_PX, paint),
        note=f"{more} further curves are in the table." if more else "",
    )


def matched_chart(curves: Sequence[Document], number: int, target: float) -> Chart | None:
    """CPU-seconds, and dollars or bytes, of each encoder at the target; None where none reaches it."""
    shown = [
        (curve, name)
        for curve, name in zip([curve for curve in curves if len(_rated(curve)) >= 2], COLOURS, strict=False)
        if curve["matched"]["bytes_out"] is not None
    ]
    if not shown:
        return None
    matched = [curve["matched"] for curve, _ in shown]
    priced = all(row["total_usd"] is not None for row in matched)
    height_px = BARS_FRAME_PX + BAR_HEIGHT_PX * len(shown)

    def paint(figure: Figure) -> None:
        shades = [colour(name) for _, name in shown]
        _bars(figure, 0.02, "CPU-seconds", [[row["cpu_s"] or 0.0 for row in matched]], shades, height_px)
        making = [(row["compute_usd"] or 0.0) * 1000 for row in matched]
        sending = [(row["egress_usd"] or 0.0) * 1000 for row in matched]
        sizes = [(row["bytes_out"] or 0.0) / 1e6 for row in matched]
        parts, title = ([making, sending], "$ a thousand assets") if priced else ([sizes], "MB")
        _bars(figure, 0.52, title, parts, shades, height_px)

    return Chart(
        title=f"{curves[0]['media']} → {curves[0]['rendition']}",
        unit=f"at VMAF {target:g}" + (", to make (full) and to deliver (pale)" if priced else ""),
        legend=tuple((name, _name(curve)) for curve, name in shown),
        svg=draw(f"matched {number}", height_px, paint),
    )


def _bars(
    figure: Figure,
    left: float,
    title: str,
    parts: Sequence[Sequence[float]],
    shades: Sequence[str],
    height_px: int,
) -> None:
    """Horizontal bars of stacked parts from the top down, their sums at their ends."""
    frame = BARS_FRAME_PX / height_px
    axes = figure.add_axes((left, frame * 0.12, 0.45, 1 - frame * 0.6))
    sums = [sum(values) for values in zip(*parts, strict=True)]
    highest = max(sums) or 1.0
    axes.set_xlim(0, highest * 1.42)  # room for the number at the end of the longest bar
    axes.set_ylim(len(sums) - 0.4, -0.6)
    axes.set_axis_off()
    axes.set_title(title, fontsize=11, loc="left", pad=3)
    begun = [0.0] * len(sums)
    for depth, values in enumerate(parts):
        axes.barh(range(len(sums)), values, left=begun, height=0.62, color=shades, alpha=0.4 if depth else 1)
        begun = [start + value for start, value in zip(begun, values, strict=True)]
    for row, total in enumerate(sums):
        text = numbers.significant(total) if total else numbers.NOT_AVAILABLE
        axes.text(total + highest * 0.03, row, text, va="center", ha="left")


def _rated(curve: Document) -> list[tuple[float, float]]:
    return sorted(
        (float(point["bytes_out"]), float(point["vmaf_mean"]))
        for point in curve["points"]
        if point["bytes_out"] is not None and point["vmaf_mean"] is not None
    )


def _name(curve: Document) -> str:
    return f"{curve['encoding']} ({curve['provenance']})"
