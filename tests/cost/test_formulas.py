"""Formulas of estimates: arithmetic with units, and nothing else."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.cost.audit.dimensions import DimensionError, FormulaError, describe
from tidegauge.cost.audit.formula import evaluate, read_formula

NAMES = {"views": Fraction(1_000_000)}


@pytest.mark.parametrize(
    ("formula", "value", "dimension"),
    [
        ("3 nodes × 730 hours × $0.226/hour", Fraction("494.94"), "USD"),
        ("2 TB * 0.085 USD/GB", Fraction("174.08"), "USD"),  # 2,048 GB
        ("500 GB × $0.023/GB-month", Fraction("11.5"), "USD"),
        ("10M requests × $0.0075 / 10000 requests", Fraction("7.5"), "USD"),
        ("2 * 0.5 vCPU * 730 h", Fraction(730 * 3600), "hour x vCPU"),
        ("1 - 2 - 3", Fraction(-4), "a plain number"),
        ("12 / 2 / 3", Fraction(2), "a plain number"),
        ("2 + 3 * 4", Fraction(14), "a plain number"),
        ("-(2 + 3) * 4", Fraction(-20), "a plain number"),
        ("70 % * views", Fraction(700_000), "a plain number"),
        ("1,000 * 1_000", Fraction(1_000_000), "a plain number"),
        ("1e3 + 2K", Fraction(3000), "a plain number"),
        ("0.1 + 0.2", Fraction("0.3"), "a plain number"),
    ],
)
def test_formulas_are_exact_arithmetic_with_units(formula: str, value: Fraction, dimension: str) -> None:
    amount = evaluate(formula, NAMES)
    assert (amount.value, describe(amount.dimension)) == (value, dimension)


def test_vcpu_times_gb_shows_in_the_dimension() -> None:
    amount = evaluate("2 tasks × 0.5 vCPU × 1 GB × 730 hours", {})
    assert describe(amount.dimension) == "GB x hour x vCPU"


def test_unlike_things_are_not_added() -> None:
    with pytest.raises(DimensionError, match="adds vCPU and GB"):
        evaluate("2 vCPU + 4 GB", {})


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("", "ends too early"),
        ("2 *", "ends too early"),
        ("2 ** 3", r"'\*' is not expected"),
        ("(1 + 2", "closing bracket"),
        ("1) + 2", r"'\)' is not expected"),
        ("1 / 0", "divides by zero"),
        ("wievs * 2", "did you mean 'views'"),
        ("views-views", "spaces around a minus"),
        ("__import__('os').system('id')", "is not expected"),
        ("lambda:1", "is not expected"),
        ("views.real", "is not expected"),
        ("(" * 40 + "1" + ")" * 40, "nested too deeply"),
        ("-" * 400 + "1", "nested too deeply"),
        ("9" * 31, "too long"),
        ("1 +" * 200 + "1", "more than 500"),
        ("1e999", "is not expected"),
    ],
)
def test_what_is_no_formula_is_refused_with_the_reason(formula: str, reason: str) -> None:
    with pytest.raises(FormulaError, match=reason):
        evaluate(formula, NAMES)


@given(st.text(alphabet="0123456789.,eE+-*/()×÷%$ kMGBhviews_'\"\n", max_size=60))
def test_any_text_is_a_value_or_a_reason(text: str) -> None:
    with contextlib.suppress(FormulaError):
        evaluate(text, NAMES)


WORDS = [
    *(
        "1",
        "2.5",
        "1,000",
        "10M",
        "0",
        "9e99M",
        "9e99B",
        "1e-99",
        "GB",
        "hours",
        "days",
        "week",
        "/mo",
        "$",
        "USD",
    ),
    *(
        "$0.023",
        "%",
        "×",
        "*",
        "/",
        "+",
        "-",
        "(",
        ")",
        "x",
        "@",
        "at",
        "per",
        "a",
        "=",
        "≈",
        "free",
        "(free)",
    ),
    *(
        "views",
        "vCPU-hour",
        "hourly",
        "cache.r6g.large",
        "~",
        "1'000",
        "instance(s)",
        "in a month",
        "M",
        "–",
        "€",
    ),
]


@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_words_are_a_finite_value_or_a_reason(text: str) -> None:
    with contextlib.suppress(FormulaError):
        read = read_formula(text, NAMES, lambda _part, _price, says_free: says_free)
        assert abs(read.value.value) <= 10**60
        describe(read.value.dimension)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12), st.data())
def test_sums_and_products_are_those_of_another_calculator(numbers: list[int], data: st.DataObject) -> None:
    """Python's own arithmetic is the oracle: without units, both follow the same grammar."""
    marks = data.draw(st.lists(st.sampled_from("+-*"), min_size=len(numbers), max_size=len(numbers)))
    formula = str(numbers[0]) + "".join(
        f" {mark} {number}" for mark, number in zip(marks, numbers[1:], strict=False)
    )
    assert evaluate(formula, {}).value == eval(formula)  # noqa: S307 - made of digits and three marks
