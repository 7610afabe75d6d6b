from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tidegauge.workload.fit.arrivals import fit_arrivals
from tidegauge.workload.fit.bursts import bursts


def test_a_burst_within_a_steady_hour_is_said_to_be_flattened() -> None:
    generator = np.random.default_rng(1)
    steady, burst = generator.uniform(0, 3600, 18_000), generator.uniform(1800, 1803, 300)
    times_s = np.sort(np.concatenate([steady, burst]))
    second, ten = bursts(fit_arrivals(times_s, 1.0), times_s)
    assert second.flattened
    assert ten.flattened
    assert 1793 <= ten.at_s <= 1800.5  # all of the three seconds lie in it
    assert ten.log_per_s * 10 == pytest.approx(np.sum((times_s >= ten.at_s) & (times_s < ten.at_s + 10)))
    assert ten.ratio is not None
    assert ten.ratio > 1.5


def test_poisson_arrivals_at_the_fitted_rate_hold_no_burst_that_chance_does_not_make() -> None:
    generator = np.random.default_rng(2)
    found = 0
    for _ in range(60):
        times_s = np.sort(generator.uniform(0, 600, 3000))
        found += any(burst.flattened for burst in bursts(fit_arrivals(times_s, 1.0), times_s))
    assert stats.binom.sf(found - 1, 60, 0.02) > 0.001 or not found


def test_a_log_shorter_than_a_span_has_no_figure_for_it() -> None:
    times_s = np.linspace(0.1, 4.9, 40)
    assert [burst.span_s for burst in bursts(fit_arrivals(times_s, 1.0), times_s)] == [1.0]
