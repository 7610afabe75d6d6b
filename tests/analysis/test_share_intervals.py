from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tidegauge.analysis.intervals import clopper_pearson, needed_n


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20_000), st.floats(0, 1))
def test_bounds_equal_scipy_s_exact_binomial_test(n: int, share: float) -> None:
    violations = round(n * share)
    oracle = stats.binomtest(violations, n).proportion_ci(confidence_level=0.90, method="exact")
    assert clopper_pearson(violations, n) == pytest.approx((oracle.low, oracle.high), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("n", [1, 10, 299, 2995])
def test_without_violations_the_upper_bound_is_the_closed_form(n: int) -> None:
    assert clopper_pearson(0, n) == pytest.approx((0.0, 1 - 0.05 ** (1 / n)))


@pytest.mark.parametrize("n", [1, 10, 299])
def test_with_nothing_but_violations_the_lower_bound_is_the_closed_form(n: int) -> None:
    assert clopper_pearson(n, n) == pytest.approx((0.05 ** (1 / n), 1.0))


@pytest.mark.parametrize(("allowed", "n"), [(0.5, 5), (0.1, 29), (0.05, 59), (0.01, 299), (0.001, 2995)])
def test_without_violations_it_takes_as_many_requests_as_the_quantile_needs(allowed: float, n: int) -> None:
    assert needed_n(0.0, allowed) == n


@pytest.mark.parametrize(("observed", "allowed"), [(0.005, 0.01), (0.02, 0.01), (1.0, 0.01), (0.0008, 0.001)])
def test_the_needed_count_settles_and_one_fewer_does_not(observed: float, allowed: float) -> None:
    def settled(n: int) -> bool:
        lower, upper = clopper_pearson(observed * n, n)
        return upper <= allowed or lower > allowed

    n = needed_n(observed, allowed)
    assert n is not None
    assert settled(n)
    assert n == 1 or not settled(n - 1)


def test_the_needed_count_is_never_below_the_one_asked_from() -> None:
    assert needed_n(0.0, 0.5, at_least=40) == 40


@pytest.mark.parametrize(("observed", "allowed"), [(0.01, 0.01), (0.0, 0.0)])
def test_no_count_settles_a_share_that_is_exactly_the_allowed_one(observed: float, allowed: float) -> None:
    assert needed_n(observed, allowed) is None
