"""Numbers in the report: what they may be rounded to, and what stands where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.drawing import numbers
from tests.support.blocked_durations import at_once
from tidegauge.analysis.quantiles import latency_ms


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0", "$0"),
        ("0.000123", "$0.000123"),
        ("0.0214837219", "$0.02148"),
        ("0.0000000000791624188423", "$0.00000000007916"),
        ("862.4", "$862.40"),
        ("1234567.891", "$1,234,567.89"),
        ("9.99996", "$10.00"),
        ("902.2849", "$902.28"),
        ("-0.000123", "-$0.000123"),
        ("1E-9", "$0.000000001"),
    ],
)
def test_money_keeps_four_digits_and_never_becomes_nothing(exact: str, shown: str) -> None:
    assert numbers.money(exact) == shown


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("0", "$0"),
        ("22.265", "+$22.27"),
        ("-7.992", "-$7.99"),
        ("-0.0004", "-$0.0004"),
        ("1467.808", "+$1,467.81"),
    ],
)
def test_a_bill_shows_cents_halves_up_and_never_nothing(exact: str, shown: str) -> None:
    assert numbers.cents(exact, signed=True) == shown


def test_exact_money_is_written_out_in_full() -> None:
    assert numbers.exact_money("7.91624188423E-11") == "0.0000000000791624188423 USD"


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.934, "93.4 %"),
        (0.99996, "99.9960 %"),
        (0.000232, "0.023 %"),
        (0.000000232, "0.000023 %"),
        (None, "n/a"),
    ],
)
def test_only_exactly_nothing_and_everything_read_as_0_and_100_percent(
    ratio: float | None, shown: str
) -> None:
    assert numbers.percent(ratio) == shown


@pytest.mark.parametrize(("ratio", "shown"), [(0.01, "1 %"), (0.0001, "0.01 %"), (0.9, "90 %"), (0.0, "0 %")])
def test_a_chosen_limit_shows_the_digits_that_it_has(ratio: float, shown: str) -> None:
    assert numbers.exact_percent(ratio) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.4123, "0.412"), (4.123, "4.12"), (41.23, "41.2"), (412.3, "412"), (4123.4, "4,123"), (9.999, "10.0")],
)
def test_milliseconds_show_three_digits_or_all_whole_ones(value: float, shown: str) -> None:
    assert numbers.milliseconds(value) == shown


@pytest.mark.parametrize(
    ("quantile", "needed"), [(0.5, 5), (0.9, 29), (0.95, 59), (0.99, 299), (0.999, 2995), (0.9999, 29956)]
)
def test_required_counts_are_those_of_wilks(quantile: float, needed: int) -> None:
    assert numbers.required_n(quantile) == needed


def test_an_unsupported_quantile_shows_its_count_and_no_number() -> None:
    times = replace(latency_ms(at_once(np.ones(84))), p99_low=41.0)
    assert numbers.quantile_ms(times, "p99") == "n/a (84 of 299)"
    assert numbers.interval_ms(times, "p99") == ""


def test_an_interval_without_an_upper_rank_says_so() -> None:
    times = replace(latency_ms(at_once(np.ones(84))), p99=50.0, p99_low=41.25)
    assert numbers.interval_ms(times, "p99") == "41.2 – n/a"
