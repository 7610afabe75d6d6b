"""Values with dimensions: dollars, vCPU, bytes, seconds, months; days and weeks may mean two things."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

Dimension = tuple[tuple[str, int], ...]  # (base, exponent), sorted, without zeros
NONE: Dimension = ()
USD: Dimension = (("USD", 1),)
TIME: Dimension = (("s", 1),)
BYTES: Dimension = (("byte", 1),)
VCPU: Dimension = (("vCPU", 1),)
DAY: Dimension = (("day", 1),)
WEEK: Dimension = (("week", 1),)
MONTH: Dimension = (("month", 1),)
SECONDS = {"day": 86_400, "week": 7 * 86_400}


class FormulaError(Exception):
    """Why a formula cannot be read."""


class DimensionError(FormulaError):
    """A formula that reads well and adds unlike things."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A value in base units: USD, vCPU, bytes, seconds, days, weeks and months."""

    value: Fraction
    dimension: Dimension = NONE

    def __mul__(self, other: Amount) -> Amount:
        return Amount(self.value * other.value, joined(self.dimension, other.dimension, 1))

    def __truediv__(self, other: Amount) -> Amount:
        if not other.value:
            raise FormulaError("it divides by zero")
        return Amount(self.value / other.value, joined(self.dimension, other.dimension, -1))

    def plus(self, other: Amount, sign: int) -> Amount:
        """The sum, or the difference for a sign of -1."""
        one, two = self, other
        if one.dimension != two.dimension:
            one, two = next(one.readings()), next(two.readings())
        if one.dimension != two.dimension:
            raise DimensionError(f"it adds {describe(self.dimension)} and {describe(other.dimension)}")
        return Amount(one.value + sign * two.value, one.dimension)

    @property
    def months(self) -> int:
        """The power of its months."""
        return dict(self.dimension).get("month", 0)

    def monthly(self) -> Amount:
        """The same without months: an estimate is of one."""
        return Amount(self.value, joined(self.dimension, (("month", -self.months),), 1))

    def readings(self) -> Iterator[Amount]:
        """What its days and weeks may mean: time, or else how often, as in `24 hours x 30 days`."""
        if self.months:
            yield from self.monthly().readings()
            return
        powers = dict(self.dimension)
        bases = [base for base in SECONDS if base in powers]
        for as_time in itertools.product((True, False), repeat=len(bases)):
            value, dimension = self.value, self.dimension
            for base, is_time in zip(bases, as_time, strict=True):
                value *= Fraction(SECONDS[base]) ** powers[base] if is_time else 1
                meant = (("s", powers[base]),) if is_time else NONE
                dimension = joined(joined(dimension, ((base, -powers[base]),), 1), meant, 1)
            yield Amount(value, dimension)


def joined(left: Dimension, right: Dimension, sign: int) -> Dimension:
    """The dimension of a product, or of a quotient for a sign of -1."""
    powers = dict(left)
    for base, exponent in right:
        powers[base] = powers.get(base, 0) + sign * exponent
    return tuple(sorted((base, exponent) for base, exponent in powers.items() if exponent))


def describe(dimension: Dimension) -> str:
    """A dimension in words: `vCPU x GB x hour`."""
    words = {"byte": "GB", "s": "hour"}
    over = [_power(words.get(base, base), exponent) for base, exponent in dimension if exponent > 0]
    under = [_power(words.get(base, base), -exponent) for base, exponent in dimension if exponent < 0]
    shown = " x ".join(over) or ("1" if under else "a plain number")
    return f"{shown} / {' / '.join(under)}" if under else shown


def _power(base: str, exponent: int) -> str:
    return base if exponent == 1 else f"{base}^{exponent}"
