"""Formulas of estimates: arithmetic over numbers with units and the scenario's names. Data, never code.

`2 tasks * 0.5 vCPU * 730 hours * 0.04048 USD/vCPU-hour` is 29.5504 USD. Units multiply and divide as numbers
do, so a product of the wrong things has the wrong dimension. Things that are counted (tasks, nodes, requests)
and months have no dimension: an estimate is of one month.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.errors import nearest

LENGTH_MAX = 500
DEPTH_MAX = 30
DIGITS_MAX = 30

Dimension = tuple[tuple[str, int], ...]  # (base, exponent), sorted, without zeros
NONE: Dimension = ()
USD: Dimension = (("USD", 1),)
TIME: Dimension = (("s", 1),)
BYTES: Dimension = (("byte", 1),)
VCPU: Dimension = (("vCPU", 1),)

# 1 GB = 2**30 bytes, as AWS bills storage, transfer and memory.
_UNITS: dict[str, tuple[int, Dimension]] = {
    "usd": (1, USD),
    "vcpu": (1, VCPU),
    "byte": (1, BYTES),
    "kb": (2**10, BYTES),
    "mb": (2**20, BYTES),
    "gb": (2**30, BYTES),
    "tb": (2**40, BYTES),
    "kib": (2**10, BYTES),
    "mib": (2**20, BYTES),
    "gib": (2**30, BYTES),
    "tib": (2**40, BYTES),
    "s": (1, TIME),
    "second": (1, TIME),
    "minute": (60, TIME),
    "h": (3600, TIME),
    "hour": (3600, TIME),
    "month": (1, NONE),
}
# fmt: off
_COUNTED = frozenset([
    "address", "alarm", "asset", "client", "connection", "endpoint", "event", "file", "function",
    "gateway", "image", "invocation", "job", "key", "lcu", "line", "link", "message", "metric", "node",
    "object", "path", "query", "rcu", "record", "replica", "request", "rru", "rule", "secret",
    "session", "shard", "task", "trace", "trigger", "unit", "upload", "user", "view", "wcu", "wru",
    "zone",
])
# fmt: on
_MULTIPLES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9}
_TOKEN = re.compile(
    r"(?P<number>[0-9][0-9_,]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)(?P<multiple>[kKMB](?![A-Za-z]))?"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z]+)*)|(?P<mark>[-+*/()×÷%$])|(?P<space>\s+)"
)


class FormulaError(Exception):
    """Why a formula cannot be read."""


class DimensionError(FormulaError):
    """A formula that reads well and adds unlike things."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A value in base units: USD, vCPU, bytes and seconds."""

    value: Fraction
    dimension: Dimension = NONE

    def __mul__(self, other: Amount) -> Amount:
        return Amount(self.value * other.value, _joined(self.dimension, other.dimension, 1))

    def __truediv__(self, other: Amount) -> Amount:
        if not other.value:
            raise FormulaError("it divides by zero")
        return Amount(self.value / other.value, _joined(self.dimension, other.dimension, -1))

    def plus(self, other: Amount, sign: int) -> Amount:
        """The sum, or the difference for a sign of -1."""
        if self.dimension != other.dimension:
            raise DimensionError(f"it adds {describe(self.dimension)} and {describe(other.dimension)}")
        return Amount(self.value + sign * other.value, self.dimension)


def evaluate(formula: str, names: Mapping[str, Fraction]) -> Amount:
    """The value of `formula`, where `names` are plain numbers; FormulaError says why there is none."""
    if len(formula) > LENGTH_MAX:
        raise FormulaError(f"it has more than {LENGTH_MAX} characters")
    parser = _Parser(list(_tokens(formula)), names)
    amount = parser.sum(0)
    if parser.next is not None:
        raise FormulaError(f"'{parser.next[1]:.20}' is not expected there")
    return amount


def describe(dimension: Dimension) -> str:
    """A dimension in words: `vCPU x GB x hour`."""
    words = {"byte": "GB", "s": "hour"}
    over = [_power(words.get(base, base), exponent) for base, exponent in dimension if exponent > 0]
    under = [_power(words.get(base, base), -exponent) for base, exponent in dimension if exponent < 0]
    shown = " x ".join(over) or ("1" if under else "a plain number")
    return f"{shown} / {' / '.join(under)}" if under else shown


class _Parser:
    """Recursive descent over sum > product > factor."""

    def __init__(self, tokens: list[tuple[str, str]], names: Mapping[str, Fraction]) -> None:
        self._tokens = tokens
        self._names = names
        self._at = 0

    @property
    def next(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def sum(self, depth: int) -> Amount:
        total = self._product(depth)
        while (mark := self._taken("+", "-")) is not None:
            total = total.plus(self._product(depth), 1 if mark == "+" else -1)
        return total

    def _product(self, depth: int) -> Amount:
        total = self._factor(depth)
        while (mark := self._taken("*", "×", "/", "÷")) is not None:
            factor = self._factor(depth)
            total = total * factor if mark in "*×" else total / factor
        return total

    def _factor(self, depth: int) -> Amount:
        if depth > DEPTH_MAX:
            raise FormulaError("its brackets are nested too deeply")
        if self._taken("-"):
            return Amount(Fraction(-1)) * self._factor(depth + 1)
        if self._taken("("):
            inside = self.sum(depth + 1)
            if not self._taken(")"):
                raise FormulaError("a closing bracket is missing")
            return self._with_units(inside)
        if self._taken("$"):
            return self._number() * Amount(Fraction(1), USD)
        kind, text = self.next or ("end", "")
        if kind == "number":
            return self._with_units(self._number())
        if kind == "name":
            self._at += 1
            return self._with_units(self._named(text))
        raise FormulaError(f"'{text}' is not expected there" if text else "it ends too early")

    def _number(self) -> Amount:
        kind, text = self.next or ("end", "")
        if kind != "number":
            raise FormulaError("a number is missing")
        self._at += 1
        return Amount(Fraction(text))

    def _with_units(self, amount: Amount) -> Amount:
        """`amount` times the units that follow it: `100 GB`, `70 %`."""
        while self.next is not None and (self.next[0] == "name" or self.next[1] == "%"):
            kind, text = self.next
            self._at += 1
            amount = amount * (self._named(text) if kind == "name" else Amount(Fraction(1, 100)))
        return amount

    def _named(self, name: str) -> Amount:
        if name in self._names:
            return Amount(self._names[name])
        parts = name.split("-")
        product = Amount(Fraction(1))
        for part in parts:
            product = product * self._unit(part)
        if len(parts) > 1 and all(part.lower() not in _UNITS for part in parts):
            raise FormulaError(f"'{name:.40}' is not a unit; write spaces around a minus")
        return product

    def _unit(self, word: str) -> Amount:
        for known in _singulars(word.lower()):
            if known in _UNITS:
                size, dimension = _UNITS[known]
                return Amount(Fraction(size), dimension)
            if known in _COUNTED:
                return Amount(Fraction(1))
        hint = nearest(word, [*self._names, *_UNITS, *_COUNTED])
        raise FormulaError(f"'{word:.40}' is neither a unit nor a name of the scenario; {hint:.300}")

    def _taken(self, *marks: str) -> str | None:
        if self.next is None or self.next[0] != "mark" or self.next[1] not in marks:
            return None
        self._at += 1
        return self._tokens[self._at - 1][1]


def _tokens(formula: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(formula):
        match = _TOKEN.match(formula, at)
        if match is None:
            raise FormulaError(f"'{formula[at]}' is not expected there")
        at = match.end()
        if match["number"]:
            digits = match["number"].replace(",", "").replace("_", "")
            if len(digits) > DIGITS_MAX:
                raise FormulaError("one of its numbers is too long")
            yield "number", str(Decimal(digits) * _MULTIPLES[match["multiple"] or ""])
        elif match["name"]:
            yield "name", match["name"]
        elif match["mark"]:
            yield "mark", match["mark"]


def _singulars(word: str) -> Iterator[str]:
    yield word
    for ending, singular in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending):
            yield word.removesuffix(ending) + singular


def _joined(left: Dimension, right: Dimension, sign: int) -> Dimension:
    powers = dict(left)
    for base, exponent in right:
        powers[base] = powers.get(base, 0) + sign * exponent
    return tuple(sorted((base, exponent) for base, exponent in powers.items() if exponent))


def _power(base: str, exponent: int) -> str:
    return base if exponent == 1 else f"{base}^{exponent}"
