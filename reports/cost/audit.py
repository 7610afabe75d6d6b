"""The report's section on an audited estimate: its totals, tables, claims and what-ifs."""

from __future__ import annotations

from dataclasses import dataclass

from reports.cost.architecture import resource_table, unpriced_table
from reports.cost.audit_lines import item_table, line_table, messages
from reports.cost.sources import Sources
from reports.cost.what_if import Elsewhere, elsewhere, tornado, what_if_table
from reports.drawing import numbers
from reports.drawing.bars import Bars
from reports.drawing.tables import Cell, Column, Row, Table, cells
from tidegauge.audit_record import AuditRecord

ENGINES = {"redis_oss": "Corrected, with Redis OSS", "valkey": "Corrected, with Valkey"}
CLAIM_COLUMNS = (
    Column(label="Claim", meaning="What the estimate states outside its lines.", numeric=False),
    Column(label="Findings", meaning="What the audit found, in sentences.", numeric=False, wide=True),
)


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
    resources: Table
    tornado: Bars | None
    what_ifs: Table
    elsewhere: tuple[Elsewhere, ...]
    assumptions: tuple[str, ...]
    old_prices: tuple[str, ...]


def audit_section(audit: AuditRecord | None, sources: Sources) -> AuditSection | None:
    """The section of an audit; None without one."""
    if audit is None:
        return None
    return AuditSection(
        name=f"{audit.name}, {audit.region}",
        facts=_facts(audit),
        lines=line_table(audit, sources),
        unpriced=unpriced_table(audit),
        findings=messages(audit.findings),
        claims=_claim_table(audit),
        items=item_table(audit, sources),
        resources=resource_table(audit),
        tornado=tornado(audit.what_ifs),
        what_ifs=what_if_table(audit.what_ifs),
        elsewhere=tuple(elsewhere(each, sources) for each in audit.elsewhere),
        assumptions=tuple(audit.assumptions),
        old_prices=tuple(audit.old_prices),
    )


def _facts(audit: AuditRecord) -> tuple[Fact, ...]:
    engines = [(ENGINES.get(name, name), total) for name, total in audit.totals.items()]
    known = [
        ("Estimate", audit.estimate_total),
        ("Corrected", audit.corrected_total),
        *((name, total) for name, total in engines if total is not None),
        ("Held around the clock, of the corrected", audit.fixed_monthly),
    ]
    facts = [_monthly(name, total, name != "Estimate" and not audit.complete) for name, total in known]
    return (*facts[:2], _deviation(audit), *facts[2:])


def _monthly(name: str, total: str | None, is_partial: bool) -> Fact:
    if total is None:
        return Fact(name=name, value="n/a: what it needs has no price or no templates; see the findings")
    least = "at least " if is_partial else ""
    return Fact(name=name, value=f"{least}{numbers.cents(total)} a month", exact=numbers.exact_money(total))


def _deviation(audit: AuditRecord) -> Fact:
    tolerance = f"tolerance {numbers.exact_percent(float(audit.tolerance))}"
    if audit.deviation is None:
        why = "without a corrected total" if audit.corrected_total is None else "of nothing"
        return Fact(name="Off by", value=f"n/a {why} ({tolerance})")
    within = audit.within_tolerance
    sign, where = ("✓", "within") if within else ("✕", "outside")
    share = numbers.percent(float(audit.deviation))
    return Fact(
        name="Off by",
        value=f"{sign} {share} of the corrected total, {where} the {tolerance}",
        tone="good" if within else "bad",
    )


def _claim_table(audit: AuditRecord) -> Table:
    return Table(
        caption="What else the estimate claims",
        columns=CLAIM_COLUMNS,
        rows=tuple(
            Row(cells=cells(claim.text, Cell(text="", items=messages(claim.findings))))
            for claim in audit.claims
        ),
        empty="",
    )
