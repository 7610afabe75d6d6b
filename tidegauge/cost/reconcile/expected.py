"""What should have been billed: a run's usage and its architecture's hours, or an estimate's month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedCost, MissingFixed
from tidegauge.cost.audit.month_items import SECONDS_PER_HOUR, add, item_of
from tidegauge.cost.audit.result import Audit
from tidegauge.cost.lines import PricedUsage, price_usage
from tidegauge.cost.money import to_decimal
from tidegauge.cost.offered import Key
from tidegauge.cost.prices import PriceBook, label
from tidegauge.cost.reconcile.billed import settled
from tidegauge.cost.usage import Usage, UsageItem

BY_CALL = ("lambda", "lambda_edge")  # their seconds are of calls; all others' are of what is there


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedUnit:
    """What one price was expected to be charged for."""

    key: Key
    quantity: Fraction
    amount: Fraction  # USD


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSum:
    """An amount without a quantity, for some units of a service or all of them."""

    id: str
    service: str
    units: tuple[str, ...]
    amount: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """All of it."""

    source: str  # what it is from
    is_marginal: bool  # every unit at its first tier, without free units: a run is no month
    usage: Usage
    units: tuple[ExpectedUnit, ...]
    sums: tuple[ExpectedSum, ...]
    unknown: frozenset[tuple[str, str]]  # service and unit of what is expected, nobody knows how much of
    unpriced: tuple[str, ...]  # what is expected and has no price
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Fraction:
        """USD of what is known."""
        return add([*(each.amount for each in self.units), *(each.amount for each in self.sums)])


def expect_run(usage: Usage, fixed: FixedCost | None, hours: Fraction, book: PriceBook) -> Expected:
    """A run's usage at list prices, and its architecture's `hours`."""
    held = fixed.items if fixed else ()
    items = [
        item_of(each.service, each.unit, each.attributes, each.quantity * _units_of(each.unit, hours, book))
        for each in held
    ]
    whole = replace(usage, items=(*usage.items, *items))
    tables = fixed.provisioned_tables if fixed else frozenset[str]()
    priced = price_usage(whole, book, marginal=True, provisioned_tables=tables)
    return Expected(
        source="run",
        is_marginal=True,
        usage=whole,
        units=_units(priced, book),
        sums=(),
        unknown=frozenset((gap.service, gap.unit) for gap in usage.unknown),
        unpriced=_unpriced(priced, fixed.missing if fixed else ()),
        notes=() if fixed else ("the run names no architecture: hours that are held are not expected",),
    )


def _units_of(unit: str, hours: Fraction, book: PriceBook) -> Fraction:
    """Units that one held unit makes in `hours`."""
    if unit.endswith("_hour"):
        return hours
    if unit.endswith("_second"):
        return hours * SECONDS_PER_HOUR
    return hours / Fraction(book.hours_per_month)


def expect_estimate(audit: Audit, hours: Fraction, share: Fraction, book: PriceBook) -> Expected:
    """The month that an audit arrives at, in `hours` of it that are the `share` of a bill's period.

    What is held by time follows the hours, all else the share; tiers and free units are those of the month.
    """
    by_time = hours / Fraction(book.hours_per_month)
    items = tuple(_scaled(item, by_time if _is_by_time(item) else share) for item in audit.month.items)
    usage = replace(audit.month, items=items, window_s=to_decimal(hours * SECONDS_PER_HOUR))
    fixed = audit.evidence.fixed
    tables = fixed.provisioned_tables if fixed else frozenset[str]()
    priced = price_usage(usage, book, marginal=False, free_tier=True, provisioned_tables=tables)
    return Expected(
        source="estimate",
        is_marginal=False,
        usage=usage,
        units=_units(priced, book),
        sums=tuple(_sums(audit, share)),
        unknown=frozenset((use.service, use.unit) for use in audit.evidence.uses if use.quantity is None),
        unpriced=_unpriced(priced, _at_no_price(audit)),
    )


def _at_no_price(audit: Audit) -> list[MissingFixed]:
    """What the templates hold without a price, but for what a line of the estimate counts at its own."""
    lacking = {(each.file, each.resource, each.property) for each in audit.unpriced}
    held = audit.evidence.fixed.missing if audit.evidence.fixed else ()
    return [each for each in held if (each.file, each.resource, each.property) in lacking]


def _unpriced(priced: PricedUsage, held: Iterable[MissingFixed]) -> tuple[str, ...]:
    """A sentence each; usage of which only the quantity is unknown is not among them."""
    items = [f"{each.service} {each.unit}: {each.reason}" for each in priced.missing if each.hint]
    return (*items, *(f"{each.resource} ({each.resource_type}): {each.reason}" for each in held))


def _is_by_time(item: UsageItem) -> bool:
    """Whether a month of more hours has more of it."""
    return item.unit.endswith("_hour") or (item.unit.endswith("_second") and item.service not in BY_CALL)


def _scaled(item: UsageItem, factor: Fraction) -> UsageItem:
    return replace(item, quantity=to_decimal(Fraction(item.quantity) * factor))


def _sums(audit: Audit, share: Fraction) -> Iterable[ExpectedSum]:
    for line in audit.lines:
        kept = line.corrected - add(each.amount_exact for each in line.priced)
        written = line.reading.line
        if kept:
            units = (written.unit,) if written.unit else written.covers
            yield ExpectedSum(
                id=written.id, service=written.service, units=units, amount=settled(kept * share)
            )


def _units(priced: PricedUsage, book: PriceBook) -> tuple[ExpectedUnit, ...]:
    """By the book's price, whatever else the usage says of itself."""
    found: dict[Key, ExpectedUnit] = {}
    for line in priced.lines:
        key = key_of(line.item, book)
        had = found.get(key, ExpectedUnit(key=key, quantity=Fraction(0), amount=Fraction(0)))
        found[key] = replace(
            had, quantity=had.quantity + Fraction(line.quantity), amount=had.amount + line.amount_exact
        )
    return tuple(replace(each, amount=settled(each.amount)) for each in found.values())


def key_of(item: UsageItem, book: PriceBook) -> Key:
    """The key of the price of what has one."""
    price = book.find(item.service, item.unit, dict(item.attributes))
    assert price is not None, label(item.service, item.unit, item.attributes)
    return price.service, price.unit, price.attributes
