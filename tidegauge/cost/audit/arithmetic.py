"""A line's own figures held against each other, and against the unit that its price is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.listed import Listed
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.audit.units import Unit, magnitudes
from tidegauge.cost.words import count, units
from tidegauge.dollars import usd

ROUNDING_MAX = Fraction(1, 20)  # as a share of the amount; above it, rounding is worth a finding
STATED_ROUNDING_MAX = Fraction(1, 200)  # of a result that a formula gives itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A line's figures in units of the book and USD; what is not written is None."""

    quantity: Fraction | None  # less the free units where the line takes them off
    unit_price: Fraction | None
    written: Decimal | None  # the amount with its digits
    gross: Fraction | None = None  # the quantity with the free units that the formula takes off
    made: Fraction | None = None  # the quantity that the formula makes
    made_price: Fraction | None = None  # the price in the formula
    dollars: Fraction | None = None  # the amount that the formula makes
    stated: Fraction | None = None  # the amount that the formula says it makes
    amount: Fraction | None = None

    def with_formula(
        self,
        *,
        made: Fraction | None,
        gross: Fraction | None,
        price: Fraction | None,
        dollars: Fraction | None,
        stated: Fraction | None,
    ) -> Figures:
        """The figures, filled up by those of the formula."""
        takes_off = gross is not None and gross != made
        is_gross = takes_off and self.quantity == gross  # the line has the whole, its formula takes off
        amount = None if self.written is None else Fraction(self.written)
        return replace(
            self,
            quantity=made if self.quantity is None or is_gross else self.quantity,
            unit_price=price if self.unit_price is None else self.unit_price,
            gross=gross if takes_off else None,
            made=made,
            made_price=price,
            dollars=dollars,
            stated=stated,
            amount=amount if amount is not None else stated if stated is not None else dollars,
        )

    def completed(self, quantity: Fraction | None, amount: Fraction) -> Figures:
        """With the quantity and the amount that the others make."""
        return replace(self, quantity=quantity, amount=amount)


def arithmetic_findings(
    figures: Figures, unit: Unit, listed: Listed, line: EstimateLine
) -> Iterator[Finding]:
    """What in the line does not agree with itself: the formula first, then quantity times price."""
    own = [*_formula_findings(figures, unit, line)]
    yield from own
    if own or figures.quantity is None or not figures.amount or not figures.quantity:
        return
    list_price = None if listed.price is None else listed.price.unit_price(listed.price.tiers[0])
    price = figures.unit_price if figures.unit_price is not None else list_price
    if price is None or figures.written is None:
        return
    product = figures.quantity * price
    scale = scale_of(figures.amount, product, unit.per)
    if figures.unit_price is not None and rounds_to(product, figures.written):
        if abs(product - figures.amount) > ROUNDING_MAX * figures.amount:
            message = f"quantity times price is {usd(product)}, which was rounded to {usd(figures.amount)}"
            yield Finding(code="rounded", message=message)
    elif scale is not None:
        yield Finding(code="unit_scale", message=_scale_message(figures, product, scale, unit, listed, line))
    elif figures.unit_price is not None:
        message = f"quantity times price is {usd(product)}, not {usd(figures.amount)}"
        yield Finding(code="arithmetic", message=message)


def _formula_findings(figures: Figures, unit: Unit, line: EstimateLine) -> Iterator[Finding]:
    messages = list[str]()
    dollars, made, quantity = figures.dollars, figures.made, figures.quantity
    if dollars is not None and figures.written is not None and not rounds_to(dollars, figures.written):
        messages.append(f"the formula makes {usd(dollars)}, not {usd(Fraction(figures.written))}")
    elif dollars is not None and not _same(dollars, figures.stated, STATED_ROUNDING_MAX):
        messages.append(
            f"the formula makes {usd(dollars)}, and says that it makes {usd(figures.stated or 0)}"
        )
    if (dollars is None or figures.made_price is not None) and not _same(made, quantity):
        one, other = (units(each or Fraction(0), line.unit or "units") for each in (made, quantity))
        messages.append(f"the formula makes {one}, the line has a quantity of {other}")
    if not _same(figures.made_price, figures.unit_price):
        one, other = (usd((each or 0) * unit.per) for each in (figures.made_price, figures.unit_price))
        messages.append(f"the price in the formula is {one}, the line's {other}")
    yield from (Finding(code="arithmetic", message=message) for message in messages)


def free_finding(taken: Fraction | int, free: Fraction | None, line: EstimateLine) -> Iterator[Finding]:
    """Where a line takes off other free units than there are."""
    if free is None or taken != free:
        unit = line.unit or "units"
        has = units(free, unit) if free else "none that an audit counts on"
        message = (
            f"the formula takes off {units(Fraction(taken), unit)} as free, the price book has {has} a month"
        )
        yield Finding(code="free_units", message=message)


def rounds_to(value: Fraction, written: Decimal) -> bool:
    """Whether `value` is `written` to the digits that are written."""
    exponent = written.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(value - Fraction(written)) <= Fraction(10) ** min(exponent, 0) / 2


def scale_of(one: Fraction, other: Fraction, unit_per: int) -> Fraction | None:
    """The factor that a unit is mistaken by, where one is about that many times the other."""
    if not one or not other:
        return None
    return next((each for each in magnitudes(unit_per) if abs(one / other / each - 1) <= ROUNDING_MAX), None)


def times(scale: Fraction) -> str:
    """`1,000 times`, `a 1,000th of`."""
    return f"{count(scale)} times" if scale >= 1 else f"a {count(1 / scale)}th of"


def _scale_message(
    figures: Figures, product: Fraction, scale: Fraction, unit: Unit, listed: Listed, line: EstimateLine
) -> str:
    assert figures.amount is not None
    assert figures.quantity is not None
    name = line.unit or "unit"
    counted = "a bare quantity of bytes is in GB" if unit.bare > 1 else f"a bare quantity counts each {name}"
    per = f", whatever the price is per ({listed.price.list_unit})" if listed.price is not None else ""
    return (
        f"{usd(figures.amount)} is {times(scale)} what {units(figures.quantity, name)} cost, {usd(product)}: "
        f"{counted}{per}"
    )


def _same(one: Fraction | None, other: Fraction | None, share: Fraction = Fraction(1, 10**9)) -> bool:
    """Whether two figures are one, but for rounding; what is not written contradicts nothing."""
    return one is None or other is None or abs(one - other) <= share * max(one, other)
