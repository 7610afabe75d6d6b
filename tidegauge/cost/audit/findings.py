"""Sentences on what an estimate gets wrong. Rules name units and resource types, never somebody's lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from tidegauge.cost.audit.absent import Absent
from tidegauge.cost.audit.corrected import Corrected
from tidegauge.cost.audit.estimate import Estimate
from tidegauge.cost.audit.month_items import add
from tidegauge.cost.audit.price_findings import price_findings
from tidegauge.cost.audit.reading import Reading
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.doubts import mark
from tidegauge.cost.lines import FREE_TIER, PricedLine, PricedUsage
from tidegauge.cost.prices import PriceBook, label
from tidegauge.cost.words import count
from tidegauge.dollars import usd

EDGE_REQUESTS = "edge_requests_per_month"


def line_findings(
    reading: Reading,
    corrected: Corrected,
    priced: Sequence[PricedLine],
    amount: Fraction,
    beside: Sequence[Absent],
    book: PriceBook,
) -> Iterator[Finding]:
    """Everything that is wrong with one line, its own arithmetic first; `beside` is what it lacks."""
    yield from reading.findings
    yield from corrected.findings
    yield from price_findings(reading, corrected, priced, book)
    yield from _free_findings(reading, priced, amount)
    yield from (_outside_finding(each) for each in beside)


def _free_findings(reading: Reading, priced: Sequence[PricedLine], amount: Fraction) -> Iterator[Finding]:
    """Free units or dearer tiers that the estimate did not take into account."""
    free = [line for line in priced if line.tier == FREE_TIER and line.quantity]
    if free and reading.amount > amount:
        units: dict[str, Fraction] = {}
        for line in free:
            units[line.list_unit] = (
                units.get(line.list_unit, Fraction(0)) + Fraction(line.quantity) / line.per
            )
        parts = [f"{count(quantity, 4)} x {unit}" for unit, quantity in units.items()]
        message = (
            f"the free tier is ignored: {' and '.join(parts)} of {count(_units(priced), 4)} "
            f"are free every month, which leaves {usd(amount)}{mark(priced)}"
        )
        yield Finding(code="free_tier_ignored", message=message)
    tiers = {line.tier for line in priced if line.tier != FREE_TIER and line.quantity}
    if len(tiers) > 1 and len({line.item.unit for line in priced}) == 1:
        message = f"the month reaches into {len(tiers)} price tiers: {', '.join(sorted(tiers))}"
        yield Finding(code="tiers", message=message)


def _units(priced: Sequence[PricedLine]) -> Fraction:
    """List units of all lines together."""
    return add(Fraction(line.quantity) / line.per for line in priced)


def _outside_finding(each: Absent) -> Finding:
    """What the line's service is billed for beside it."""
    units = ", ".join(
        f"{count(Fraction(line.quantity) / line.per, 4)} x {line.list_unit}"
        for line in each.priced
        if line.amount_exact
    )
    amount = f"{usd(each.amount or Fraction(0))}{mark(each.priced)}"
    message = (
        f"{', '.join(each.position.resources)}: {amount} a month of {each.position.service} is in no line"
    )
    return Finding(code="outside_line", message=f"{message} ({units})")


def total_findings(
    estimate: Estimate,
    readings: Sequence[Reading],
    priced: PricedUsage,
    unchecked: Mapping[str, Fraction],
) -> Iterator[Finding]:
    """What concerns the estimate as a whole; `unchecked` has what lines count at prices of their own."""
    total = add(reading.amount for reading in readings)
    if estimate.total is not None and abs(total - Fraction(estimate.total)) > Fraction(1, 2):
        message = f"its lines add up to {usd(total)}, not to {usd(Fraction(estimate.total))}"
        yield Finding(code="sum", message=message)
    gets = next((each for each in readings if _is_origin_get(each)), None)
    edge = estimate.names.get(EDGE_REQUESTS)
    if gets is not None and gets.quantity and edge:
        hit = max(1 - gets.quantity / edge, Fraction(0))
        message = (
            f"{count(gets.quantity)} S3 GETs of {count(edge)} edge requests imply a hit ratio of at most "
            f"{float(hit * 100):.0f} %"
        )
        yield Finding(code="implied_hit_ratio", message=message)
    if unchecked:
        named = ", ".join(unchecked)
        message = (
            f"{usd(add(unchecked.values()))} of both totals is not checked, at the estimate's own prices"
        )
        yield Finding(code="not_checked", message=f"{message}: {named}")
    for gap in priced.missing:
        name = label(gap.service, gap.unit, gap.attributes)
        yield Finding(code="unpriced", message=f"{name}: {gap.reason}")


def _is_origin_get(reading: Reading) -> bool:
    return (reading.line.service, reading.line.unit) == ("s3", "get_request")
