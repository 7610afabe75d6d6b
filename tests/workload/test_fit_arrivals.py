"""Rate and process of arrivals that were drawn from known ones."""

from __future__ import annotations

import numpy as np
import pytest

from tidegauge.workload.fit.arrivals import ArrivalFit, draw_arrivals, fit_arrivals
from tidegauge.workload.fit.lengths import exponential, geometric, lognormal, lognormal_count

DAY_S = 86_400.0


def poisson(rates_per_s: list[float], step_s: float, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.concatenate(
        [
            np.sort(generator.uniform(index * step_s, (index + 1) * step_s, generator.poisson(rate * step_s)))
            for index, rate in enumerate(rates_per_s)
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_constant_rate_is_found_constant_and_poisson(seed: int) -> None:
    fit = fit_arrivals(poisson([5.0], 2000.0, seed), 1e-6)
    assert (fit.shape, fit.process) == ("constant", "poisson")
    assert fit.rates_per_s[0] == pytest.approx(5.0, rel=0.04)  # four standard errors of 10,000 arrivals
    assert fit.dispersion == pytest.approx(1.0, abs=0.15)


def test_a_rate_that_changes_is_followed_by_steps() -> None:
    fit = fit_arrivals(poisson([2.0, 20.0, 5.0], 300.0, seed=1), 1e-6)
    assert fit.shape == "steps"
    reached = fit.expected(np.array([300.0, 600.0, 900.0]))
    assert np.diff(reached, prepend=0) == pytest.approx([600, 6000, 1500], rel=0.12)


def test_the_swing_of_days_is_found() -> None:
    generator = np.random.default_rng(2)
    times_s = np.sort(generator.uniform(0, 3 * DAY_S, 40_000))
    rate = 1 + 0.5 * np.cos(2 * np.pi * (times_s - 50_000) / DAY_S)  # peak to trough 1.5 / 0.5 = 3
    fit = fit_arrivals(times_s[generator.uniform(0, 1.5, 40_000) < rate], 1e-6)
    assert fit.shape == "diurnal"
    assert fit.day is not None
    assert fit.day.peak_to_trough == pytest.approx(3.0, rel=0.1)
    assert fit.day.peak_at_s == pytest.approx(50_000, abs=1500)


def test_evenly_spaced_arrivals_are_found_uniform_behind_a_clock_of_seconds() -> None:
    ticks = np.floor(np.arange(4000) / 4)
    shown = np.sort(ticks + np.random.default_rng(3).random(4000))
    fit = fit_arrivals(shown, 1.0)
    assert (fit.shape, fit.process, fit.duration_s, fit.rates_per_s) == (
        "constant",
        "uniform",
        1000.0,
        (4.0,),
    )


def test_bursts_show_in_the_index_of_dispersion() -> None:
    bursts = np.repeat(poisson([1.0], 2000.0, seed=4), 5)  # batches of 5: variance over mean is 5
    dispersion = fit_arrivals(bursts, 1e-6).dispersion
    assert dispersion == pytest.approx(5.0, rel=0.2)


def test_one_arrival_is_a_rate_of_one_a_second() -> None:
    fit = fit_arrivals(np.array([0.0]), 1e-6)
    assert (fit.duration_s, fit.rates_per_s) == (1.0, (1.0,))


def test_drawn_arrivals_follow_the_fitted_rate() -> None:
    fit = ArrivalFit(duration_s=200.0, rates_per_s=(10.0, 0.0, 100.0, 0.0))
    counts = np.histogram(draw_arrivals(fit, np.random.default_rng(5)), [0, 50, 100, 150, 200])[0]
    assert counts == pytest.approx([500, 0, 5000, 0], rel=0.12)


def test_lengths_drawn_from_a_law_are_fitted_by_it() -> None:
    generator = np.random.default_rng(7)
    counts = generator.geometric(1 / 4.0, 20_000).astype(float)
    assert geometric(counts).parameters["mean"] == pytest.approx(4.0, rel=0.03)
    assert geometric(counts).aic < lognormal_count(counts).aic
    assert geometric(counts).distance(counts) < 0.015
    rounded = np.maximum(np.round(generator.lognormal(2.0, 0.6, 20_000)), 1)
    assert lognormal_count(rounded).parameters == pytest.approx({"mu": 2.0, "sigma": 0.6}, rel=0.02)
    assert lognormal_count(rounded).aic < geometric(rounded).aic
    assert lognormal_count(rounded).distance(rounded) < 0.015
    sizes = generator.lognormal(9.0, 1.5, 20_000)
    assert lognormal(sizes).parameters == pytest.approx({"mu": 9.0, "sigma": 1.5}, rel=0.02)
    assert lognormal(sizes).aic < exponential(sizes).aic
    assert lognormal(sizes).distance(sizes) < 0.015
