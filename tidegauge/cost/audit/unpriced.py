"""What is billed, while nobody knows its price or its quantity: a total with such a row is a lower bound."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tidegauge.cost.architecture.usage import Use
from tidegauge.cost.audit.absent import has_price
from tidegauge.cost.audit.matching import Evidence, Matched
from tidegauge.cost.audit.reading import Reading
from tidegauge.cost.prices import PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """A resource, or a billed property of it, that no total holds; and why."""

    file: str
    resource: str
    type: str
    property: str | None  # None: the whole resource, or what it is billed for by use
    reason: str


def resources_at_own_price(readings: Sequence[Reading]) -> frozenset[str]:
    """Resources that lines of the estimate count at a price of their own."""
    return frozenset(name for each in readings if each.unlisted for name in each.line.resources)


def unpriced_parts(
    nobody: Matched, evidence: Evidence, book: PriceBook, at_own_price: Collection[str]
) -> Iterator[Unpriced]:
    """What the templates hold without a known price, then what they are billed by use for and no line has.

    A whole resource that a line counts at its own price is in the total, so nothing of it is lacking.
    """
    for missing in evidence.fixed.missing if evidence.fixed else ():
        if missing.property is None and missing.resource in at_own_price:
            continue
        yield Unpriced(
            file=missing.file,
            resource=missing.resource,
            type=missing.resource_type,
            property=missing.property,
            reason=missing.reason,
        )
    measured = {(item.service, item.unit) for item in nobody.measured}
    for use in nobody.uses:
        reason = _why(use, book)
        if reason and (use.service, use.unit) not in measured:
            for each in (use.resource, *use.shared_with):
                yield Unpriced(
                    file=each.file, resource=each.name, type=each.type, property=None, reason=reason
                )


def _why(use: Use, book: PriceBook) -> str:
    """Why a use has no amount; empty where it has one, or none of it is used."""
    if not has_price(use, book):
        return "" if use.quantity == 0 else f"{use.how}: {_no_price(use, book)}"
    if use.quantity is None:
        return f"{use.how}: the scenario does not say {', '.join(use.needs)}"
    return ""


def _no_price(use: Use, book: PriceBook) -> str:
    return book.why_unknown(use.service, use.unit, dict(use.attributes))[0]
