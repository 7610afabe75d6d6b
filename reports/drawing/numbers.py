"""Numbers as people read them: never rounded to nothing, never without their sign of absence."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from tidegauge.summary import Quantiles

NOT_AVAILABLE = "n/a"
SUPPORT_RISK = 0.05
MONEY_DIGITS = 4
CENT = Decimal("0.01")


def required_n(quantile: float) -> int:
    """The fewest values that support a quantile: the smallest n with q^n <= 0.05 (Wilks 1941)."""
    return math.ceil(math.log(SUPPORT_RISK) / math.log(max(quantile, 1 - quantile)))


def count(value: float | None) -> str:
    """A whole number with thousands separators."""
    return NOT_AVAILABLE if value is None else f"{int(value):,}"


def milliseconds(value: float | None) -> str:
    """Three digits or more: 0.412, 4.12, 41.2, 412, 4,120."""
    return NOT_AVAILABLE if value is None else significant(value)


def significant(value: float, digits: int = 3) -> str:
    """At least `digits` significant digits, never fewer than the whole part has."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return f"{value:,.{max(0, decimals - 1)}f}" if _grew(text, digits) else text


def _grew(text: str, digits: int) -> bool:
    """Whether rounding carried into a further digit (9.999 to 10.00), which then needs a decimal less."""
    shown = text.lstrip("-0.").replace(",", "").replace(".", "")
    return "." in text and len(shown) > digits


def quantile_ms(times: Quantiles, name: str) -> str:
    """A quantile, or `n/a (84 of 299)` where too few values support it."""
    value = times.value(name)
    if value is not None:
        return milliseconds(value)
    support = times.unsupported.get(name)
    return f"{NOT_AVAILABLE} ({support})" if support else NOT_AVAILABLE


def interval_ms(times: Quantiles, name: str) -> str:
    """The 95 % interval of a quantile; a bound whose rank doesn't exist is n/a. Empty without a value."""
    low, high = times.interval(name)
    if times.value(name) is None or (low is None and high is None):
        return ""
    return f"{milliseconds(low)} – {milliseconds(high)}"


def percent(ratio: float | None) -> str:
    """A ratio of 0 to 1 in per cent; only exactly 0 and exactly 1 read as 0 % and 100 %."""
    if ratio is None:
        return NOT_AVAILABLE
    if ratio in (0, 1):
        return f"{ratio * 100:.0f} %"
    distance = min(abs(ratio), abs(1 - ratio)) * 100
    decimals = 1 if distance >= 1 else 1 - math.floor(math.log10(distance))
    return f"{ratio * 100:.{decimals}f} %"


def exact_percent(ratio: float) -> str:
    """A ratio that somebody chose, such as a limit: as many digits as it has."""
    return f"{(Decimal(str(ratio)) * 100).normalize():f} %"


def rate(value: float | None) -> str:
    """Something a second."""
    return NOT_AVAILABLE if value is None else f"{significant(value)}/s"


def size(value: float | None) -> str:
    """Bytes in decimal units."""
    if value is None:
        return NOT_AVAILABLE
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:,.0f} B" if unit == "B" else f"{significant(value)} {unit}"
        value /= 1000
    return f"{significant(value)} TB"


def memory(value: float | None) -> str:
    """Bytes of memory in GiB."""
    return NOT_AVAILABLE if value is None else f"{value / 2**30:.1f} GiB"


def seconds(value: float | None) -> str:
    """Seconds with three digits."""
    return NOT_AVAILABLE if value is None else f"{significant(value)} s"


def money(value: str | None) -> str:
    """US dollars with at least two decimals and four significant digits, so that no price becomes 0."""
    if value is None:
        return NOT_AVAILABLE
    amount = Decimal(value)
    if amount == 0:
        return "$0"
    rounded = Context(prec=MONEY_DIGITS, rounding=ROUND_HALF_EVEN).plus(amount)
    decimals = max(2, -_exponent(rounded))
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(rounded if decimals > 2 else amount):,.{decimals}f}"


def cents(value: str | None, *, signed: bool = False) -> str:
    """US dollars of a bill: to the cent, halves up, below a cent as `money`; `signed` marks a rise too."""
    if value is None:
        return NOT_AVAILABLE
    amount = Decimal(value)
    rounded = abs(amount).quantize(CENT, ROUND_HALF_UP)
    sign = "-" if amount < 0 else "+" if signed and amount > 0 else ""
    return sign + (f"${rounded:,}" if rounded else money(str(abs(amount))))


def exact_money(value: str | None) -> str:
    """The unrounded decimal, written out."""
    return NOT_AVAILABLE if value is None else f"{Decimal(value):,f} USD"


def quantity(value: str | float | None) -> str:
    """A billable quantity, unrounded."""
    return NOT_AVAILABLE if value is None else f"{Decimal(str(value)):,f}"


def short_quantity(value: str | float | None) -> str:
    """A billable quantity with at most two decimals, or four significant digits where it is small."""
    if value is None:
        return NOT_AVAILABLE
    amount = Decimal(str(value))
    if amount == amount.to_integral_value():
        return f"{amount:,.0f}"
    return f"{amount:,.2f}" if abs(amount) >= 10 else significant(float(amount), MONEY_DIGITS)


def binary_bytes(value: float) -> str:
    """Bytes in KiB, MiB or GiB; empty below one KiB."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if value >= size:
            return f"{significant(value / size)} {unit}"
    return ""


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
