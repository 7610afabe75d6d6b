"""Exact US dollars: fractions inside, unrounded decimals outside.

A second of an hourly price (0.04048 / 3600) has no finite decimal, so amounts are fractions until they leave
this room; 3,600 such seconds are then the hourly price again, to the last digit.
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

ENDLESS_DIGITS = 50  # significant digits of a value whose decimals never end; far below any bill's last cent


def to_decimal(value: Fraction) -> Decimal:
    """`value` as a decimal: exact where its digits end, else to `ENDLESS_DIGITS` significant digits."""
    twos, fives, rest = _count(value.denominator, 2), _count(value.denominator, 5), value.denominator
    rest //= 2**twos * 5**fives
    if rest == 1:
        places = max(twos, fives)
        return _shifted(value.numerator * 10**places // value.denominator, places)
    context = Context(prec=ENDLESS_DIGITS)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def text(value: Fraction | Decimal) -> str:
    """`value` as documents carry it: plain digits without exponent or trailing zeros."""
    digits = format(to_decimal(value) if isinstance(value, Fraction) else value, "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return digits or "0"


def _count(number: int, prime: int) -> int:
    times = 0
    while number % prime == 0:
        number //= prime
        times += 1
    return times


def _shifted(digits: int, places: int) -> Decimal:
    sign, magnitude = int(digits < 0), str(abs(digits))
    return Decimal((sign, tuple(int(digit) for digit in magnitude), -places))
