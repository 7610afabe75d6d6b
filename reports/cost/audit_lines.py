"""The lines of an audited estimate: corrected, with findings, and what no line has."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from reports.cost.cells import bill_cell, difference_cell, priced_cell
from reports.cost.lines import LIST_PRICE, line_cells
from reports.cost.sources import Sources
from reports.drawing.tables import Cell, Column, Row, Table, cells
from tidegauge.audit_record import AbsentItem, AuditedLine, AuditFinding, AuditRecord

BASES = {
    "run": "this run",
    "architecture": "the architecture",
    "scenario": "the scenario",
    "estimate": "its own quantity",
    "kept": "kept as stated",
}
AUDIT_COLUMNS = (
    Column(label="Line", meaning="The line's name, and how the estimate words it.", numeric=False),
    Column(label="Estimate", meaning="USD a month as the estimate has it."),
    Column(
        label="Corrected",
        meaning="USD a month by the best evidence, at the price book's prices, with volume tiers and free"
        " units; hover for the priced items. The small number names the prices' source.",
    ),
    Column(label="Difference", meaning="Corrected less estimate."),
    Column(
        label="Corrected by",
        meaning="Where the quantity comes from: measured in this run and scaled, held by the architecture's"
        " templates, made by the scenario, or the line's own; kept where nothing confirms or refutes it.",
        numeric=False,
    ),
    Column(label="Findings", meaning="What the audit found, in sentences.", numeric=False, wide=True),
)
ITEM_COLUMNS = (
    Column(label="For", meaning="The line, or what no line has.", numeric=False),
    Column(label="Service and unit", meaning="What AWS bills, and by which unit.", numeric=False),
    Column(label="Quantity", meaning="Billable units of the month; hover for all digits."),
    LIST_PRICE,
    Column(label="Amount", meaning="Quantity times price; hover for all digits."),
    Column(
        label="How known",
        meaning="Counted or metered in the run, or estimated. Below it how sure its price is: H official,"
        " M from secondary sources and assumed, L unverified.",
        numeric=False,
    ),
)


def line_table(audit: AuditRecord, sources: Sources) -> Table:
    """Every line, what no line has with the dearest first, and both totals."""
    absent = [(row.amount, row) for row in audit.absent if row.amount is not None]
    rows = [_line_row(line, sources) for line in audit.lines]
    if absent:
        rows.append(Row(kind="group", cells=cells("Absent from the estimate", *[""] * 5)))
    absent.sort(key=lambda each: -Decimal(each[0]))
    rows.extend(_absent_row(row, amount, sources) for amount, row in absent)
    totals = (audit.estimate_total, audit.corrected_total)
    named = "Total" if audit.complete else "Total, at least"
    rows.append(Row(kind="total", cells=cells(named, *map(bill_cell, totals), "", "", "")))
    return Table(
        caption="The estimate line by line, USD a month",
        columns=AUDIT_COLUMNS,
        rows=tuple(rows),
        empty="The estimate has no line.",
    )


def _line_row(line: AuditedLine, sources: Sources) -> Row:
    name = Cell(text=line.id, note=line.text or line.formula or "", tone="code")
    basis = BASES.get(line.basis, line.basis)
    found = Cell(text="", items=messages(line.findings))
    return Row(
        cells=cells(
            name,
            bill_cell(line.estimate),
            priced_cell(line.corrected, line.priced, sources),
            difference_cell(line.difference),
            basis,
            found,
        )
    )


def _absent_row(row: AbsentItem, amount: str, sources: Sources) -> Row:
    name = Cell(text=row.service, note=row.resource or "measured in the run", tone="code")
    return Row(
        kind="member",
        cells=cells(
            name,
            Cell(text="none", tone="quiet"),
            priced_cell(amount, row.priced, sources),
            difference_cell(amount),
            "",
            Cell(text=row.why, note=row.unit or ""),
        ),
    )


def item_table(audit: AuditRecord, sources: Sources) -> Table:
    """Every priced item, by the line that it stands for."""
    named = [(line.id, item) for line in audit.lines for item in line.priced]
    named += [(f"absent: {row.service}", item) for row in audit.absent for item in row.priced]
    return Table(
        caption="What the corrected amounts are made of",
        columns=ITEM_COLUMNS,
        rows=tuple(
            Row(cells=(Cell(text=name, tone="code"), *line_cells(item, sources))) for name, item in named
        ),
        empty="",
    )


def messages(findings: Sequence[AuditFinding]) -> tuple[str, ...]:
    """What findings say."""
    return tuple(finding.message for finding in findings)
