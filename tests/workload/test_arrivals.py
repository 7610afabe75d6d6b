"""Open arrivals: counts and spacing against closed forms."""

import numpy as np
import pytest
from scipy import stats

from tidegauge.workload.arrivals import LinearPiece, arrival_times_s


def piece(duration_s: float, start: float, end: float | None = None, *, poisson: bool = False) -> LinearPiece:
    return LinearPiece(
        duration_s=duration_s,
        from_rate_per_s=start,
        to_rate_per_s=start if end is None else end,
        poisson=poisson,
    )


def generator(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_uniform_arrivals_at_a_constant_rate_are_one_over_the_rate_apart_and_reach_the_end() -> None:
    times = arrival_times_s([piece(3, 4)], generator())
    assert times.tolist() == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3]


@pytest.mark.parametrize(
    ("rate", "duration_s", "count"), [(0.1, 30, 3), (50, 60, 3000), (1 / 3, 9, 3), (0, 5, 0)]
)
def test_uniform_arrivals_number_rate_times_duration_despite_binary_fractions(
    rate: float, duration_s: float, count: int
) -> None:
    assert len(arrival_times_s([piece(duration_s, rate)], generator())) == count


def test_uniform_arrivals_on_a_ramp_fall_where_the_integrated_rate_reaches_whole_numbers() -> None:
    # rate t/1 on [0, 4]: the integral t^2/2 reaches k at sqrt(2k)
    times = arrival_times_s([piece(4, 0, 4)], generator())
    assert times == pytest.approx(np.sqrt(2 * np.arange(1, 9)))


def test_a_fraction_of_an_arrival_carries_over_into_the_next_phase() -> None:
    # 0.5 + 0.5: the only arrival is due when the second phase ends
    times = arrival_times_s([piece(1, 0.5), piece(1, 0.5)], generator())
    assert times.tolist() == [2.0]


def test_poisson_gaps_follow_the_exponential_law() -> None:
    times = arrival_times_s([piece(400, 50, poisson=True)], generator())
    gaps = np.diff(times, prepend=0.0)
    assert stats.kstest(gaps, stats.expon(scale=1 / 50).cdf).pvalue > 0.01


def test_poisson_counts_have_variance_equal_to_their_mean() -> None:
    counts = [len(arrival_times_s([piece(10, 20, poisson=True)], generator(seed))) for seed in range(400)]
    # mean and variance are both 200; standard errors .7 and 14
    assert np.mean(counts) == pytest.approx(200, abs=3)
    assert np.var(counts) == pytest.approx(200, abs=57)


def test_poisson_arrivals_on_a_ramp_have_the_ramp_as_their_density() -> None:
    times = arrival_times_s([piece(100, 0, 100, poisson=True)], generator())
    assert stats.kstest(times, lambda t: (t / 100) ** 2).pvalue > 0.01


def test_no_arrival_comes_before_the_start_or_after_the_last_phase() -> None:
    times = arrival_times_s([piece(5, 100, poisson=True), piece(5, 100, 0, poisson=True)], generator())
    assert times.min() > 0
    assert times.max() <= 10
    assert (np.diff(times) >= 0).all()
