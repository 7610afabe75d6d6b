"""What the audited architecture is billed for: what it holds, what it uses, what nobody said how much of."""

from __future__ import annotations

from reports.cost.cells import bill_cell
from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells
from tidegauge.audit_record import AuditRecord, ResourceUse

UNPRICED_COLUMNS = (
    Column(label="Service", meaning="What AWS would bill.", numeric=False),
    Column(label="Resource", meaning="What is billed in the templates.", numeric=False, wide=True),
    Column(label="Not said", meaning="The figures that the estimate's scenario lacks.", numeric=False),
    Column(label="What they are", meaning="What those figures stand for.", numeric=False, wide=True),
)
RESOURCE_COLUMNS = (
    Column(label="Resource", meaning="What the templates name, and its type.", numeric=False),
    Column(label="Held a month", meaning="USD for its hours around the clock, before free units."),
    Column(
        label="Billed by use",
        meaning="What else it is billed for, and how much of it.",
        numeric=False,
        wide=True,
    ),
)


def resource_table(audit: AuditRecord) -> Table:
    """Every billed resource of the templates, in their order."""
    return Table(
        caption="The architecture, resource by resource",
        columns=RESOURCE_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=row.resource, note=row.resource_type, tone="code"),
                    bill_cell(row.fixed_monthly),
                    Cell(text="", items=tuple(_use(use) for use in row.usage)),
                )
            )
            for row in audit.architecture
        ),
        empty="",
    )


def _use(use: ResourceUse) -> str:
    what = f"{use.service} {use.unit}"
    if use.quantity is None:
        return f"{what}: not said ({', '.join(use.needs)})"
    return f"{what}: {numbers.short_quantity(use.quantity)} ({use.how})"


def unpriced_table(audit: AuditRecord) -> Table:
    """What is billed by use while the scenario does not say how much."""
    return Table(
        caption="Billed, but not priced: the scenario does not say how much",
        columns=UNPRICED_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=row.service, tone="code"),
                    Cell(text=row.resource or "", note=row.resource_type or ""),
                    Cell(text="", items=row.needs),
                    row.why,
                )
            )
            for row in audit.absent
            if row.amount is None
        ),
        empty="",
    )
