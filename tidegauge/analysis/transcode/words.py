"""Figures inside the answer's sentences."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal


def usd(amount: Decimal | float) -> str:
    """Dollars with cents, or three significant digits where it is less than ten cents."""
    value = Decimal(str(amount))
    if abs(value) >= Decimal("0.1") or value == 0:
        return f"${value:,.2f}"
    rounded = Context(prec=3, rounding=ROUND_HALF_EVEN).plus(value)
    exponent = rounded.as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"${rounded:,.{decimals}f}"


def seconds(value: float) -> str:
    """Seconds with three significant digits."""
    return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def megabytes(value: float) -> str:
    """Bytes in decimal megabytes or kilobytes."""
    return f"{value / 1e6:.3g} MB" if value >= 1e6 else f"{value / 1e3:.3g} kB"


def counted(number: int, word: str, plural: str) -> str:
    """`1 medium`, `2 media`."""
    return f"{number} {word if number == 1 else plural}"
