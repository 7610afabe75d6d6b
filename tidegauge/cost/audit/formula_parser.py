"""A formula's tokens as a value, with the prices in it and the free units that it takes off."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.dimensions import USD, Amount, FormulaError
from tidegauge.cost.audit.formula_tokens import Token, operator
from tidegauge.cost.audit.formula_words import COMMENT, COUNTED, FREE, IDLE, UNITS, singulars, unit_named
from tidegauge.errors import nearest

DEPTH_MAX = 30
VALUE_MAX, VALUE_MIN = (
    Fraction(10) ** 60,
    Fraction(1, 10**60),
)  # beyond any bill; keeps exact arithmetic small


@dataclass(frozen=True, slots=True)
class PriceTerm:
    """A price in a formula with what it is divided by: `$0.0004 / 1000 requests`."""

    amount: Amount
    is_divided: bool  # else only its place says what it is the price of


Judge = Callable[[Amount, PriceTerm | None, bool], bool]


class Parser:
    """Recursive descent over sum > product > factor."""

    def __init__(
        self,
        own_tokens: list[Token],
        names: Mapping[str, Fraction],
        is_free: Judge | None = None,
        *,
        keeps_free: bool = False,
    ) -> None:
        self._tokens = own_tokens
        self._names = names
        self._is_free = is_free
        self._keeps_free = keeps_free
        self._at = 0
        self._says_free = False  # whether the product that is read calls itself free
        self.prices: list[PriceTerm] = []
        self.free: list[Amount] = []
        self.plain: list[Fraction] = []  # numbers without a unit

    def whole(self) -> Amount:
        """The value of all tokens."""
        amount = self._sum(0)
        if self._next is not None:
            raise FormulaError(f"'{self._next[1]:.20}' is not expected there")
        if amount.value and not VALUE_MIN <= abs(amount.value) <= VALUE_MAX:
            raise FormulaError("its value is out of range")
        return amount.monthly()

    @property
    def _next(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @property
    def _operator(self) -> str | None:
        """`*` or `/` where the next token says so; a name of the scenario says nothing."""
        return None if self._next is None or self._next[1] in self._names else operator(self._next)

    def _sum(self, depth: int) -> Amount:
        total = self._product(depth)
        while (mark := self._taken("+", "-")) is not None:
            prices, self._says_free = len(self.prices), False
            part = self._product(depth)
            price = self.prices[-1] if len(self.prices) > prices else None
            if mark == "-" and self._is_free is not None and self._is_free(part, price, self._says_free):
                self.free.append(part if price is None else part / price.amount)
                if self._keeps_free:
                    total.plus(part, -1)  # for its dimension
                    continue
            total = total.plus(part, 1 if mark == "+" else -1)
        return total

    def _product(self, depth: int) -> Amount:
        total, price = self._factor(depth)
        divided = False
        if self._operator is None and total.dimension == USD:
            return total  # dollars of which nothing says what they buy
        while (sign := self._operator) is not None:
            self._at += 1
            factor, priced = self._factor(depth)
            if sign == "/":
                total, divided = total / factor, True
                price = None if price is None else price / factor
                continue
            self._close(price, divided)
            total, price, divided = total * factor, priced, False
        self._close(price, divided)
        return total

    def _close(self, price: Amount | None, divided: bool) -> None:
        """The price that a product has read, once nothing more divides it."""
        if price is not None and price.value:
            self.prices.append(PriceTerm(price, divided or price.dimension != USD))

    def _factor(self, depth: int) -> tuple[Amount, Amount | None]:
        """(the value, the same again where it is a price that is written out)."""
        if depth > DEPTH_MAX:
            raise FormulaError("its brackets are nested too deeply")
        self._skip_idle()
        if self._taken("+"):
            return self._factor(depth + 1)
        if self._taken("-"):
            return Amount(Fraction(-1)) * self._factor(depth + 1)[0], None
        if self._taken("("):
            inside = self._sum(depth + 1)
            if not self._taken(")"):
                raise FormulaError("a closing bracket is missing")
            return self._with_units(inside), None
        if self._taken("$"):
            price = self._with_units(self._number() * Amount(Fraction(1), USD))
            return price, price
        kind, text = self._next or ("end", "")
        if kind == "number":
            number = self._number()
            amount = self._with_units(number)
            if amount == number:
                self.plain.append(number.value)
            return amount, amount if ("USD", 1) in amount.dimension else None
        if kind in ("word", "thing"):
            self._at += 1
            return self._with_units(self._named(text) if kind == "word" else Amount(Fraction(1))), None
        raise FormulaError(f"'{text}' is not expected there" if text else "it ends too early")

    def _number(self) -> Amount:
        kind, text = self._next or ("end", "")
        if kind != "number":
            raise FormulaError("a number is missing")
        self._at += 1
        return Amount(Fraction(text))

    def _with_units(self, amount: Amount) -> Amount:
        """`amount` times the units that follow it: `100 GB`, `70 %`; idle words change nothing."""
        while self._next is not None and self._operator is None:
            kind, text = self._next
            if kind == "mark" and text == "$" and self._kind_after() != "number":
                amount = amount * Amount(Fraction(1), USD)
            elif kind == "mark" and text == "%":
                amount = amount * Amount(Fraction(1, 100))
            elif kind == "remark":
                self._refuse_named(text)
            elif kind == "word" and text.lower() == COMMENT and text not in self._names:
                while self._next is not None and self._next[0] == "word" and self._operator is None:
                    self._at += 1
                continue
            elif kind == "word" and self._is_idle(text):
                self._says_free |= text.lower() == FREE
            elif kind == "word":
                amount = amount * self._named(text)
            elif kind != "thing":
                break
            self._at += 1
        return amount

    def _kind_after(self) -> str:
        return self._tokens[self._at + 1][0] if self._at + 1 < len(self._tokens) else "end"

    def _refuse_named(self, remark: str) -> None:
        self._says_free |= FREE in remark.lower().split()
        for word in remark.split():
            if word in self._names:
                raise FormulaError(f"a sign is missing before '({remark:.40})'")

    def _is_idle(self, word: str) -> bool:
        return word not in self._names and word.lower() in IDLE

    def _skip_idle(self) -> None:
        while self._next is not None and self._next[0] == "word" and self._is_idle(self._next[1]):
            self._says_free |= self._next[1].lower() == FREE
            self._at += 1

    def _named(self, name: str) -> Amount:
        if name in self._names:
            return Amount(self._names[name])
        whole = unit_named(name)
        if whole is not None:
            return whole
        parts = name.split("-")
        product = Amount(Fraction(1))
        for part in parts:
            product = product * self._unit(part)
        if len(parts) > 1 and all(not {*singulars(part.lower())} & {*UNITS} for part in parts):
            raise FormulaError(f"'{name:.40}' is not a unit; write spaces around a minus")
        return product

    def _unit(self, word: str) -> Amount:
        known = unit_named(word)
        if known is None:
            close = difflib.get_close_matches(word, self._names, n=1)
            hint = nearest(word, close or [*self._names, *UNITS, *COUNTED])
            raise FormulaError(f"'{word:.40}' is neither a unit nor a name of the scenario; {hint:.300}")
        return known

    def _taken(self, *marks: str) -> str | None:
        if self._next is None or self._next[0] != "mark" or self._next[1] not in marks:
            return None
        self._at += 1
        return self._tokens[self._at - 1][1]
