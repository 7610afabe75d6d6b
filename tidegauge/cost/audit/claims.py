"""Statements about cost beside the lines, held against the same evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.estimate import Claim
from tidegauge.cost.audit.estimate_fields import HINT
from tidegauge.cost.audit.month_items import add, units_a_month
from tidegauge.cost.audit.references import References
from tidegauge.cost.audit.result import Audit, AuditedLine
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.doubts import in_words, mark
from tidegauge.cost.lines import PricedLine
from tidegauge.cost.prices import PriceBook, label
from tidegauge.cost.words import count, things
from tidegauge.dollars import usd
from tidegauge.errors import TidegaugeError, nearest

NODES_OF_LOAD = ("fargate", "elasticache", "ec2")  # what smaller sizes make cheaper


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedClaim:
    """A claim and what there is to say about it."""

    claim: Claim
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What claims are held against beside the audit."""

    book: PriceBook
    references: References


def audit_claims(audit: Audit, book: PriceBook, references: References) -> tuple[AuditedClaim, ...]:
    """Every claim of the estimate (exit 2 where one's kind is unknown, or a key is missing)."""
    known, found = Known(book=book, references=references), []
    for claim in audit.estimate.claims:
        if claim.kind not in KINDS:
            raise TidegaugeError(
                f"{claim.where / 'kind'}: there is no kind of claim '{claim.kind:.40}'",
                nearest(claim.kind, KINDS),
            )
        found.append(AuditedClaim(claim=claim, findings=(KINDS[claim.kind](claim, audit, known),)))
    return tuple(found)


def _spot_share(claim: Claim, audit: Audit, known: Known) -> Finding:
    """A share of a line's tasks on Spot: priced, or not."""
    line, share = _line(claim, audit), _value(claim)
    paid = [each for each in line.priced if each.item.service == "fargate"]
    spot = add(each.amount_exact for each in paid if dict(each.item.attributes).get("capacity") == "spot")
    if spot:
        message = f"the architecture runs {usd(spot)}{mark(paid)} of {usd(line.corrected)} a month on Spot"
        return Finding(code="spot_priced", message=message)
    note = _spot_note(known.book)
    mixed = add(_on_spot(each, share, known.book) for each in paid)
    message = (
        f"the Spot share is not priced: all of {line.reading.line.id} is on demand, {usd(line.corrected)}; "
        f"with {float(share * 100):g} % on Spot it is {usd(mixed)} (Spot prices vary: {note})"
    )
    return Finding(code="spot_not_priced", message=message)


def _on_spot(line: PricedLine, share: Fraction, book: PriceBook) -> Fraction:
    spot = _spot_price(line, book)
    return line.amount_exact * (1 - share) + Fraction(line.quantity) * spot * share


def _spot_price(line: PricedLine, book: PriceBook) -> Fraction:
    price = book.find("fargate", line.item.unit, {**dict(line.item.attributes), "capacity": "spot"})
    return line.unit_price if price is None else price.unit_price(price.tiers[0])


def _spot_note(book: PriceBook) -> str:
    price = book.find("fargate", "vcpu_second", {"arch": "x86", "capacity": "spot"})
    return "no price is known" if price is None else f"{price.origin.note}; {in_words(price.origin)}"


def _spot_discount(claim: Claim, _audit: Audit, known: Known) -> Finding:
    book = known.book
    spot = book.find("fargate", "vcpu_second", {"arch": "x86", "capacity": "spot"})
    full = book.find("fargate", "vcpu_second", {"arch": "x86", "capacity": "on_demand"})
    if spot is None or full is None:
        return Finding(code="unverifiable", message="the price book has no Spot price")
    off = 1 - spot.unit_price(spot.tiers[0]) / full.unit_price(full.tiers[0])
    message = (
        f"{float(_value(claim) * 100):g} % is the most that Spot takes off, not a price: the book assumes "
        f"{float(off * 100):g} % ({in_words(spot.origin)})"
    )
    return Finding(code="spot_varies", message=message)


def _unit_month(claim: Claim, audit: Audit, known: Known) -> Finding:
    """USD a month of one unit."""
    book = known.book
    if claim.service is None or claim.unit is None:
        raise TidegaugeError(f"{claim.where}: claim '{claim.id:.40}' names no service and unit", HINT)
    price = book.find(claim.service, claim.unit, dict(claim.attributes))
    if price is None:
        reason, hint = book.why_unknown(claim.service, claim.unit, dict(claim.attributes))
        raise TidegaugeError(f"{claim.where}: {reason}", hint)
    month = price.unit_price(price.tiers[0]) * units_a_month(claim.unit, book)
    name = label(claim.service, claim.unit, claim.attributes)
    message = f"a month of one {name} is {usd(month)}, not {usd(_value(claim))}"
    if claim.line is not None:
        held = add(each.quantity for each in _line(claim, audit).priced) / units_a_month(claim.unit, book)
        noun = claim.unit.rpartition("_")[0]
        message += f"; the architecture's {things(held, noun)} would be {usd(month * held)}"
    code = "price" if abs(month - _value(claim)) > Fraction(1, 2) else "agrees"
    return Finding(code=code, message=f"{message} ({in_words(price.origin)})")


def _total(claim: Claim, audit: Audit, known: Known) -> Finding:
    """A monthly total without lines: nothing to check, but what the architecture costs at any size."""
    message = f"{usd(_value(claim))} a month has no breakdown, so nothing of it can be checked"
    fixed = audit.evidence.fixed
    if fixed is not None:
        constant = [item for item in fixed.items if item.hourly_exact and item.service not in NODES_OF_LOAD]
        floor = add(item.hourly_exact for item in constant) * Fraction(known.book.hours_per_month)
        names = ", ".join(sorted({item.service for item in constant}))
        message += f"; smaller tasks and nodes leave {names} as they are, {usd(floor)} a month"
        message += " alone: parts must go" if floor > _value(claim) else ""
    return Finding(code="no_breakdown", message=message)


def _task_start(claim: Claim, _audit: Audit, known: Known) -> Finding:
    low, high = claim.low, claim.high
    if low is None or high is None:
        raise TidegaugeError(f"{claim.where}: claim '{claim.id:.40}' has no low and high", HINT)
    measured = known.references.task_start_s
    message = f"{measured.what} ({measured.source}, {measured.confidence})"
    apart = Fraction(measured.low) > high or Fraction(measured.high) < low
    said = f"{count(low)} to {count(high)} s is not what is measured: " if apart else "agrees: "
    return Finding(code="measured_otherwise" if apart else "agrees", message=said + message)


def _line(claim: Claim, audit: Audit) -> AuditedLine:
    lines = {line.reading.line.id: line for line in audit.lines}
    if claim.line not in lines:
        raise TidegaugeError(
            f"{claim.where / 'line'}: there is no line {claim.line!r:.60}", nearest(str(claim.line), lines)
        )
    return lines[claim.line]


def _value(claim: Claim) -> Fraction:
    if claim.value is None:
        raise TidegaugeError(f"{claim.where}: claim '{claim.id:.40}' has no value", HINT)
    return claim.value


KINDS: dict[str, Callable[[Claim, Audit, Known], Finding]] = {
    "spot_share": _spot_share,
    "spot_discount": _spot_discount,
    "unit_month": _unit_month,
    "total": _total,
    "task_start_s": _task_start,
}
