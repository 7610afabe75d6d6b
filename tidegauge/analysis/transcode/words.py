"""Figures inside the answer's sentences."""

from __future__ import annotations


def seconds(value: float) -> str:
    """Seconds with three significant digits."""
    return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def megabytes(value: float) -> str:
    """Bytes in decimal megabytes or kilobytes."""
    return f"{value / 1e6:.3g} MB" if value >= 1e6 else f"{value / 1e3:.3g} kB"


def counted(number: int, word: str, plural: str) -> str:
    """`1 medium`, `2 media`."""
    return f"{number} {word if number == 1 else plural}"
