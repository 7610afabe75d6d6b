"""US dollars as people read them; documents carry every digit instead."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

CENT = Decimal("0.01")
DIGITS = 3  # significant digits below a dollar
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)  # far more than is shown: nothing is rounded twice


def usd(amount: Fraction | Decimal | float) -> str:
    """To the cent, below a dollar to three significant digits; halves up.

    So no price becomes nothing, and a bill has cents. A float counts as the shortest decimal it prints as.
    """
    exact = abs(Fraction(str(amount)) if isinstance(amount, float) else Fraction(amount))
    decimal = EXACT.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    rounded = Context(prec=DIGITS, rounding=ROUND_HALF_UP).plus(decimal).normalize()
    exponent = rounded.as_tuple().exponent
    assert isinstance(exponent, int)  # a fraction is neither infinite nor NaN
    if rounded >= 1:
        rounded, exponent = decimal.quantize(CENT, context=EXACT), -2
    shown = f"${rounded:,.{max(2, -exponent)}f}"
    return f"-{shown}" if amount < 0 else shown
