"""Money and quantities in sentences; documents carry every digit instead."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from tidegauge.cost.money import to_decimal

CENT = Decimal("0.01")
DIGITS = 3  # of an amount below a dollar
GB = 2**30


def usd(amount: Fraction | Decimal | float) -> str:
    """US dollars for people, everywhere: to the cent, below a dollar to three significant digits; halves up.

    So no price becomes nothing, and a bill has cents. A float counts as the shortest decimal it prints as.
    """
    exact = Fraction(str(amount)) if isinstance(amount, float) else Fraction(amount)
    decimal = to_decimal(abs(exact))
    rounded = Context(prec=DIGITS, rounding=ROUND_HALF_UP).plus(decimal).normalize()
    exponent = rounded.as_tuple().exponent
    assert isinstance(exponent, int)  # a fraction is neither infinite nor NaN
    if rounded >= 1:
        rounded, exponent = decimal.quantize(CENT, ROUND_HALF_UP), -2
    shown = f"${rounded:,.{max(2, -exponent)}f}"
    return f"-{shown}" if amount < 0 else shown


def count(quantity: Fraction, digits: int = 6) -> str:
    """A quantity in a sentence: whole from a million up, else to significant digits."""
    if quantity.denominator == 1 or abs(quantity) >= 10**6:
        return f"{round(quantity):,}"
    return f"{float(quantity):,.{digits}g}"


def things(quantity: Fraction, noun: str) -> str:
    """`1 task`, `6 nodes`."""
    return f"{count(quantity)} {noun}" if quantity == 1 else f"{count(quantity)} {noun}s"


def units(quantity: Fraction, unit: str) -> str:
    """`5,000,000 get_request`; bytes in GB: `2,048 GB (egress_byte)`."""
    if "byte" in unit.split("_"):
        return f"{count(quantity / GB, 4)} GB ({unit})"
    return f"{count(quantity)} {unit}"
