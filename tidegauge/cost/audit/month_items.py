"""A month's usage, derived from what is held around the clock and from a scenario's figures."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedItem
from tidegauge.cost.architecture.usage import Use
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, PriceBook
from tidegauge.cost.usage import UsageItem

SECONDS_PER_HOUR = 3600


def item_of(
    service: str, unit: str, attributes: Attributes, quantity: Fraction, flow: str | None = None
) -> UsageItem:
    """A month's usage that is derived, not counted."""
    return UsageItem(
        flow=flow,
        service=service,
        unit=unit,
        attributes=attributes,
        quantity=to_decimal(quantity),
        provenance="estimated",
    )


def use_item(use: Use) -> UsageItem:
    """A known use as a month's usage."""
    assert use.quantity is not None
    return item_of(use.service, use.unit, use.attributes, use.quantity)


def held_item(item: FixedItem, book: PriceBook) -> UsageItem:
    """What is held around the clock as a month's usage."""
    return item_of(item.service, item.unit, item.attributes, item.quantity * units_a_month(item.unit, book))


def units_a_month(unit: str, book: PriceBook) -> Fraction:
    """Units that one held unit makes a month."""
    hours = Fraction(book.hours_per_month)
    return (
        hours
        if unit.endswith("_hour")
        else hours * SECONDS_PER_HOUR
        if unit.endswith("_second")
        else Fraction(1)
    )


def add(values: Iterable[Decimal | Fraction]) -> Fraction:
    """The exact sum."""
    return sum((Fraction(value) for value in values), Fraction(0))
