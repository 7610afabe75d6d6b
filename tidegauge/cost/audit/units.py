"""The unit of a line: what one of it is, how estimates count it, and what a price of it is the price of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.audit.dimensions import BYTES, NONE, TIME, USD, VCPU, Amount, Dimension, joined
from tidegauge.cost.audit.formula_parser import PriceTerm
from tidegauge.cost.prices import Price

GB = 2**30
_GB_SECONDS = tuple(sorted((*BYTES, *TIME)))
_VCPU_SECONDS = tuple(sorted((*VCPU, *TIME)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of the price book; a line of several has none, and its figures are dollars alone."""

    dimension: Dimension
    size: int  # base units (bytes, seconds) in one
    per: int  # units in a list unit
    month_s: Fraction  # seconds that a month is billed for
    listed: Fraction | None  # USD a list unit, in the first tier; None where the book has no price

    @property
    def bare(self) -> int:
        """Units that a quantity of 1 without a unit stands for: bytes are counted in GB, all else singly."""
        return GB // self.size if self.dimension == BYTES else 1

    def quantity(self, amount: Amount) -> Fraction | None:
        """`amount` in this unit; None where it is something else."""
        for reading in amount.readings():
            if reading.dimension == self.dimension:
                return reading.value / self.size
        plain = _plain(amount)
        return None if plain is None else plain * self.bare

    def dollars(self, amount: Amount) -> Fraction | None:
        """`amount` as dollars: `500 GB × $0.023` too, as a bare price is of a GB or an hour; else None."""
        implied = [self._implied(joined(each.dimension, USD, -1)) for each in amount.readings()]
        sizes = zip(amount.readings(), implied, strict=True)
        known = [(size, each.value) for each, size in sizes if size is not None]
        # What is dollars already goes before what lacks the hours that its price is of.
        return min(known)[1] / min(known)[0] if known else None

    def unit_price(self, term: PriceTerm) -> Fraction | None:
        """USD a unit that `term` says; None where it is the price of something else."""
        if not term.is_divided:
            return self.bare_price(term.amount.value)
        amount = next(term.amount.readings())
        missing = joined(joined(amount.dimension, USD, -1), self.dimension, 1)
        if term.amount.months == -1 and TIME[0] in missing:  # `$150/month` of what is billed by the hour
            amount, missing = amount / Amount(self.month_s), joined(missing, TIME, -1)
        implied = self._implied(missing)
        return None if implied is None else amount.value / implied * self.size

    def bare_price(self, written: Fraction) -> Fraction:
        """USD a unit of a price without one: of a unit or of a list unit, whichever is near the book's."""
        if not self.listed or not written:
            return written / self.per
        near_list, near_unit = _times(written, self.listed), _times(written, self.listed / self.per)
        return written if near_unit < near_list else written / self.per

    def _implied(self, dimension: Dimension) -> Fraction | None:
        """Base units in the list unit's part of that dimension; None where it is no part of the unit's."""
        size, own = Fraction(1), dict(self.dimension)
        for base, exponent in dimension:
            if own.get(base) != exponent:
                return None
            size *= self._listed_size(base)
        return size

    def _listed_size(self, base: str) -> int:
        """Seconds of the hour that hourly prices are of, bytes of a GB."""
        if base == "byte":
            return GB
        if base == "s":
            return self.per if self.size in (1, GB) else self.size
        return 1


def unit_of(name: str | None, price: Price | None, hours_per_month: Decimal) -> Unit:
    """The unit called `name`, with the book's price of it."""
    dimension, size = _dimension(name)
    return Unit(
        dimension=dimension,
        size=size,
        per=price.per if price else GB // size if dimension == BYTES else 1,
        month_s=Fraction(hours_per_month) * 3600,
        listed=None if price is None else Fraction(price.tiers[0].list_price),
    )


def _dimension(unit: str | None) -> tuple[Dimension, int]:
    """(dimension of a unit of the book, its size in base units)."""
    if unit is None:
        return NONE, 1
    if unit == "vcpu_second":
        return _VCPU_SECONDS, 1
    if unit.endswith("gb_second"):
        return _GB_SECONDS, GB
    if {"byte", "gb"} & {*unit.split("_")}:
        return BYTES, GB if "gb" in unit.split("_") else 1
    for ending, seconds in (("_hour", 3600), ("_minute", 60), ("_second", 1)):
        if unit.endswith(ending):
            return TIME, seconds
    return NONE, 1


def _plain(amount: Amount) -> Fraction | None:
    return next((each.value for each in amount.readings() if each.dimension == NONE), None)


def _times(one: Fraction, other: Fraction) -> Fraction:
    """How many times one is of the other, at least 1."""
    return max(one / other, other / one)


def magnitudes(per: int) -> Iterator[Fraction]:
    """The factors that a unit is mistaken by: powers of ten and of 1,024, and what the list unit holds."""
    yield from (Fraction(10) ** power for power in range(-15, 16) if power)
    yield from (Fraction(2) ** power for power in (-40, -30, 30, 40))
    yield from (Fraction(per), Fraction(1, per)) if per != 1 else ()
