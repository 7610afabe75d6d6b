"""What other terms would save or add a month: a tornado, the table behind it, and other providers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.cost.cells import bill_cell, priced_cell
from reports.cost.sources import CONFIDENCE, Sources
from reports.drawing import numbers
from reports.drawing.bars import Bar, Bars, Segment
from reports.drawing.tables import Cell, Column, Row, Table, cells
from tidegauge.audit_record import BreakEvenTraffic, ElsewhereMonth, MovedUnit, WhatIf

WHAT_IF_COLUMNS = (
    Column(label="What if", meaning="One change to the corrected month, all else as it is.", numeric=False),
    Column(label="Saves a month", meaning="USD; negative where it costs more. Savings do not add up."),
    Column(label="The month then", meaning="The whole month priced again, tiers and free units and all."),
    Column(
        label="How sure", meaning="The least sure of the prices and terms that it rests on.", numeric=False
    ),
    Column(label="Why", meaning="What changes, and what that assumes.", numeric=False, wide=True),
    Column(
        label="Break-even",
        meaning="The traffic of a month at which both cost the same, and the side on which it pays.",
        numeric=False,
    ),
)
GB = 2**30
PRICES = {"H": "official", "M": "secondary sources. They are assumed", "L": "unverified"}
FATES = {"moved": "moves", "gone": "falls away", "kept": "stays on AWS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The month at another provider: in a sentence, unit by unit, and what that assumes."""

    name: str
    sentence: str
    units: Table
    assumptions: tuple[str, ...]


def tornado(what_ifs: Sequence[WhatIf]) -> Bars | None:
    """Dollars a month that each change saves or adds, the greatest first; None where none is known."""
    known = [
        (row.title, Decimal(row.saves_usd_per_month))
        for row in what_ifs
        if row.saves_usd_per_month is not None
    ]
    known.sort(key=lambda each: -abs(each[1]))
    longest = max((abs(saves) for _, saves in known), default=Decimal(0))
    if not longest:
        return None
    return Bars(
        title="What each change would save a month",
        unit="USD",
        rows=tuple(_bar(title, saves, longest) for title, saves in known),
        legend=(("saves", "saves"), ("adds", "costs more")),
        diverging=True,
    )


def _bar(title: str, saves: Decimal, longest: Decimal) -> Bar:
    exact = numbers.exact_money(str(saves))
    segment = Segment(share=float(abs(saves) / longest), tone="adds" if saves < 0 else "saves", title=exact)
    return Bar(
        name=title,
        segments=(segment,) if saves else (),
        value=numbers.cents(str(saves)),
        exact=exact,
        leftward=saves < 0,
    )


def what_if_table(what_ifs: Sequence[WhatIf]) -> Table:
    """Every change with its figures, reason and assumptions; without a figure where it says why."""
    return Table(
        caption="What if",
        columns=WHAT_IF_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    row.title,
                    bill_cell(row.saves_usd_per_month),
                    bill_cell(row.after),
                    CONFIDENCE.get(row.confidence, row.confidence),
                    Cell(text=row.message, items=row.assumptions),
                    _break_even_cell(row.break_even),
                )
            )
            for row in what_ifs
        ),
        empty="",
    )


def _break_even_cell(found: BreakEvenTraffic | None) -> Cell:
    if found is None or found.quantity is None:
        return Cell(text=(found.reason if found else None) or "not worked out", tone="quiet")
    quantity = Decimal(found.quantity)
    in_gb = "byte" in (found.unit or "")
    shown = f"{quantity / GB:,.1f} GB, {found.unit}" if in_gb else f"{quantity:,.0f} {found.unit}s"
    return Cell(text=f"pays {found.pays} {shown}", exact=f"{found.quantity} {found.unit}")


def elsewhere(month: ElsewhereMonth, sources: Sources) -> Elsewhere:
    """The same month in another provider's stack."""
    name, sure = month.name, PRICES.get(month.confidence, month.confidence)
    here, there = numbers.cents(month.aws), numbers.cents(month.there)
    return Elsewhere(
        name=f"The same month on {name}",
        sentence=f"{there} a month on {name} where AWS is {here}; prices: {sure}.",
        units=_unit_table(name, month.rows, sources),
        assumptions=month.assumptions,
    )


def _unit_table(name: str, rows: Sequence[MovedUnit], sources: Sources) -> Table:
    return Table(
        caption=f"AWS and {name}, unit by unit",
        columns=(
            Column(label="Service and unit", meaning="What AWS bills; or what comes on top.", numeric=False),
            Column(label="AWS", meaning="USD a month on AWS."),
            Column(label=name, meaning=f"USD a month on {name}; hover for the priced items."),
            Column(
                label="What becomes of it", meaning="Whether it moves, falls away or stays.", numeric=False
            ),
            Column(label="How", meaning="What takes its place.", numeric=False, wide=True),
        ),
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=" ".join(part for part in (row.service, row.unit) if part), tone="code"),
                    bill_cell(row.aws),
                    priced_cell(row.there, row.priced, sources),
                    FATES.get(row.fate, row.fate),
                    row.how,
                )
            )
            for row in rows
        ),
        empty="",
    )
