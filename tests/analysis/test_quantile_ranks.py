from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.support.blocked_durations import at_once
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.intervals import order_statistic_ranks
from tidegauge.analysis.quantiles import (
    latency_ms,
    quantile_ms,
    quantile_of,
    required_n,
)
from tidegauge.histograms import rank_of
from tidegauge.stored import document_of


@pytest.mark.parametrize(
    ("n", "per_mille", "rank"),
    [
        (5, 500, 3),
        (4, 500, 2),
        (299, 990, 297),
        (300, 990, 297),
        (2995, 999, 2993),
        (1, 990, 1),
        (100, 70, 7),
    ],
)
def test_a_rank_is_the_ceiling_of_qn_without_float_error(n: int, per_mille: int, rank: int) -> None:
    assert rank_of(n, Fraction(per_mille, 1000)) == rank  # 0.07 x 100 is 7.000000000000001 in floats


@pytest.mark.parametrize(
    ("name", "share"),
    [("p50", "1/2"), ("p75", "3/4"), ("p99", "99/100"), ("p999", "999/1000"), ("p9999", "9999/10000")],
)
def test_the_digits_of_a_quantile_name_are_its_decimals(name: str, share: str) -> None:
    assert quantile_of(name) == Fraction(share)


@pytest.mark.parametrize("name", ["p5", "p100", "p990", "p00", "99", "p", "p9x", "p-9", "p٩٩"])
def test_a_quantile_name_that_people_would_read_two_ways_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="names no quantile"):
        quantile_of(name)


@pytest.mark.parametrize(
    ("name", "n"), [("p50", 5), ("p90", 29), ("p95", 59), ("p99", 299), ("p999", 2995), ("p9999", 29956)]
)
def test_the_required_count_is_the_published_one(name: str, n: int) -> None:
    assert required_n(quantile_of(name)) == n


@pytest.mark.parametrize("name", ["p10", "p50", "p75", "p90", "p95", "p99"])
def test_the_required_count_is_the_first_at_which_a_bound_exists(name: str) -> None:
    q = quantile_of(name)
    tail = max(q, 1 - q)
    n = required_n(q)
    assert tail**n <= Fraction(1, 20) < tail ** (n - 1)


def test_quantiles_of_1_to_1000_ms_are_their_ranks() -> None:
    values = np.random.default_rng(3).permutation(np.arange(1, 1001)) / 1000.0
    found = latency_ms(at_once(values))
    expected = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "max": 1000}
    assert {key: found.value(key) for key in expected} == pytest.approx(expected)


def test_the_p99_interval_of_1000_values_is_the_published_one() -> None:
    found = latency_ms(at_once(np.arange(1, 1001) / 1000.0))
    assert (found.p99_low, found.p99_high) == pytest.approx((984, 997), abs=1)  # ranks 0.984-0.996


@pytest.mark.parametrize(("name", "n"), [("p50", 5), ("p90", 29), ("p95", 59), ("p99", 299), ("p999", 2995)])
def test_a_quantile_is_null_one_value_short_and_says_how_many_it_needs(name: str, n: int) -> None:
    short, enough = latency_ms(at_once(np.ones(n - 1))), latency_ms(at_once(np.ones(n)))
    assert short.value(name) is None
    assert short.unsupported[name] == f"{n - 1} of {n}"
    assert enough.value(name) == 1000.0
    assert name not in enough.unsupported


def test_a_bound_is_null_where_its_rank_does_not_exist() -> None:
    found = latency_ms(at_once(np.arange(1, 6) / 1000.0))  # 0.5^5 = 0.031 is more than 0.025
    assert (found.p50, found.p50_low, found.p50_high) == (3.0, None, None)
    found = latency_ms(at_once(np.arange(1, 7) / 1000.0))  # 0.5^6 = 0.016
    assert (found.p50_low, found.p50_high) == (1.0, 6.0)


def test_the_upper_p99_bound_exists_from_368_values_on() -> None:  # 0.99^367 = 0.02501, 0.99^368 = 0.02476
    assert latency_ms(at_once(np.ones(367))).p99_high is None
    assert latency_ms(at_once(np.ones(368))).p99_high == 1000.0


def test_no_values_give_nulls_and_the_missing_counts() -> None:
    found = latency_ms(at_once(np.array([])))
    assert found.p50 is found.max is found.p99_low is None
    assert found.unsupported == {
        "p50": "0 of 5",
        "p90": "0 of 29",
        "p95": "0 of 59",
        "p99": "0 of 299",
        "p999": "0 of 2995",
    }
    json.dumps(document_of(found), allow_nan=False)


def test_a_missing_duration_is_an_error_and_no_quantile() -> None:
    with pytest.raises(ValueError, match="only finished requests"):
        latency_ms(at_once(np.array([0.1, np.nan])))


@pytest.mark.parametrize("n", [300, 777, 5000])
def test_quantiles_equal_numpy_s_inverted_cdf(n: int) -> None:
    values = np.random.default_rng(n).lognormal(-4, 1, n)
    found = latency_ms(at_once(values))
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        assert found.value(name) == pytest.approx(float(np.quantile(values, q, method="inverted_cdf")) * 1000)


def test_a_plain_quantile_needs_no_support() -> None:
    assert quantile_ms(Durations.of(np.array([0.003, 0.001])), quantile_of("p99")) == 3.0
    assert quantile_ms(Durations.of(np.array([])), quantile_of("p99")) is None


def _exact_cdf(k: int, n: int, q: Fraction) -> Fraction:
    return sum((math.comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k + 1)), Fraction(0))


@pytest.mark.parametrize("share", ["1/2", "3/4", "9/10"])
@pytest.mark.parametrize("n", [1, 5, 6, 17, 29, 46, 60])
def test_interval_ranks_are_the_tightest_by_exact_binomial_sums(n: int, share: str) -> None:
    q = Fraction(share)
    cdf = [_exact_cdf(k, n, q) for k in range(-1, n)]  # cdf[r] = P(Bin <= r - 1)
    low = max((r for r in range(1, n + 1) if cdf[r] <= Fraction(25, 1000)), default=None)
    high = min((s for s in range(1, n + 1) if cdf[s] >= Fraction(975, 1000)), default=None)
    assert order_statistic_ranks(n, q) == (low, high)


@pytest.mark.parametrize("name", ["p50", "p90", "p99", "p999"])
@pytest.mark.parametrize("n", [1, 7, 100, 368, 1000, 4321])
def test_intervals_equal_scipy_s_quantile_test(n: int, name: str) -> None:
    values = np.random.default_rng(n).exponential(size=n)
    q = quantile_of(name)
    low, high = order_statistic_ranks(n, q)
    result: Any = stats.quantile_test(values, q=0, p=float(q))
    oracle_low, oracle_high = result.confidence_interval(0.95)
    ordered = np.sort(values)
    assert (ordered[low - 1] if low else math.nan) == pytest.approx(oracle_low, nan_ok=True)
    assert (ordered[high - 1] if high else math.nan) == pytest.approx(oracle_high, nan_ok=True)


def test_the_p90_interval_covers_the_true_quantile_in_95_of_100_simulated_runs() -> None:
    n, runs, q = 400, 4000, Fraction(9, 10)
    low, high = order_statistic_ranks(n, q)
    assert low is not None
    assert high is not None
    ordered = np.sort(np.random.default_rng(11).exponential(size=(runs, n)), axis=1)
    truth = math.log(10)  # of an exponential with mean 1
    covered = np.mean((ordered[:, low - 1] <= truth) & (truth <= ordered[:, high - 1]))
    assert 0.94 < covered < 0.97


def test_ranks_of_a_million_values_stay_within_the_normal_approximation() -> None:
    n, q = 1_000_000, Fraction(99, 100)
    low, high = order_statistic_ranks(n, q)
    half_width = 1.959964 * math.sqrt(n * 0.99 * 0.01)
    assert low == pytest.approx(rank_of(n, q) - half_width, abs=2)
    assert high == pytest.approx(rank_of(n, q) + half_width, abs=2)
