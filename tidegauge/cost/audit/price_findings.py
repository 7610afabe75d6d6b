"""Sentences on the prices that a line of an estimate has, be they in its key or in its formula."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tidegauge.cost.audit.arithmetic import scale_of, times
from tidegauge.cost.audit.corrected import Corrected
from tidegauge.cost.audit.formula_parser import PriceTerm
from tidegauge.cost.audit.listed import TASK_HOUR
from tidegauge.cost.audit.matching import TASK_UNITS
from tidegauge.cost.audit.month_items import add
from tidegauge.cost.audit.reading import Reading
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.audit.units import unit_of
from tidegauge.cost.doubts import in_words, mark
from tidegauge.cost.lines import FREE_TIER, PricedLine
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.prices import Price, PriceBook, label
from tidegauge.dollars import usd

DIGITS_MAX = 14  # of a price in a sentence
TASK_ROUNDING_MAX = Fraction(1, 200)  # a task-hour's price is a sum that people round


def price_findings(
    reading: Reading, corrected: Corrected, priced: Sequence[PricedLine], book: PriceBook
) -> Iterator[Finding]:
    """Where a price of the line is not the book's."""
    if reading.line.unit == TASK_HOUR:
        yield from _task_hour_findings(reading, corrected, priced)
    elif reading.unit_price is not None:
        yield from _line_findings(reading, priced, book)
    yield from _term_findings(reading, book)


def _line_findings(reading: Reading, priced: Sequence[PricedLine], book: PriceBook) -> Iterator[Finding]:
    paid = [each for each in priced if each.tier != FREE_TIER]
    item = next(iter(paid or priced), None)
    price = None if item is None else book.find(item.item.service, item.item.unit, dict(item.item.attributes))
    if reading.unit_price is None or price is None or _is_price(reading.unit_price, price):
        return
    listed = price.unit_price(price.tiers[0])
    written = _shown(reading.unit_price * price.per)
    name = label(price.service, price.unit, price.attributes)
    message = f"{written} a {price.list_unit} is not the price of {name}, ${text(price.tiers[0].list_price)}"
    twin, scale = (
        _whose_price(reading.unit_price, price, book),
        scale_of(reading.unit_price, listed, price.per),
    )
    if twin is not None:
        own = f"{message}: it is that of {label(twin.service, twin.unit, twin.attributes)}"
        yield Finding(code="price_of_another_unit", message=f"{own} ({in_words(price.origin)})")
    elif scale is not None:
        yield Finding(
            code="unit_scale", message=f"{message}: it is {times(scale)} that ({in_words(price.origin)})"
        )
    elif listed:
        percent = float((reading.unit_price / listed - 1) * 100)
        yield Finding(code="price", message=f"{message} ({percent:+.1f} %; {in_words(price.origin)})")
    else:
        yield Finding(code="price", message=f"{message} ({in_words(price.origin)})")


def _task_hour_findings(
    reading: Reading, corrected: Corrected, priced: Sequence[PricedLine]
) -> Iterator[Finding]:
    """The price of a task-hour is that of its vCPU and its memory together."""
    if reading.unit_price is None or not corrected.task_hours:
        return
    right = add(line.amount_exact for line in priced) / corrected.task_hours
    if abs(reading.unit_price - right) > TASK_ROUNDING_MAX * right:
        message = (
            f"{usd(reading.unit_price)} a task-hour is not the price of the task, {usd(right)}{mark(priced)}"
        )
        yield Finding(code="price", message=message)


def _term_findings(reading: Reading, book: PriceBook) -> Iterator[Finding]:
    """Each of several prices in a formula is one that the book has for the line, in any tier."""
    line = reading.line
    units = TASK_UNITS if line.unit == TASK_HOUR else (line.unit,) if line.unit else line.covers
    sizes = {"vcpu", "memory_gb"} if line.unit == TASK_HOUR else set()
    wanted = {(key, value) for key, value in line.attributes if key not in sizes}
    own = [
        price
        for price in book.prices.values()
        if price.service == line.service and price.unit in units and wanted <= {*price.attributes}
    ]
    for term in reading.prices:
        said = [(price, each) for price in own if (each := _unit_price(term, price, book)) is not None]
        if said and not any(_is_price(each, price) for price, each in said):
            price, each = said[0]
            message = (
                f"${text(to_decimal(each * price.per))} a {price.list_unit} in the formula is not the price"
            )
            name = label(price.service, price.unit, price.attributes)
            message += f" of {name}, ${text(price.tiers[0].list_price)} ({in_words(price.origin)})"
            yield Finding(code="price", message=message)


def _unit_price(term: PriceTerm, price: Price, book: PriceBook) -> Fraction | None:
    return unit_of(price.unit, price, book.hours_per_month).unit_price(term)


def _is_price(unit_price: Fraction, price: Price) -> bool:
    return any(unit_price == price.unit_price(tier) for tier in price.tiers)


def _whose_price(unit_price: Fraction, own: Price, book: PriceBook) -> Price | None:
    """Another price of the service, in the same list unit, that is exactly that."""
    alike = (price for price in book.prices.values() if price.service == own.service and price is not own)
    return next(
        (price for price in alike if price.per == own.per and unit_price == price.unit_price(price.tiers[0])),
        None,
    )


def _shown(price: Fraction) -> str:
    """Every digit of a price as people write them; one that is the result of a division is rounded."""
    exact = text(to_decimal(price))
    return f"${exact}" if len(exact) <= DIGITS_MAX else usd(price)
