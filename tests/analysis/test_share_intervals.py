from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tidegauge.analysis.intervals import binomial_tail, clopper_pearson, needed_n


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


@pytest.mark.parametrize(
    ("observed", "allowed"),
    [(0.005, 0.01), (0.02, 0.01), (1.0, 0.01), (0.0003, 0.001), (0.3, 0.25), (0.1, 0.2)],
)
def test_a_run_of_the_needed_count_decides_in_four_of_five_cases(observed: float, allowed: float) -> None:
    n = needed_n(observed, allowed)
    assert n is not None
    outcomes = range(n + 1)
    decided = [
        stats.binom.pmf(x, n, observed)
        for x, (lower, upper) in zip(outcomes, (clopper_pearson(x, n) for x in outcomes), strict=True)
        if (upper <= allowed if observed < allowed else lower > allowed)
    ]
    assert sum(decided) >= 0.8
    half = n // 2  # and half as long does not
    settled = {x: clopper_pearson(x, half) for x in range(half + 1)} if half else {}
    assert (
        sum(
            stats.binom.pmf(x, half, observed)
            for x, (lower, upper) in settled.items()
            if (upper <= allowed if observed < allowed else lower > allowed)
        )
        < 0.8
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0.001, 0.999))
def test_the_tail_is_scipy_s_and_says_what_the_lower_bound_says(n: int, share: float, allowed: float) -> None:
    violations = round(n * share)
    tail = binomial_tail(violations, n, allowed)
    assert tail == pytest.approx(stats.binom.sf(violations - 1, n, allowed), rel=1e-6, abs=1e-12)
    if abs(tail - 0.02) > 1e-9:
        assert (tail < 0.02) == (clopper_pearson(violations, n, 0.98)[0] > allowed)


def test_the_needed_count_is_never_below_the_one_asked_from() -> None:
    assert needed_n(0.0, 0.5, at_least=40) == 40


@pytest.mark.parametrize(("observed", "allowed"), [(0.01, 0.01), (0.0, 0.0)])
def test_no_count_settles_a_share_that_is_exactly_the_allowed_one(observed: float, allowed: float) -> None:
    assert needed_n(observed, allowed) is None
