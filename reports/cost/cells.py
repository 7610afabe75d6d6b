"""Cells of a monthly bill: cents, with every digit and what it is made of on hovering."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from reports.cost.sources import Sources
from reports.drawing import numbers
from reports.drawing.tables import Cell
from tidegauge.cost_record import CostLine


def bill_cell(value: str | None) -> Cell:
    """USD of a month."""
    return Cell(
        text=numbers.cents(value),
        exact="" if value is None else numbers.exact_money(value),
        tone="quiet" if value is None else "",
    )


def difference_cell(value: str) -> Cell:
    """USD of a month more or less, with its sign."""
    tone = "" if Decimal(value) else "quiet"
    return Cell(text=numbers.cents(value, signed=True), exact=numbers.exact_money(value), tone=tone)


def priced_cell(value: str, priced: Sequence[CostLine], sources: Sources) -> Cell:
    """An amount with the items that it is the sum of on hovering, and their sources."""
    exact = [numbers.exact_money(value), *map(_item, priced)]
    return Cell(text=numbers.cents(value), exact="\n".join(exact), sources=sources.of(priced))


def _item(line: CostLine) -> str:
    price = f"{numbers.money(line.list_price)} per {line.list_unit}"
    what = f"{line.service} {line.unit} × {numbers.quantity(line.quantity)}"
    return f"{numbers.exact_money(line.amount)}: {what}, {price}, {line.price_date or 'undated'}"
