from __future__ import annotations

import numpy as np
import pytest

from benches.dependence import MEAN_S, Load, limit_of_mm8, services, simulate, stationary


def test_the_closed_form_of_the_queue_agrees_with_the_simulation() -> None:
    steady = Load(at=lambda t: np.full_like(t, 0.7), most=0.7)
    runs = simulate("exponential", steady, 120, 60, (1, 2))
    for share in (0.1, 0.01):
        assert runs.limit_of(share, 120) == pytest.approx(limit_of_mm8(0.7, share), rel=0.03)


@pytest.mark.parametrize("law", ["exponential", "hyperexponential", "lognormal"])
def test_service_times_have_the_mean_and_the_spread_that_they_are_to_have(law: str) -> None:
    times = services(law, np.random.default_rng(3), (2000, 1000))  # type: ignore[arg-type]
    assert times.mean() == pytest.approx(MEAN_S, rel=0.01)
    assert (times.std() / times.mean()) ** 2 == pytest.approx(1 if law == "exponential" else 4, rel=0.05)


def test_at_the_knee_a_run_exactly_at_its_limit_seldom_passes_and_its_intervals_hold_the_truth() -> None:
    before, after = stationary("exponential", 0.9, (60,), 120, (4, 5))
    assert before.passed > 0.5
    assert before.p99_covered < 0.25
    assert after.passed < 0.15
    assert after.failed < 0.15
    assert after.share_covered > 0.85
    assert after.p99_covered > 0.85


def test_independent_requests_lose_little_and_a_run_at_half_of_what_is_allowed_passes() -> None:
    before, after = stationary("no queue", 0.7, (300,), 60, (6, 7))
    assert after.width < 1.3 * before.width
    assert after.passed_at_half == 1.0
