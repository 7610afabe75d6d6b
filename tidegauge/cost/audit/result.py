"""An estimate held against its own arithmetic, the price book, the architecture and a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.absent import Absent, Position, absent_positions
from tidegauge.cost.audit.corrected import Basis, Corrected
from tidegauge.cost.audit.correcting import correct, unheld_findings
from tidegauge.cost.audit.estimate import Estimate, EstimateLine
from tidegauge.cost.audit.findings import line_findings, total_findings
from tidegauge.cost.audit.matching import Evidence, match
from tidegauge.cost.audit.month_items import SECONDS_PER_HOUR, add
from tidegauge.cost.audit.reading import Reading, read_line
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.audit.unpriced import Unpriced, resources_at_own_price, unpriced_parts
from tidegauge.cost.lines import PricedLine, PricedUsage, price_usage
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage, UsageItem

ENGINES = {"redis_oss": "redis", "valkey": "valkey"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLine:
    """A line as it was, and as it should have been."""

    reading: Reading
    basis: Basis
    corrected: Fraction  # USD a month
    priced: tuple[PricedLine, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an estimate gets wrong, line by line, and what it leaves out; USD a month."""

    estimate: Estimate
    lines: tuple[AuditedLine, ...]
    absent: tuple[Absent, ...]
    findings: tuple[Finding, ...]
    month: Usage  # all usage that the corrected total prices
    priced: PricedUsage
    evidence: Evidence
    unpriced: tuple[Unpriced, ...]  # what the total lacks: with any, it is the least that the month costs
    total: Fraction | None  # corrected, of what is known; None where a line's price is not
    totals: dict[str, Fraction | None]  # on each engine of the cache

    @property
    def estimate_total(self) -> Fraction:
        """The sum of the lines as they were written."""
        return add(line.reading.amount for line in self.lines)

    @property
    def complete(self) -> bool:
        """Whether the total holds all that is billed."""
        return self.total is not None and not self.unpriced

    @property
    def deviation(self) -> Fraction | None:
        """|corrected - estimate| / corrected; None where that is not known, or 0 and the estimate is not."""
        if not self.total:
            return Fraction(0) if self.total == self.estimate_total else None
        return abs(self.total - self.estimate_total) / self.total

    @property
    def is_within_tolerance(self) -> bool:
        """False too where the corrected total is not known."""
        return self.deviation is not None and self.deviation <= self.estimate.tolerance


def audit(estimate: Estimate, evidence: Evidence, book: PriceBook) -> Audit:
    """The audit of `estimate` by `evidence`, at the book's prices with the month's tiers and free units."""
    book = book.for_audits()
    readings = [read_line(line, book, estimate.names) for line in estimate.lines]
    matched, nobody = match(estimate.lines, evidence)
    corrected = [correct(reading, matched[reading.line.id], book) for reading in readings]
    positions = absent_positions(nobody, estimate.lines, corrected, matched, book)
    month = _month([*(each.items for each in corrected), *(each.items for each in positions)], book)
    tables = evidence.fixed.provisioned_tables if evidence.fixed else frozenset[str]()
    priced = price_usage(month, book, marginal=False, free_tier=True, provisioned_tables=tables)
    by_item: dict[int, list[PricedLine]] = {}
    for line in priced.lines:
        by_item.setdefault(id(line.item), []).append(line)
    absent = tuple(_priced_position(position, by_item) for position in positions)
    beside = _beside(absent, estimate.lines)
    lines = tuple(
        _audited(
            reading,
            each,
            by_item,
            beside.get(reading.line.id, ()),
            book,
            unheld_findings(reading.line, matched[reading.line.id], evidence.fixed),
        )
        for reading, each in zip(readings, corrected, strict=True)
    )
    total = _total(lines, absent, priced)
    return Audit(
        estimate=estimate,
        lines=lines,
        absent=absent,
        findings=tuple(total_findings(estimate, readings, priced, _unchecked(lines))),
        month=month,
        priced=priced,
        evidence=evidence,
        unpriced=tuple(unpriced_parts(nobody, evidence, book, resources_at_own_price(readings))),
        total=total,
        totals={name: _with_engine(total, engine, priced, book) for name, engine in ENGINES.items()},
    )


def _unchecked(lines: Iterable[AuditedLine]) -> dict[str, Fraction]:
    """{line id: USD} of what stands at prices of the estimate's own."""
    return {
        line.reading.line.id: line.corrected
        for line in lines
        if any(finding.code == "not_checked" for finding in line.findings)
    }


def _month(parts: Iterable[Iterable[UsageItem]], book: PriceBook) -> Usage:
    return Usage(
        region=book.region,
        window_s=book.hours_per_month * SECONDS_PER_HOUR,
        items=tuple(item for part in parts for item in part),
    )


def _priced(items: Iterable[UsageItem], by_item: dict[int, list[PricedLine]]) -> tuple[PricedLine, ...]:
    return tuple(line for item in items for line in by_item.get(id(item), ()))


def _priced_position(position: Position, by_item: dict[int, list[PricedLine]]) -> Absent:
    priced = _priced(position.items, by_item)
    return Absent(
        position=position,
        priced=priced,
        amount=add(line.amount_exact for line in priced) if position.items else None,
    )


def _audited(
    reading: Reading,
    corrected: Corrected,
    by_item: dict[int, list[PricedLine]],
    beside: Sequence[Absent],
    book: PriceBook,
    unheld: Iterable[Finding],
) -> AuditedLine:
    priced = _priced(corrected.items, by_item)
    amount = add(line.amount_exact for line in priced) + corrected.kept
    findings = line_findings(reading, corrected, priced, amount, beside, book)
    return AuditedLine(
        reading=reading,
        basis=corrected.basis,
        corrected=amount,
        priced=priced,
        findings=(*findings, *unheld),
    )


def _beside(absent: Sequence[Absent], lines: Sequence[EstimateLine]) -> dict[str, list[Absent]]:
    """{line id: what its service is billed for beside it}: the line of the same resource, else the first."""
    found: dict[str, list[Absent]] = {}
    for each in absent:
        own = [line for line in lines if line.service == each.position.service]
        naming = [line for line in own if {*line.resources} & {*each.position.resources}]
        if each.amount and own:
            found.setdefault((naming or own)[0].id, []).append(each)
    return found


def _total(lines: Sequence[AuditedLine], absent: Sequence[Absent], priced: PricedUsage) -> Fraction | None:
    if priced.missing:
        return None
    return add([*(line.corrected for line in lines), *(each.amount for each in absent if each.amount)])


def _with_engine(
    total: Fraction | None, engine: str, priced: PricedUsage, book: PriceBook
) -> Fraction | None:
    """The total if every cache node were of `engine`; None where such a node has no price."""
    if total is None:
        return None
    for line in priced.lines:
        if (line.item.service, line.item.unit) == ("elasticache", "node_hour"):
            other = book.find("elasticache", "node_hour", {**dict(line.item.attributes), "engine": engine})
            if other is None:
                return None
            total += Fraction(line.quantity) * (other.unit_price(other.tiers[0]) - line.unit_price)
    return total
