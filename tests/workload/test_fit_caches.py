"""Simulated caches against theory that holds for independent requests."""

from __future__ import annotations

import numpy as np
import pytest

from tidegauge.workload.fit.caches import che_hit_ratio, lru_hit_ratio, ttl_hit_ratio


def test_an_lru_cache_drops_the_least_recently_used_object() -> None:
    # a miss, b miss, a hit, c miss (drops b), b miss (drops a), c hit, a miss
    assert lru_hit_ratio(np.array([1, 2, 1, 3, 2, 3, 1]), 2) == 2 / 7


def test_a_ttl_cache_counts_from_the_fetch_and_a_hit_does_not_renew_it() -> None:
    # fetched at 0, hits at 4 and 9, out at 10: fetched again, hit at 15
    objects, times_s = np.ones(5, dtype=np.int64), np.array([0.0, 4.0, 9.0, 10.0, 15.0])
    assert ttl_hit_ratio(objects, times_s, 10.0) == 3 / 5


@pytest.mark.parametrize(("alpha", "size"), [(0.6, 50), (0.9, 50), (0.9, 300), (1.2, 10)])
def test_a_simulated_lru_cache_agrees_with_ches_approximation(alpha: float, size: int) -> None:
    weights = np.arange(1, 1001) ** -alpha
    weights /= weights.sum()
    objects = np.random.default_rng(5).choice(1000, 200_000, p=weights)
    assert lru_hit_ratio(objects, size) == pytest.approx(che_hit_ratio(weights, size), abs=0.006)


def test_ches_approximation_is_the_cache_size_over_equally_popular_objects() -> None:
    assert che_hit_ratio(np.full(100, 0.01), 25) == pytest.approx(0.25)
    assert che_hit_ratio(np.full(100, 0.01), 100) == 1


def test_a_simulated_ttl_cache_agrees_with_the_closed_form_of_poisson_requests() -> None:
    rate_per_s, ttl_s = 0.05, 60.0  # one object: a cycle is one miss and l T hits
    times_s = np.cumsum(np.random.default_rng(6).exponential(1 / rate_per_s, 100_000))
    simulated = ttl_hit_ratio(np.zeros(100_000, dtype=np.int64), times_s, ttl_s)
    assert simulated == pytest.approx(rate_per_s * ttl_s / (1 + rate_per_s * ttl_s), abs=0.004)
