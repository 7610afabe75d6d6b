"""Quantities in sentences; documents carry every digit instead."""

from __future__ import annotations

from fractions import Fraction

GB = 2**30


def count(quantity: Fraction, digits: int = 6) -> str:
    """A quantity in a sentence: to significant digits, whole where they leave no place after the point."""
    if quantity.denominator == 1 or abs(quantity) >= min(10**6, 10 ** (digits - 1)):
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
