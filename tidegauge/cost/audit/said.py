"""What the figures and the formula of a line say, before one is held against another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.dimensions import NONE, USD, Amount, DimensionError, FormulaError, describe
from tidegauge.cost.audit.estimate import EstimateLine
from tidegauge.cost.audit.formula import Formula, read_formula
from tidegauge.cost.audit.formula_parser import PriceTerm
from tidegauge.cost.audit.listed import TASK_HOUR
from tidegauge.cost.audit.units import Unit
from tidegauge.errors import TidegaugeError

QUANTITY_MAX = Fraction(10) ** 40  # units: 1e30 GB are bytes of this order


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about a line, a claim or the whole estimate that its author should know."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads one line: its unit, the month's free units of it, and the names that formulas may use."""

    line: EstimateLine
    unit: Unit
    free: Fraction | None  # units; None where none are free
    names: Mapping[str, Fraction]

    def quantity(self) -> Fraction | None:
        """The line's own quantity."""
        written = self.line.quantity
        if written is None or isinstance(written, Fraction):
            return None if written is None else written * self.unit.bare
        value = self._parsed(written, "quantity").value
        quantity = self.unit.quantity(value)
        if quantity is None:
            raise self._wrong("quantity", value, self.billed_by())
        return self._in_range(quantity, "quantity")

    def unit_price(self) -> Fraction | None:
        """The line's own price: USD a unit."""
        written = self.line.price
        if written is None or isinstance(written, Fraction):
            return None if written is None else self.unit.bare_price(written)
        parsed = self._parsed(written, "price")
        term = parsed.prices[0] if len(parsed.prices) == 1 else _as_dollars(parsed.value)
        price = self.unit.unit_price(term)
        if price is None:
            raise self._wrong("price", term.amount, f"a price of it is USD / {describe(self.unit.dimension)}")
        return self._in_range(price, "price")

    def formula(self) -> Formula | Finding | None:
        """The line's formula; a finding where it reads well and its dimensions are wrong."""
        if self.line.formula is None:
            return None
        try:
            parsed = self._parsed(self.line.formula, "formula")
        except DimensionError as error:
            return Finding(code="wrong_dimension", message=f"the formula does not add up: {error}")
        if self.unit.quantity(parsed.value) is None and self.unit.dollars(parsed.value) is None:
            return self._wrong_dimension(parsed.value)
        return parsed

    def billed_by(self) -> str:
        """What the line's unit is billed by, in words."""
        if self.line.unit is None:
            return f"the line of {self.line.service} has no unit"
        return f"{self.line.service} {self.line.unit} is billed by {describe(self.unit.dimension)}"

    def is_free(self, part: Amount, price: PriceTerm | None, says_free: bool) -> bool:
        """Whether what a formula takes off are the month's free units."""
        taken = part if price is None else part / price.amount
        quantity = self.unit.quantity(taken)
        if says_free:
            return quantity is not None or self.unit.dollars(part) is not None
        listed = None if self.free is None else self.free / self.unit.per
        return quantity is not None and (quantity == self.free or taken == Amount(listed or Fraction(0)))

    def _wrong_dimension(self, value: Amount) -> Finding:
        made = describe(value.dimension)
        billed = self.billed_by()
        if self.line.unit == TASK_HOUR:
            billed = "Fargate bills vCPU-hours and GB-hours, each at its own price, and adds them up"
        verb = "multiplies vCPU by GB: its value is in" if "vCPU" in made and "GB" in made else "is in"
        return Finding(code="wrong_dimension", message=f"the formula {verb} {made}; {billed}")

    def _parsed(self, text: str, key: str) -> Formula:
        where = self.line.where / key
        try:
            parsed = read_formula(text, self.names, self.is_free)
        except DimensionError as error:
            if key == "formula":
                raise
            raise TidegaugeError(f"{where}: '{text:.80}' does not add up: {error}", _HINT) from None
        except FormulaError as error:
            raise TidegaugeError(f"{where}: '{text:.80}' cannot be read: {error}", _HINT) from None
        if parsed.value.value < 0 or parsed.gross.value < 0:
            raise TidegaugeError(f"{where}: its value is negative", "usage cannot be given back")
        return parsed

    def _wrong(self, key: str, value: Amount, billed: str) -> TidegaugeError:
        written = f"'{getattr(self.line, key)!s:.60}' is in {describe(value.dimension)}"
        return TidegaugeError(
            f"{self.line.where / key}: {written}; {billed}",
            "write it in the line's unit, or give the line another unit",
        )

    def _in_range(self, value: Fraction, key: str) -> Fraction:
        if value > QUANTITY_MAX:
            raise TidegaugeError(f"{self.line.where / key} is out of range", "at most 1e30 units")
        return value


_HINT = "formulas are numbers, units and scenario names with + - * / ( ); see docs/cost.md"


def _as_dollars(value: Amount) -> PriceTerm:
    """A price that does not say of which currency it is."""
    if ("USD", 1) in value.dimension:
        return PriceTerm(value, is_divided=value.dimension != USD)
    return PriceTerm(value * Amount(Fraction(1), USD), is_divided=value.dimension != NONE)
