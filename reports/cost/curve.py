"""The loaded cost over the offered load: how the fixed hours weigh less as requests grow more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.drawing import axes as plot
from reports.drawing import numbers
from reports.drawing.marks import scale
from reports.drawing.svg import colour, draw
from reports.drawing.tables import Cell, Column, Row, Table, cells, money_cell
from reports.report_data import ReportData
from reports.run.charts import Chart
from tidegauge.cost_record import CurvePoint, LoadedCurve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEIGHT_PX = 240
POINT_COLUMNS = (
    Column(label="Requests a second", meaning="Client HTTP requests that the stack answers."),
    Column(label="Marginal", meaning="USD per 1,000 requests at any rate."),
    Column(label="Fixed", meaning="USD per 1,000 requests for what the architecture holds around the clock."),
    Column(
        label="Counted once",
        meaning="What is in both: seconds of workers, as far as the fixed hours of their tasks hold them.",
    ),
    Column(label="Loaded", meaning="Marginal and fixed, less what is in both."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What the curve says in a sentence, its chart, and its points; no chart where the line is flat."""

    sentence: str
    chart: Chart | None
    points: Table


def loaded_curve(data: ReportData) -> Curve | None:
    """The curve of the run's cost; None where the loaded cost is not known."""
    curve = data.summary.cost.loaded_curve
    if curve is None:
        return None
    return Curve(sentence=_sentence(curve), chart=_chart(curve), points=_point_table(curve))


def _chart(curve: LoadedCurve) -> Chart | None:
    half = curve.half_rate_per_s
    if half == 0:
        return None
    measured, floor = _measured(curve), float(curve.marginal_per_1k_requests)
    return Chart(
        title="Loaded cost over the rate",
        unit="USD per 1,000 requests, over answered requests a second; both scales are logarithmic",
        legend=(
            ("loaded", "loaded cost"),
            *(
                [("floor", f"marginal cost: {numbers.money(curve.marginal_per_1k_requests)}")]
                if floor
                else []
            ),
            (
                "measured",
                f"this run: {numbers.rate(measured.rate_per_s)}, "
                f"{numbers.money(measured.loaded_per_1k_requests)}",
            ),
            *([("half", f"half of it is fixed: {numbers.rate(half)}")] if half else []),
        ),
        svg=draw("loaded curve", HEIGHT_PX, _paint(curve.points, measured, floor, half)),
    )


def _paint(
    points: Sequence[CurvePoint], measured: CurvePoint, floor: float, half: float | None
) -> Callable[[Figure], None]:
    rates = [point.rate_per_s for point in points]
    costs = [float(point.loaded_per_1k_requests) for point in points]

    def paint(figure: Figure) -> None:
        axes = figure.add_axes((plot.LEFT, plot.BOTTOM, plot.RIGHT - plot.LEFT, plot.TOP - plot.BOTTOM))
        axes.set_axisbelow(True)
        scale(axes, "x", rates)
        scale(axes, "y", [*costs, floor] if floor else costs)
        axes.plot(rates, costs, color=colour("c1"))
        if floor:
            axes.axhline(floor, color=colour("c2"), linestyle=(0, (4, 2)), linewidth=1.2)
        if half:
            axes.axvline(half, color=colour("chart-axis"), linestyle=(0, (1, 2)), linewidth=1)
        spot = (measured.rate_per_s, float(measured.loaded_per_1k_requests))
        axes.plot(*spot, "o", color=colour("c1"), markersize=7)

    return paint


def _measured(curve: LoadedCurve) -> CurvePoint:
    """The point at the measured rate, which is always one of them."""
    return next(point for point in curve.points if point.rate_per_s == curve.measured_rate_per_s)


def _sentence(curve: LoadedCurve) -> str:
    hourly = f"The architecture costs {numbers.money(curve.fixed_hourly)} an hour, busy or idle"
    half = curve.half_rate_per_s
    if half is None:
        return f"{hourly}; requests cost nothing on top, so it is all of the cost at any rate."
    if not half:
        return "The architecture costs nothing while idle: loaded cost is marginal cost at any rate."
    return (
        f"{hourly}. Above {numbers.significant(half)} requests a second that is less than half of what a"
        " request costs. A load that needs more tasks or nodes than the templates name costs more."
    )


def _point_table(curve: LoadedCurve) -> Table:
    def row(point: CurvePoint) -> Row:
        measured = point.rate_per_s == curve.measured_rate_per_s
        parts = (
            point.marginal_per_1k,
            point.fixed_per_1k,
            point.counted_once_per_1k,
            point.loaded_per_1k_requests,
        )
        rate = Cell(
            text=numbers.significant(point.rate_per_s),
            exact=str(point.rate_per_s),
            note="this run" if measured else "",
        )
        return Row(kind="total" if measured else "", cells=cells(rate, *map(money_cell, parts)))

    return Table(
        caption="The curve's points, USD per 1,000 requests",
        columns=POINT_COLUMNS,
        rows=tuple(row(point) for point in curve.points),
        empty="",
    )
