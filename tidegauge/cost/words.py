"""Money and quantities in sentences; documents carry every digit instead."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from tidegauge.cost.money import to_decimal

CENT = Decimal("0.01")
GB = 2**30


def usd(amount: Fraction) -> str:
    """USD in a sentence: cents, halves up, or three significant digits below a cent."""
    decimal = to_decimal(abs(amount))
    cents = decimal.quantize(CENT, ROUND_HALF_UP)
    shown = f"{cents:,}" if cents or not decimal else f"{decimal:.3g}"
    return f"-${shown}" if amount < 0 else f"${shown}"


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
