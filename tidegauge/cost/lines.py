"""Usage times prices: one line an item and tier."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.free_units import allot_free_units, price_key
from tidegauge.cost.money import to_decimal
from tidegauge.cost.offered import Key
from tidegauge.cost.prices import Attributes, Origin, Price, PriceBook
from tidegauge.cost.usage import Usage, UsageItem
from tidegauge.errors import TidegaugeError, nearest

FREE_TIER = "free"
ON_DEMAND_UNITS = ("read_request_unit", "write_request_unit")  # what a provisioned table does not bill


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """Some units at one price."""

    item: UsageItem
    tier: str
    quantity: Decimal
    unit_price: Fraction  # USD a unit, exactly
    list_price: Decimal  # USD a `list_unit`, as published
    list_unit: str
    per: int  # units in a `list_unit`
    origin: Origin

    @property
    def amount_exact(self) -> Fraction:
        """USD; sums are made of these."""
        return Fraction(self.quantity) * self.unit_price

    @property
    def amount(self) -> Decimal:
        """USD, unrounded where its decimals end."""
        return to_decimal(self.amount_exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPrice:
    """Usage that has no price, or a quantity that nobody knows."""

    flow: str | None
    service: str
    unit: str
    attributes: Attributes
    reason: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredItem:
    """Usage that is paid for by fixed hours, and so has no price of its own."""

    item: UsageItem
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedUsage:
    """The lines of a usage, and what could not be priced."""

    lines: tuple[PricedLine, ...]
    missing: tuple[MissingPrice, ...]
    covered: tuple[CoveredItem, ...]
    free_tier: bool

    @property
    def total_exact(self) -> Fraction | None:
        """USD of all lines; None as soon as anything is missing."""
        return None if self.missing else sum((line.amount_exact for line in self.lines), Fraction(0))

    @property
    def total(self) -> Decimal | None:
        """USD of all lines; None as soon as anything is missing."""
        return None if self.total_exact is None else to_decimal(self.total_exact)


def price_usage(
    usage: Usage,
    book: PriceBook,
    *,
    marginal: bool,
    free_tier: bool = False,
    provisioned_tables: Collection[str] = (),
) -> PricedUsage:
    """`usage` at the prices of `book`.

    Marginal: every unit at its first tier's list price, without a free tier. Otherwise the usage is taken as
    the whole of one month: free units (if `free_tier`) pay for the dearest usage first, then tiers are filled
    by flows in the order of their names, so that the order of the items changes no amount.
    Request units of `provisioned_tables` are covered by their provisioned hours.
    """
    if usage.region != book.region:
        raise TidegaugeError(
            f"usage is of region '{usage.region:.60}', the prices are of {book.region}",
            nearest(usage.region, [book.region]),
        )
    if marginal and free_tier:
        raise TidegaugeError("marginal cost knows no free tier", "ask for one of the two")
    billed, covered, missing = _sort_out(usage, book, provisioned_tables)
    lines = _first_tier_lines(billed) if marginal else _month_lines(billed, book, free_tier)
    return PricedUsage(
        lines=tuple(lines), missing=tuple(missing), covered=tuple(covered), free_tier=free_tier
    )


def _sort_out(
    usage: Usage, book: PriceBook, provisioned_tables: Collection[str]
) -> tuple[list[tuple[UsageItem, Price]], list[CoveredItem], list[MissingPrice]]:
    """(what is billed, what fixed hours cover, what has no price)."""
    missing = [
        MissingPrice(
            flow=gap.flow, service=gap.service, unit=gap.unit, attributes=(), reason=gap.reason, hint=""
        )
        for gap in usage.unknown
        if gap.blocking
    ]
    covered: list[CoveredItem] = []
    billed: list[tuple[UsageItem, Price]] = []
    for item in usage.items:
        price = book.find(item.service, item.unit, dict(item.attributes))
        if price is None:
            reason, hint = book.why_unknown(item.service, item.unit, dict(item.attributes))
            missing.append(_missing(item, reason, hint))
        elif (table := _provisioned_table(item, provisioned_tables)) is not None:
            reason = (
                f"table {table} is provisioned: its hours are a fixed cost, its request units are not billed"
            )
            covered.append(CoveredItem(item=item, reason=reason))
        else:
            billed.append((item, price))
    return billed, covered, missing


def _first_tier_lines(billed: Sequence[tuple[UsageItem, Price]]) -> Iterator[PricedLine]:
    for item, price in billed:
        yield _line(item, price, price.tiers[0].name, item.quantity, 0)


def _month_lines(
    billed: Sequence[tuple[UsageItem, Price]], book: PriceBook, free_tier: bool
) -> Iterator[PricedLine]:
    """Lines in the order of the items, though free units and tiers go to them in an order of their own."""
    quantities: dict[Key, Fraction] = {}
    for item, price in billed:
        key = price_key(price)
        quantities[key] = quantities.get(key, Fraction(0)) + Fraction(item.quantity)
    month = _Month(book, allot_free_units(quantities, book) if free_tier else {})
    numbered = sorted(enumerate(billed), key=lambda each: _place_in_line(each[1][0]))
    lines = {at: list(month.lines(item, price)) for at, (item, price) in numbered}
    for at in range(len(billed)):
        yield from lines[at]


def _place_in_line(item: UsageItem) -> tuple[str, Attributes, str]:
    return item.flow or "", item.attributes, item.provenance


class _Month:
    """How far each price's tiers and free units are used up."""

    def __init__(self, book: PriceBook, free: dict[Key, Fraction]) -> None:
        self._used: dict[Key, Fraction] = {}
        self._free = free
        self._pools = book.free_pools

    def lines(self, item: UsageItem, price: Price) -> Iterator[PricedLine]:
        """One line for the free part and for each tier that the item reaches into."""
        key = price_key(price)
        used, left = self._used.get(key, Fraction(0)), Fraction(item.quantity)
        free = min(left, self._free.get(key, Fraction(0)))
        if price.free_pool and free:
            self._free[key] -= free
            yield _free_line(item, price, to_decimal(free), self._pools[price.free_pool].origin)
            # Free units are the beginning of the tiers: the free terabyte leaves 9 TB at the first price.
            used, left = used + free, left - free
        for number, tier in enumerate(price.tiers):
            room = left if tier.up_to is None else min(left, max(Fraction(tier.up_to) - used, Fraction(0)))
            if room or (not item.quantity and not number):  # no usage at all is still a line
                yield _line(item, price, tier.name, to_decimal(room), number)
            used, left = used + room, left - room
        self._used[key] = used


def _line(item: UsageItem, price: Price, tier: str, quantity: Decimal, number: int) -> PricedLine:
    return PricedLine(
        item=item,
        tier=tier,
        quantity=quantity,
        unit_price=price.unit_price(price.tiers[number]),
        list_price=price.tiers[number].list_price,
        list_unit=price.list_unit,
        per=price.per,
        origin=price.origin,
    )


def _free_line(item: UsageItem, price: Price, quantity: Decimal, origin: Origin) -> PricedLine:
    return PricedLine(
        item=item,
        tier=FREE_TIER,
        quantity=quantity,
        unit_price=Fraction(0),
        list_price=Decimal(0),
        list_unit=price.list_unit,
        per=price.per,
        origin=origin,
    )


def _provisioned_table(item: UsageItem, provisioned_tables: Collection[str]) -> str | None:
    table = dict(item.attributes).get("table")
    is_billed_by_request = item.service == "dynamodb" and item.unit in ON_DEMAND_UNITS
    return table if is_billed_by_request and table in provisioned_tables else None


def _missing(item: UsageItem, reason: str, hint: str) -> MissingPrice:
    return MissingPrice(
        flow=item.flow,
        service=item.service,
        unit=item.unit,
        attributes=item.attributes,
        reason=reason,
        hint=hint,
    )
