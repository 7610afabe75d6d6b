"""What a line of an estimate says in the price book's units, and whether its own arithmetic holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.arithmetic import Figures, arithmetic_findings, free_finding, rounds_to
from tidegauge.cost.audit.dimensions import NONE
from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.formula import Formula
from tidegauge.cost.audit.formula_parser import PriceTerm
from tidegauge.cost.audit.listed import TASK_HOUR, Listed, look_up
from tidegauge.cost.audit.said import QUANTITY_MAX, Finding, Reader
from tidegauge.cost.audit.units import unit_of
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import QUANTITY_MAX as AMOUNT_MAX
from tidegauge.cost.usage import parse_quantity
from tidegauge.errors import TidegaugeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A line in the book's units."""

    line: EstimateLine
    quantity: Fraction | None  # units of the book, free ones included; task-hours for TASK_HOUR
    unit_price: Fraction | None  # USD a unit of the book, as the line has it
    prices: tuple[PriceTerm, ...]  # the several prices of its formula
    amount: Fraction  # USD, as the estimate has it
    unlisted: str | None  # why the book has no price of it: it is counted at its own
    findings: tuple[Finding, ...]


def read_line(line: EstimateLine, book: PriceBook, names: Mapping[str, Fraction]) -> Reading:
    """`line` in the book's units (exit 2 where its unit, its figures or its formula cannot be read)."""
    listed = look_up(line, book)
    for size in ("vcpu", "memory_gb") if line.unit == TASK_HOUR else ():
        if size in dict(line.attributes):
            parse_quantity(dict(line.attributes)[size], line.where / "attributes" / size)
    reader = Reader(
        line=line,
        unit=unit_of(line.unit, listed.price, listed.hours_per_month),
        free=listed.free,
        names=names,
    )
    if listed.unlisted is None or line.unit is not None:
        return _read(reader, listed)
    return _read_unitless(reader, listed)


def _read_unitless(reader: Reader, listed: Listed) -> Reading:
    """A line of what the book lacks that names no unit: its own figures say whether they are GB or hours."""
    readings, refused = list[Reading](), list[TidegaugeError]()
    for name in (None, "gb", "any_hour", "gb_second"):
        other = Reader(
            line=reader.line, unit=unit_of(name, None, listed.hours_per_month), free=None, names=reader.names
        )
        try:
            readings.append(_read(other, listed))
        except TidegaugeError as error:
            refused.append(error)
    if not readings:
        raise refused[0]
    wrong = {"wrong_dimension"}
    return min(readings, key=lambda each: len(wrong & {finding.code for finding in each.findings}))


def _read(reader: Reader, listed: Listed) -> Reading:
    line, parsed = reader.line, reader.formula()
    findings = [parsed] if isinstance(parsed, Finding) else []
    formula = parsed if isinstance(parsed, Formula) else None
    figures = Figures(
        quantity=reader.quantity(),
        unit_price=reader.unit_price(),
        written=line.amount,
        amount=None if line.amount is None else Fraction(line.amount),
    )
    if formula is not None:
        figures, more = _with_formula(figures, reader, formula)
        findings += more
    figures = _completed(figures, line)
    findings += arithmetic_findings(figures, reader.unit, listed, line) if not findings else ()
    assert figures.amount is not None
    return Reading(
        line=line,
        quantity=_gross(figures, reader),
        unit_price=figures.unit_price,
        prices=formula.prices if formula and (figures.unit_price is None or len(formula.prices) > 1) else (),
        amount=figures.amount,
        unlisted=listed.unlisted,
        findings=tuple(findings),
    )


def _with_formula(figures: Figures, reader: Reader, formula: Formula) -> tuple[Figures, list[Finding]]:
    """The figures with what the formula makes of them; unlike ones are a finding."""
    unit, findings = reader.unit, list[Finding]()
    dollars = _dollars(figures, reader, formula)
    terms = formula.prices
    if dollars is not None and not terms and formula.plain_price and figures.unit_price is None:
        terms = (formula.plain_price,)
    price = unit.unit_price(terms[0]) if len(terms) == 1 else None
    if dollars is None:
        made, gross = unit.quantity(formula.value), unit.quantity(formula.gross)
    else:
        by = price or figures.unit_price
        whole = unit.dollars(formula.gross) if formula.value.dimension != NONE else formula.gross.value
        made = dollars / by if by else None
        gross = whole / by if by and whole is not None else None
    said = None if formula.stated is None else unit.dollars(formula.stated)
    figures = figures.with_formula(made=made, gross=gross, price=price, dollars=dollars, stated=said)
    taken = [quantity for each in formula.free if (quantity := unit.quantity(each)) is not None]
    if formula.free and gross is not None:
        findings += free_finding(sum(taken), reader.free, reader.line)
    return figures, findings


def _dollars(figures: Figures, reader: Reader, formula: Formula) -> Fraction | None:
    """The formula's value where it is an amount; a plain number is one where nothing else can be."""
    value, line = formula.value, reader.line
    if value.dimension != NONE:
        return None if reader.unit.quantity(value) is not None else reader.unit.dollars(value)
    if line.unit is None and figures.quantity is None and figures.unit_price is None:
        return value.value
    if line.amount is not None and rounds_to(value.value, line.amount):
        return value.value
    if figures.quantity is not None:
        other = figures.quantity != reader.unit.quantity(value)
        return value.value if line.amount is not None and other and figures.unit_price is None else None
    return value.value if figures.unit_price is None and line.amount is None else None


def _completed(figures: Figures, line: EstimateLine) -> Figures:
    """The figures with the amount that they make, and the quantity that an amount at a price buys."""
    amount = figures.amount
    if amount is None:
        if figures.quantity is None or figures.unit_price is None:
            raise TidegaugeError(
                f"{line.where}: line '{line.id:.60}' makes no amount", "give amount, or quantity and price"
            )
        amount = figures.quantity * figures.unit_price
    quantity = figures.quantity
    if quantity is None and figures.unit_price:
        quantity = amount / figures.unit_price
    if amount > AMOUNT_MAX or (quantity or 0) > QUANTITY_MAX:
        raise TidegaugeError(
            f"{line.where}: line '{line.id:.60}' is out of range", "at most 1e30 units and USD"
        )
    return figures.completed(quantity, amount)


def _gross(figures: Figures, reader: Reader) -> Fraction | None:
    """The quantity with the free units that the line has taken off already."""
    if figures.gross is not None:
        return figures.gross
    if reader.line.is_net_of_free and figures.quantity is not None:
        return figures.quantity + (reader.free or 0)
    return figures.quantity
