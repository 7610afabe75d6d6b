"""The price that the book has for a line, or why it has none and the line counts as it is written."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.prices import Price, PriceBook
from tidegauge.errors import TidegaugeError, nearest

TASK_HOUR = "task_hour"  # fargate's: vCPU and memory of one task for an hour, priced as two units
OTHER = "other"  # a service that nobody looks up
TYPO_MIN = 0.75  # likeness from which an unknown name is taken for a misspelt one


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the book has of a line's unit."""

    price: Price | None  # whatever its attributes; None for a line of several units, and of TASK_HOUR
    free: Fraction | None  # units of it that are free every month
    hours_per_month: Decimal
    unlisted: str | None = None  # why the line is counted at its own price


def look_up(line: EstimateLine, book: PriceBook) -> Listed:
    """The book's price of the line's unit; exit 2 where the line misspells a name and gives no source."""
    services = {price.service for price in book.prices.values()}
    if line.service not in services:
        return _unlisted(line, "service", line.service, services, book)
    units = {price.unit for price in book.prices.values() if price.service == line.service}
    known = units | ({TASK_HOUR} if line.service == "fargate" else set())
    for unit in [line.unit] if line.unit is not None else line.covers:
        if unit not in known:
            key = "unit" if line.unit else "covers"
            return _unlisted(line, key, unit, known, book)
    if line.unit is None or line.unit == TASK_HOUR:
        return Listed(price=None, free=None, hours_per_month=book.hours_per_month)
    price = _price(line, book)
    free = Fraction(book.free_pools[price.free_pool].quantity) if price.free_pool else None
    return Listed(price=price, free=free, hours_per_month=book.hours_per_month)


def _price(line: EstimateLine, book: PriceBook) -> Price:
    assert line.unit is not None
    own = book.find(line.service, line.unit, dict(line.attributes))
    alike = [
        price for price in book.prices.values() if (price.service, price.unit) == (line.service, line.unit)
    ]
    agreeing = (price for price in alike if set(line.attributes) <= set(price.attributes))
    return own or next(agreeing, alike[0])


def _unlisted(line: EstimateLine, key: str, name: str, known: Collection[str], book: PriceBook) -> Listed:
    """A line of what the book lacks: a service with its own price, or any other name with its source."""
    of = "" if key == "service" else f" of {line.service}"
    lacks = f"the price book has no {'service' if key == 'service' else 'unit'} '{name:.60}'{of}"
    close = difflib.get_close_matches(name, known, n=1, cutoff=TYPO_MIN)
    is_own = key == "service" and (name == OTHER or not close)
    if line.source is None and not is_own:
        raise TidegaugeError(
            f"{line.where / key}: {lacks}",
            f'{nearest(name, known)} To count the line at its own price, give its source = "..."',
        )
    if name == OTHER:
        lacks = "it is of no service of the price book"
    return Listed(price=None, free=None, hours_per_month=book.hours_per_month, unlisted=lacks)
