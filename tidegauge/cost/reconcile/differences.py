"""The difference of one price's charges, taken apart exactly.

The book prices two steps between what was expected and what was billed: the billed quantity with the free
units that the book knows, and with those that the bill gave. The way to the first is the quantity's, to the
second the free tier's, from there to the bill the price's. Charges beside usage are parts of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.corrected import same
from tidegauge.cost.audit.month_items import add
from tidegauge.cost.money import text
from tidegauge.cost.prices import Price
from tidegauge.cost.reconcile.billed import FREE_TIER, ROUNDING, USAGE, MappedRows, settled
from tidegauge.cost.reconcile.causes import (
    NOT_BILLED,
    NOT_IN_ARCHITECTURE,
    PRICE,
    QUANTITY,
    UNKNOWN_QUANTITY,
    VOLUME_TIER,
    WORDS,
    Part,
    kept,
)
from tidegauge.cost.reconcile.expected import ExpectedUnit
from tidegauge.cost.words import units
from tidegauge.dollars import usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One price: what was expected of it, and the rows that were billed for it."""

    price: Price
    expected: ExpectedUnit | None
    rows: tuple[MappedRows, ...]
    free: Fraction  # units of the billed quantity that the book gives away
    is_marginal: bool
    is_unknown: bool  # whether it is expected, nobody knows how much

    @property
    def counted(self) -> tuple[MappedRows, ...]:
        """The rows whose quantity is usage."""
        return tuple(each for each in self.rows if each.rows.counts)

    @property
    def quantity(self) -> Fraction:
        """What was used, by the bill."""
        return add(each.quantity for each in self.counted)

    @property
    def billed(self) -> Fraction:
        """USD of all rows."""
        return add(each.rows.amount for each in self.rows)


def parts_of(position: Position) -> tuple[Part, ...]:
    """Parts that add up to billed less expected."""
    usage = _expected_parts(position) if position.expected is not None else _unexpected_parts(position)
    return kept([*usage, *_charges(position.rows)])


def _charges(rows: Sequence[MappedRows]) -> Iterator[Part]:
    """What stands beside usage."""
    for kind in dict.fromkeys(each.rows.kind for each in rows if not each.rows.counts):
        amount = add(each.rows.amount for each in rows if not each.rows.counts and each.rows.kind == kind)
        yield Part(cause=kind, amount=amount, message=WORDS.get(kind, kind))


def _unexpected_parts(position: Position) -> Iterator[Part]:
    amount = add(each.rows.amount for each in position.counted)
    cause = UNKNOWN_QUANTITY if position.is_unknown else NOT_IN_ARCHITECTURE
    yield Part(
        cause=cause, amount=amount, message=f"{units(position.quantity, position.price.unit)}: {WORDS[cause]}"
    )


def _expected_parts(position: Position) -> Iterator[Part]:
    expected, price = position.expected, position.price
    assert expected is not None
    if not position.counted:
        message = f"{units(expected.quantity, price.unit)}: {WORDS[NOT_BILLED]}"
        yield Part(cause=NOT_BILLED, amount=-expected.amount, message=message)
        return
    given = add(each.quantity for each in position.counted if each.rows.kind == FREE_TIER)
    by_book = _amount(position, position.free)
    by_bill = _amount(position, given)
    yield _quantity_part(position, expected, by_book)
    message = f"free in the bill {units(given, price.unit)}, in the book {units(position.free, price.unit)}"
    yield Part(cause=FREE_TIER, amount=by_bill - by_book, message=message)
    yield from _price_parts(position, by_bill)


def _quantity_part(position: Position, expected: ExpectedUnit, by_book: Fraction) -> Part:
    unit, amount = position.price.unit, by_book - expected.amount
    slack = add(each.quantity_slack for each in position.counted)
    if position.quantity == expected.quantity:  # free units went to another price of their pool
        return Part(cause=FREE_TIER, amount=amount, message="its share of the free units is another")
    is_near = abs(position.quantity - expected.quantity) <= slack
    if is_near or same(position.quantity, expected.quantity):
        return Part(cause=ROUNDING, amount=amount, message=WORDS[ROUNDING])
    message = f"billed {units(position.quantity, unit)}, expected {units(expected.quantity, unit)}"
    return Part(cause=QUANTITY, amount=amount, message=message)


def _price_parts(position: Position, by_bill: Fraction) -> Iterator[Part]:
    """What was billed less what the book makes of that quantity: by commitments, then by the price itself."""
    first = position.price.unit_price(position.price.tiers[0])
    rest = by_bill
    for kind in dict.fromkeys(each.rows.kind for each in position.counted):
        rows = [each for each in position.counted if each.rows.kind == kind]
        if kind not in (USAGE, FREE_TIER):
            quantity, amount = add(each.quantity for each in rows), add(each.rows.amount for each in rows)
            at_list = settled(quantity * first)
            rest -= at_list
            message = f"{units(quantity, position.price.unit)} covered by {WORDS[kind]}"
            yield Part(cause=kind, amount=amount - at_list, message=message)
    usage = [each for each in position.counted if each.rows.kind == USAGE]
    amount = add(each.rows.amount for each in usage) - rest
    if abs(amount) <= _slack(usage, first):
        yield Part(cause=ROUNDING, amount=amount, message=WORDS[ROUNDING])
        return
    cause = VOLUME_TIER if position.is_marginal and _are_tiers(usage, position.price) else PRICE
    yield Part(cause=cause, amount=amount, message=_rates(usage, position.price))


def _slack(rows: Sequence[MappedRows], unit_price: Fraction) -> Fraction:
    return add(each.amount_slack + each.quantity_slack * unit_price for each in rows)


def _are_tiers(rows: Sequence[MappedRows], price: Price) -> bool:
    known = {price.unit_price(tier) for tier in price.tiers}
    return all(each.rows.rate is not None and each.rows.rate / each.holds in known for each in rows)


def _rates(rows: Sequence[MappedRows], price: Price) -> str:
    """The billed rates beside the book's, in its list unit."""
    billed = {_rate(each) * price.per for each in rows if each.quantity}
    listed = [text(tier.list_price) for tier in price.tiers]
    shown = ", ".join(usd(rate) for rate in sorted(billed)[:3])
    known = " … ".join(f"${each}" for each in listed[:3])
    return f"billed at {shown} / {price.list_unit}, the price book has {known}"


def _rate(rows: MappedRows) -> Fraction:
    """USD a unit of the book: as the bill names it, else by amount and quantity."""
    if rows.rows.rate:
        return rows.rows.rate / rows.holds
    return rows.rows.amount / rows.quantity


def _amount(position: Position, free: Fraction) -> Fraction:
    """The book's USD of the billed quantity, of which `free` units cost nothing and begin the tiers."""
    price, begin, left = position.price, free, max(position.quantity - free, Fraction(0))
    if position.is_marginal:
        return settled(left * price.unit_price(price.tiers[0]))
    amount = Fraction(0)
    for tier in price.tiers:
        room = left if tier.up_to is None else min(left, max(Fraction(tier.up_to) - begin, Fraction(0)))
        amount += room * price.unit_price(tier)
        begin, left = begin + room, left - room
    return settled(amount)
