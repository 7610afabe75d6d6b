"""An estimate and its audit: line by line, what is absent, what else was claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reports import numbers
from reports.bars import Bars
from reports.cost_cells import bill_cell, difference_cell, priced_cell
from reports.cost_lines import LIST_PRICE, line_cells
from reports.cost_sources import Sources
from reports.cost_what_if import Elsewhere, elsewhere, tornado, what_if_table
from reports.tables import Cell, Column, Row, Table, cells

BASES = {
    "run": "this run",
    "architecture": "the architecture",
    "scenario": "the scenario",
    "estimate": "its own quantity",
    "kept": "kept as stated",
}
ENGINES = {"redis_oss": "Corrected, with Redis OSS", "valkey": "Corrected, with Valkey"}
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
UNPRICED_COLUMNS = (
    Column(label="Service", meaning="What AWS would bill.", numeric=False),
    Column(label="Resource", meaning="What is billed in the templates.", numeric=False, wide=True),
    Column(label="Not said", meaning="The figures that the estimate's scenario lacks.", numeric=False),
    Column(label="What they are", meaning="What those figures stand for.", numeric=False, wide=True),
)
ITEM_COLUMNS = (
    Column(label="For", meaning="The line, or what no line has.", numeric=False),
    Column(label="Service and unit", meaning="What AWS bills, and by which unit.", numeric=False),
    Column(label="Quantity", meaning="Billable units of the month; hover for all digits."),
    LIST_PRICE,
    Column(label="Amount", meaning="Quantity times price; hover for all digits."),
    Column(
        label="How known",
        meaning="Counted or metered in the run, or estimated; below it how sure its price is.",
        numeric=False,
    ),
)
CLAIM_COLUMNS = (
    Column(label="Claim", meaning="A statement of the estimate that is no line.", numeric=False),
    Column(label="Findings", meaning="What the audit found, in sentences.", numeric=False, wide=True),
)

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A figure of the whole estimate; `tone` is good or bad where it is judged."""

    name: str
    value: str
    exact: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSection:
    """All that the report says of an audited estimate."""

    name: str
    facts: tuple[Fact, ...]
    lines: Table
    unpriced: Table
    findings: tuple[str, ...]
    claims: Table
    items: Table  # every priced one
    tornado: Bars | None
    what_ifs: Table
    elsewhere: tuple[Elsewhere, ...]
    assumptions: tuple[str, ...]
    old_prices: tuple[str, ...]


def audit_section(audit: Document | None, sources: Sources) -> AuditSection | None:
    """The section of an audit; None without one."""
    if audit is None:
        return None
    return AuditSection(
        name=f"{audit['name']}, {audit['region']}",
        facts=_facts(audit),
        lines=_line_table(audit, sources),
        unpriced=_unpriced_table(audit),
        findings=_messages(audit["findings"]),
        claims=_claim_table(audit),
        items=_item_table(audit, sources),
        tornado=tornado(audit["what_ifs"]),
        what_ifs=what_if_table(audit["what_ifs"]),
        elsewhere=tuple(elsewhere(each, sources) for each in audit["elsewhere"]),
        assumptions=tuple(audit["assumptions"]),
        old_prices=tuple(audit["old_prices"]),
    )


def _facts(audit: Document) -> tuple[Fact, ...]:
    engines = [(ENGINES.get(name, name), total) for name, total in audit["totals"].items()]
    known = [
        ("Estimate", audit["estimate_total"]),
        ("Corrected", audit["corrected_total"]),
        *((name, total) for name, total in engines if total is not None),
        ("Held around the clock, of the corrected", audit["fixed_monthly"]),
    ]
    facts = [_monthly(name, total) for name, total in known]
    return (*facts[:2], _deviation(audit), *facts[2:])


def _monthly(name: str, total: str | None) -> Fact:
    if total is None:
        return Fact(name=name, value="n/a: what it needs has no price or no templates; see the findings")
    return Fact(name=name, value=f"{numbers.cents(total)} a month", exact=numbers.exact_money(total))


def _deviation(audit: Document) -> Fact:
    tolerance = f"tolerance {numbers.exact_percent(float(audit['tolerance']))}"
    if audit["deviation"] is None:
        return Fact(name="Off by", value=f"n/a without a corrected total ({tolerance})")
    within = bool(audit["within_tolerance"])
    sign, where = ("✓", "within") if within else ("✕", "outside")
    share = numbers.percent(float(audit["deviation"]))
    return Fact(
        name="Off by",
        value=f"{sign} {share} of the corrected total, {where} the {tolerance}",
        tone="good" if within else "bad",
    )


def _line_table(audit: Document, sources: Sources) -> Table:
    absent = [row for row in audit["absent"] if row["amount"] is not None]
    rows = [_line_row(line, sources) for line in audit["lines"]]
    if absent:
        rows.append(Row(kind="group", cells=cells("Absent from the estimate", *[""] * 5)))
    rows.extend(_absent_row(row, sources) for row in sorted(absent, key=lambda row: -Decimal(row["amount"])))
    totals = (audit["estimate_total"], audit["corrected_total"])
    rows.append(Row(kind="total", cells=cells("Total", *map(bill_cell, totals), "", "", "")))
    return Table(
        caption="The estimate line by line, USD a month",
        columns=AUDIT_COLUMNS,
        rows=tuple(rows),
        empty="The estimate has no line.",
    )


def _line_row(line: Document, sources: Sources) -> Row:
    name = Cell(text=str(line["id"]), note=str(line["text"] or line["formula"] or ""), tone="code")
    basis = BASES.get(line["basis"], str(line["basis"]))
    found = Cell(text="", items=_messages(line["findings"]))
    return Row(
        cells=cells(
            name,
            bill_cell(line["estimate"]),
            priced_cell(line["corrected"], line["priced"], sources),
            difference_cell(line["difference"]),
            basis,
            found,
        )
    )


def _absent_row(row: Document, sources: Sources) -> Row:
    name = Cell(text=str(row["service"]), note=str(row["resource"] or "measured in the run"), tone="code")
    return Row(
        kind="member",
        cells=cells(
            name,
            Cell(text="none", tone="quiet"),
            priced_cell(row["amount"], row["priced"], sources),
            difference_cell(row["amount"]),
            "",
            Cell(text=str(row["why"]), note=str(row["unit"] or "")),
        ),
    )


def _unpriced_table(audit: Document) -> Table:
    return Table(
        caption="Billed, but not priced: the scenario does not say how much",
        columns=UNPRICED_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=str(row["service"]), tone="code"),
                    Cell(text=str(row["resource"] or ""), note=str(row["resource_type"] or "")),
                    Cell(text="", items=tuple(row["needs"])),
                    str(row["why"]),
                )
            )
            for row in audit["absent"]
            if row["amount"] is None
        ),
        empty="",
    )


def _item_table(audit: Document, sources: Sources) -> Table:
    """Every priced item, by the line that it stands for."""
    named = [(line["id"], item) for line in audit["lines"] for item in line["priced"]]
    named += [(f"absent: {row['service']}", item) for row in audit["absent"] for item in row["priced"]]
    return Table(
        caption="What the corrected amounts are made of",
        columns=ITEM_COLUMNS,
        rows=tuple(
            Row(cells=(Cell(text=str(name), tone="code"), *line_cells(item, sources))) for name, item in named
        ),
        empty="",
    )


def _claim_table(audit: Document) -> Table:
    return Table(
        caption="What else the estimate claims",
        columns=CLAIM_COLUMNS,
        rows=tuple(
            Row(cells=cells(str(claim["text"]), Cell(text="", items=_messages(claim["findings"]))))
            for claim in audit["claims"]
        ),
        empty="",
    )


def _messages(findings: Sequence[Document]) -> tuple[str, ...]:
    return tuple(str(finding["message"]) for finding in findings)
