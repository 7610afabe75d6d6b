"""Dollars as people read them: one rule wherever the meter says an amount."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from tidegauge.dollars import usd


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("1467.808", "$1,467.81"),
        ("902.285", "$902.29"),  # half a cent goes up
        ("902.2849", "$902.28"),
        ("1", "$1.00"),
        ("1.004", "$1.00"),
        ("0.9996", "$1.00"),
        ("0.9994", "$0.999"),
        ("0.5", "$0.50"),
        ("0.2165", "$0.217"),
        ("0.2", "$0.20"),
        ("0.04937", "$0.0494"),
        ("0.01", "$0.01"),
        ("0.00016457", "$0.000165"),
        ("0.0002", "$0.0002"),
        ("0.000000000123", "$0.000000000123"),  # plain digits, however small
        ("-7.992", "-$7.99"),
        ("-0.0004", "-$0.0004"),
        ("1234567890.125", "$1,234,567,890.13"),
    ],
)
def test_dollars_have_cents_and_below_a_dollar_three_digits(amount: str, shown: str) -> None:
    assert usd(Fraction(amount)) == shown
    assert usd(Decimal(amount)) == shown
    assert usd(float(amount)) == shown


def test_an_amount_without_an_end_is_cut_once() -> None:
    assert usd(Fraction("0.04048") / 3600) == "$0.0000112"
    assert usd(Fraction(2, 3)) == "$0.667"
    assert usd(Fraction(200, 3)) == "$66.67"
