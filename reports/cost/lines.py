"""The line items behind the cost, what the architecture holds, what is covered and what is not counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from reports.cost.sources import Sources
from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells, money_cell, shares
from reports.report_data import ReportData
from tidegauge.cost_record import CostLine, CoveredUsage, FixedItem, UncountedUsage

LIST_PRICE = Column(
    label="List price",
    meaning="Dated list price, with its tier; hover for date and source. The small number is its source's.",
)
LINE_COLUMNS = (
    Column(label="Service and unit", meaning="What AWS bills, and by which unit.", numeric=False),
    Column(
        label="Flow", meaning="The flow that caused it; shared where it belongs to none alone.", numeric=False
    ),
    Column(label="Quantity", meaning="Billable units within the measured window; hover for all digits."),
    LIST_PRICE,
    Column(label="Amount", meaning="Quantity times price; hover for all digits. The bar is its share."),
    Column(
        label="How known",
        meaning="Counted call by call, metered by the provider, or estimated. Below it how sure its price is:"
        " H official, M from secondary sources and assumed, L unverified.",
        numeric=False,
    ),
)
FIXED_COLUMNS = (
    Column(label="Resource", meaning="What the templates name, and its type.", numeric=False),
    Column(label="Service and unit", meaning="What AWS bills, and by which unit.", numeric=False),
    Column(label="Quantity", meaning="Units that are held at any time."),
    LIST_PRICE,
    Column(label="A month", meaning="USD for holding it a month; hover for all digits."),
)
UNPRICED_COLUMNS = (
    Column(label="Resource", meaning="What the templates name, and its type.", numeric=False),
    Column(label="Property", meaning="What is billed on it; empty for the whole resource.", numeric=False),
    Column(label="Why", meaning="Why its price is not known.", numeric=False, wide=True),
)
COVERED_COLUMNS = (
    Column(label="Service and unit", meaning="Used, but not billed by use.", numeric=False),
    Column(label="Flow", meaning="The flow that used it.", numeric=False),
    Column(label="Quantity", meaning="Units within the measured window; hover for all digits."),
    Column(label="Why", meaning="What pays for it instead.", numeric=False),
)
UNCOUNTED_COLUMNS = (
    Column(label="Service and unit", meaning="Something that AWS would bill.", numeric=False),
    Column(label="Flow", meaning="The flow that causes it; all where every one does.", numeric=False),
    Column(
        label="Why it is not counted",
        meaning="What keeps this run from knowing the quantity.",
        numeric=False,
        wide=True,
    ),
    Column(
        label="About, per 1,000 requests",
        meaning="The order of its size: USD at as many units a request as the reason says, to one digit.",
    ),
)


def cost_lines(data: ReportData, sources: Sources) -> Table:
    """Every billed line, the dearest first, then their sum."""
    lines = data.summary.cost.lines
    total = sum((Decimal(line.amount) for line in lines), Decimal(0))
    ordered = sorted(lines, key=lambda line: -Decimal(line.amount))
    rows = [_line_row(line, total, sources) for line in ordered]
    if lines:
        rows.append(Row(kind="total", cells=cells("Sum", "", "", "", money_cell(str(total)), "")))
    return Table(
        caption="Line items of the measured window",
        columns=LINE_COLUMNS,
        rows=tuple(rows),
        empty="No line item is known.",
    )


def _line_row(line: CostLine, total: Decimal, sources: Sources) -> Row:
    amount = Decimal(line.amount)
    bar = shares([(float(amount), "cost"), (float(total - amount), "rest")]) if total else ()
    service, quantity, price, spent, known = line_cells(line, sources)
    return Row(cells=cells(service, line.flow or "shared", quantity, price, replace(spent, bar=bar), known))


def line_cells(line: CostLine, sources: Sources) -> tuple[Cell, Cell, Cell, Cell, Cell]:
    """Service and unit, quantity, list price, amount, and how all that is known."""
    return (
        _service_cell(line),
        _quantity_cell(line),
        _price_cell(line, sources),
        money_cell(line.amount),
        Cell(text=line.provenance, note=f"price {line.confidence}" if line.confidence else ""),
    )


def _quantity_cell(line: CostLine | FixedItem | CoveredUsage) -> Cell:
    in_bytes = "byte" in line.unit.split("_")
    return Cell(
        text=numbers.short_quantity(line.quantity),
        exact=numbers.quantity(line.quantity),
        note=numbers.binary_bytes(float(line.quantity)) if in_bytes else "",
    )


def _price_cell(line: CostLine | FixedItem, sources: Sources) -> Cell:
    """The price as the list gives it, per GB or per million."""
    tier, unit = "", ""
    if isinstance(line, CostLine):
        tier, unit = line.tier, f"{numbers.exact_money(line.price)} a unit; "
    return Cell(
        text=f"{numbers.money(line.list_price)} per {line.list_unit}",
        note=tier,
        exact=f"{unit}{line.price_date or 'undated'}; {line.source}",
        sources=sources.of([line]),
    )


def fixed_table(data: ReportData, sources: Sources) -> Table:
    """What the architecture holds around the clock, which the loaded cost carries; the dearest first."""
    fixed = data.summary.cost.fixed
    items = fixed.items if fixed else ()
    return Table(
        caption="Held around the clock",
        columns=FIXED_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=item.resource, note=item.resource_type, tone="code"),
                    _service_cell(item),
                    _quantity_cell(item),
                    _price_cell(item, sources),
                    Cell(text=numbers.cents(item.monthly), exact=numbers.exact_money(item.monthly)),
                )
            )
            for item in sorted(items, key=lambda item: -Decimal(item.monthly))
        ),
        empty="",
    )


def unpriced_resource_table(data: ReportData) -> Table:
    """What of the architecture the loaded cost lacks, as nobody knows its price."""
    return Table(
        caption="In the architecture, but without a known price",
        columns=UNPRICED_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=part.resource, note=part.type, tone="code"),
                    Cell(text=part.property or "", tone="code"),
                    part.reason,
                )
            )
            for part in data.summary.cost.unpriced
        ),
        empty="",
    )


def covered_table(data: ReportData) -> Table:
    """Usage that fixed hours pay for, so that nobody takes it for free or looks for it in the lines."""
    return Table(
        caption="Covered by fixed hours",
        columns=COVERED_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    _service_cell(row),
                    row.flow or "shared",
                    _quantity_cell(row),
                    row.reason,
                )
            )
            for row in data.summary.cost.covered_by_fixed
        ),
        empty="",
    )


def uncounted_table(rows: Sequence[UncountedUsage]) -> Table:
    """Billable usage that this run doesn't know, so that no reader takes the sum for the whole."""
    return Table(
        caption="Not counted",
        columns=UNCOUNTED_COLUMNS,
        rows=tuple(
            Row(cells=cells(_service_cell(row), row.flow or "all", row.reason, _about(row))) for row in rows
        ),
        empty="Every known kind of usage was counted.",
    )


def _about(row: UncountedUsage) -> Cell:
    value = row.about_per_1k_requests
    return Cell(text="", tone="quiet") if value is None else Cell(text=numbers.money(value))


def _service_cell(line: CostLine | FixedItem | CoveredUsage | UncountedUsage) -> Cell:
    attributes = ", ".join(f"{key} {value}" for key, value in sorted(line.attributes.items()))
    return Cell(text=f"{line.service} {line.unit}", note=attributes, tone="code")
