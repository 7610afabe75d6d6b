"""What the audited architecture is billed for: what it holds, what it uses, what nobody said how much of."""

from __future__ import annotations

from reports.cost.cells import bill_cell
from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells
from tidegauge.audit_record import AuditRecord, ResourceUse

UNPRICED_COLUMNS = (
    Column(label="Resource", meaning="What the templates name, and its type.", numeric=False),
    Column(label="Property", meaning="What is billed on it; empty for the whole resource.", numeric=False),
    Column(
        label="Why",
        meaning="Why no total holds it: its price, or how much of it the scenario foresees, is not known.",
        numeric=False,
        wide=True,
    ),
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
    """What is billed, while nobody knows its price or how much of it there is; a row a reason."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for part in audit.unpriced:
        alike.setdefault((part.type, part.property or "", part.reason), []).append(part.resource)
    return Table(
        caption="Billed, but not priced",
        columns=UNPRICED_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=", ".join(resources), note=kind, tone="code"),
                    Cell(text=name, tone="code"),
                    reason,
                )
            )
            for (kind, name, reason), resources in alike.items()
        ),
        empty="",
    )
