"""Formulas of estimates: arithmetic over numbers with units and the scenario's names. Data, never code.

`2 tasks * 0.5 vCPU * 730 hours * 0.04048 USD/vCPU-hour` is 29.5504 USD. Units multiply and divide as numbers
do, so a product of the wrong things has the wrong dimension. Things that are counted (tasks, nodes, requests)
and months have no dimension: an estimate is of one month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.audit.dimensions import USD, Amount, FormulaError
from tidegauge.cost.audit.formula_parser import Judge, Parser, PriceTerm
from tidegauge.cost.audit.formula_tokens import Token, tokens

LENGTH_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """What a formula makes, and what it says on the way."""

    value: Amount
    prices: tuple[PriceTerm, ...]  # each once
    plain_price: PriceTerm | None  # its only decimal number: the price, where the formula makes dollars
    stated: Amount | None  # the result that it gives itself, after `=`
    free: tuple[Amount, ...]  # free units that it takes off
    gross: Amount  # its value without taking them off


def read_formula(formula: str, names: Mapping[str, Fraction], is_free: Judge | None = None) -> Formula:
    """`formula`, where `names` are plain numbers; FormulaError says why it cannot be read.

    `is_free` judges what is subtracted: its value, the price in it, and whether it is called free.
    """
    if len(formula) > LENGTH_MAX:
        raise FormulaError(f"it has more than {LENGTH_MAX} characters")
    sides = _sides(list(tokens(formula)))
    values = [Parser(side, names).whole() for side in sides]
    # `2 TB = 2048 GB × $0.085 = $174.08`: the first side in dollars is the one that says how they are made.
    main = next((at for at, value in enumerate(values) if ("USD", 1) in value.dimension), 0)
    net = Parser(sides[main], names, is_free)
    value = net.whole()
    return Formula(
        value=value,
        prices=tuple(dict.fromkeys(net.prices)),
        plain_price=_only_fraction(net.plain),
        stated=values[-1] if main < len(values) - 1 else None,
        free=tuple(net.free),
        gross=Parser(sides[main], names, is_free, keeps_free=True).whole(),
    )


def evaluate(formula: str, names: Mapping[str, Fraction]) -> Amount:
    """The value of `formula`."""
    return read_formula(formula, names).value


def _only_fraction(numbers: Sequence[Fraction]) -> PriceTerm | None:
    fractions = [number for number in numbers if number.denominator != 1]
    return PriceTerm(Amount(fractions[0], USD), is_divided=False) if len(fractions) == 1 else None


def _sides(all_tokens: Sequence[Token]) -> list[list[Token]]:
    """The tokens between the signs of equality."""
    sides: list[list[Token]] = [[]]
    for token in all_tokens:
        if token == ("mark", "="):
            sides.append([])
        else:
            sides[-1].append(token)
    return sides
