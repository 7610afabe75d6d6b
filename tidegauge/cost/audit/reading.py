"""What a line of an estimate says in the price book's units, and whether its own arithmetic holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.formula import (
    BYTES,
    NONE,
    TIME,
    USD,
    VCPU,
    Amount,
    Dimension,
    DimensionError,
    FormulaError,
    describe,
    evaluate,
)
from tidegauge.cost.prices import Price, PriceBook
from tidegauge.cost.usage import parse_quantity
from tidegauge.cost.words import count
from tidegauge.dollars import usd
from tidegauge.errors import TidegaugeError, nearest

TASK_HOUR = "task_hour"  # fargate's: vCPU and memory of one task for an hour, priced as two units
GB = 2**30
ROUNDING_MAX = Fraction(1, 20)  # as a share of the amount; above it, rounding is worth a finding
_GB_SECONDS = tuple(sorted((*BYTES, *TIME)))
_VCPU_SECONDS = tuple(sorted((*VCPU, *TIME)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a line, a claim or the whole estimate that its author should know."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A line in the book's units."""

    line: EstimateLine
    quantity: Fraction | None  # units of the book; task-hours for TASK_HOUR
    unit_price: Fraction | None  # USD a unit of the book, as the line has it
    amount: Fraction  # USD, as the estimate has it
    findings: tuple[Finding, ...]


def read_line(line: EstimateLine, book: PriceBook, names: Mapping[str, Fraction]) -> Reading:
    """`line` in the book's units (exit 2 where its unit or formula cannot be read)."""
    price = _price(line, book)
    for size in ("vcpu", "memory_gb") if line.unit == TASK_HOUR else ():
        if size in dict(line.attributes):
            parse_quantity(dict(line.attributes)[size], line.where / "attributes" / size)
    findings: list[Finding] = []
    value = _formula_value(line, names, findings)
    unit_price = None if line.price is None or price is None else _unit_price(line.price, price)
    quantity, amount = line.quantity, None if line.amount is None else Fraction(line.amount)
    if value is not None:
        quantity, amount = _by_formula(line, value, quantity, amount, unit_price, findings)
    if amount is not None and price is not None and quantity is not None and unit_price is not None:
        quantity = _in_book_units(quantity, unit_price, amount, price)
    product = None if quantity is None or unit_price is None else quantity * unit_price
    if amount is None:
        if product is None:
            raise TidegaugeError(
                f"{line.where}: line '{line.id:.60}' makes no amount", "give amount, or quantity and price"
            )
        amount = product
    elif product is not None and not findings:
        findings += _product_findings(product, amount, line)
    return Reading(
        line=line, quantity=quantity, unit_price=unit_price, amount=amount, findings=tuple(findings)
    )


def _product_findings(product: Fraction, amount: Fraction, line: EstimateLine) -> list[Finding]:
    if not _rounds_to(product, line.amount):
        message = f"quantity times price is {usd(product)}, not {usd(amount)}"
        return [Finding(code="arithmetic", message=message)]
    if abs(product - amount) > ROUNDING_MAX * amount:
        message = f"quantity times price is {usd(product)}, which was rounded to {usd(amount)}"
        return [Finding(code="rounded", message=message)]
    return []


def _price(line: EstimateLine, book: PriceBook) -> Price | None:
    """A price of the line's unit, whatever its attributes; None for a line of several units."""
    services = {price.service for price in book.prices.values()}
    if line.service not in services:
        raise TidegaugeError(
            f"{line.where / 'service'}: the price book has no service '{line.service:.60}'",
            nearest(line.service, services),
        )
    units = {price.unit for price in book.prices.values() if price.service == line.service}
    known = units | ({TASK_HOUR} if line.service == "fargate" else set())
    for unit in [line.unit] if line.unit is not None else line.covers:
        if unit not in known:
            raise TidegaugeError(
                f"{line.where / ('unit' if line.unit else 'covers')}: the price book has no unit "
                f"'{unit:.60}' of {line.service}",
                nearest(unit, known),
            )
    if line.unit is None or line.unit == TASK_HOUR:
        return None
    own = book.find(line.service, line.unit, dict(line.attributes))
    alike = (
        price for price in book.prices.values() if (price.service, price.unit) == (line.service, line.unit)
    )
    return own or next(alike)


def _formula_value(
    line: EstimateLine, names: Mapping[str, Fraction], findings: list[Finding]
) -> Amount | None:
    if line.formula is None:
        return None
    try:
        value = evaluate(line.formula, names)
    except DimensionError as error:
        findings.append(Finding(code="wrong_dimension", message=f"the formula does not add up: {error}"))
        return None
    except FormulaError as error:
        raise TidegaugeError(
            f"{line.where / 'formula'}: '{line.formula:.80}' cannot be read: {error}",
            "formulas are numbers, units and scenario names with + - * / ( )",
        ) from None
    if value.value < 0:
        raise TidegaugeError(f"{line.where / 'formula'}: its value is negative", "usage cannot be given back")
    wanted = (NONE, USD, _dimension(line.unit)[0])
    if value.dimension not in wanted:
        findings.append(_wrong_dimension(line, value))
        return None
    return value


def _wrong_dimension(line: EstimateLine, value: Amount) -> Finding:
    if line.unit == TASK_HOUR:
        billed = "Fargate bills vCPU-hours and GB-hours, each at its own price, and adds them up"
    else:
        billed = f"{line.service} {line.unit or ''} is billed by {describe(_dimension(line.unit)[0])}"
    made = describe(value.dimension)
    multiplied = "multiplies vCPU by GB: its value is in " if "vCPU" in made and "GB" in made else "is in "
    return Finding(code="wrong_dimension", message=f"the formula {multiplied}{made}; {billed}")


def _by_formula(
    line: EstimateLine,
    value: Amount,
    quantity: Fraction | None,
    amount: Fraction | None,
    unit_price: Fraction | None,
    findings: list[Finding],
) -> tuple[Fraction | None, Fraction | None]:
    """(quantity, amount) where the formula makes one of them; unlike figures are a finding.

    A formula without units may stand for either: the one that it agrees with, else the one that is missing.
    """
    dimension, size = _dimension(line.unit)
    made = value.value / size if value.dimension == dimension else value.value
    is_amount = value.dimension == USD
    if value.dimension == NONE:
        if line.unit is None or (amount is not None and _rounds_to(value.value, line.amount)):
            is_amount = True
        elif quantity is not None:
            is_amount = amount is not None and made != quantity and unit_price is None
        else:
            is_amount = unit_price is None and amount is None
    if is_amount:
        if amount is not None and not _rounds_to(value.value, line.amount):
            message = f"the formula makes {usd(value.value)}, not {usd(amount)}"
            findings.append(Finding(code="arithmetic", message=message))
        if quantity is None and unit_price:
            quantity = value.value / unit_price
        return quantity, value.value if amount is None else amount
    if quantity is not None and made != quantity:
        message = f"the formula makes {count(made)}, the line has a quantity of {count(quantity)}"
        findings.append(Finding(code="arithmetic", message=message))
    return made if quantity is None else quantity, amount


def _in_book_units(quantity: Fraction, unit_price: Fraction, amount: Fraction, price: Price) -> Fraction:
    """A quantity in units of the book, be it written so or in list units (GB-months): the amount tells."""
    as_listed = quantity * price.per
    if not amount or not quantity or not unit_price or price.per == 1:
        return quantity
    return min(quantity, as_listed, key=lambda units: _distance(units * unit_price, amount))


def _unit_price(written: Decimal, price: Price) -> Fraction:
    """USD a unit: the line may give the price of a unit or of a list unit, whichever is near the book's."""
    listed = Fraction(price.tiers[0].list_price)
    if not listed or not written:
        return Fraction(written) / price.per
    own, per = Fraction(written), price.per
    return own if _distance(own, listed / per) < _distance(own, listed) else own / per


def _distance(one: Fraction, other: Fraction) -> Fraction:
    """How many times one is of the other, at least 1."""
    return max(one / other, other / one)


def _rounds_to(value: Fraction, written: Decimal | None) -> bool:
    """Whether `value` is `written` to the digits that are written."""
    assert written is not None
    exponent = written.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(value - Fraction(written)) <= Fraction(10) ** min(exponent, 0) / 2


def _dimension(unit: str | None) -> tuple[Dimension, int]:
    """(dimension of a unit of the book, its size in base units)."""
    if unit is None:
        return USD, 1
    if unit == "vcpu_second":
        return _VCPU_SECONDS, 1
    if unit.endswith("gb_second"):
        return _GB_SECONDS, GB
    if "byte" in unit:
        return BYTES, 1
    for ending, seconds in (("_hour", 3600), ("_minute", 60), ("_second", 1)):
        if unit.endswith(ending):
            return TIME, seconds
    return NONE, 1
