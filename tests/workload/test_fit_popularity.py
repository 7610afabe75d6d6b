"""Popularity fitted to counts that were drawn from known laws."""

from __future__ import annotations

import numpy as np
import pytest

from tidegauge.workload.fit.popularity import chosen, fit_popularity


def zipf(assets: int, alpha: float) -> np.ndarray:
    weights = np.arange(1, assets + 1) ** -alpha
    return weights / weights.sum()


def weibull_quantiles(assets: int, shape: float) -> np.ndarray:
    """Guo et al. 2008: the count at rank k is a Weibull law's quantile."""
    weights = (-np.log((np.arange(1, assets + 1) - 0.5) / assets)) ** (1 / shape)
    return weights / weights.sum()


def drawn(weights: np.ndarray, requests: int) -> np.ndarray:
    counts = np.random.default_rng(11).multinomial(requests, weights)
    return counts[counts > 0]


@pytest.mark.parametrize(
    ("assets", "alpha", "requests"),
    [(30, 0.9, 5_000), (500, 0.6, 5_000), (2_000, 0.9, 50_000), (10_000, 1.0, 20_000), (5_000, 1.2, 50_000)],
)
def test_zipfs_alpha_and_the_number_of_assets_are_recovered(assets: int, alpha: float, requests: int) -> None:
    fits = fit_popularity(drawn(zipf(assets, alpha), requests))
    assert fits["zipf"].parameter == pytest.approx(alpha, abs=0.03)
    assert fits["zipf"].assets == pytest.approx(assets, rel=0.06)
    assert chosen(fits).model == "zipf"


@pytest.mark.parametrize(
    ("assets", "shape", "requests"), [(1_000, 0.5, 50_000), (2_000, 0.3, 50_000), (10_000, 0.2, 20_000)]
)
def test_the_shape_of_a_stretched_exponential_is_recovered(assets: int, shape: float, requests: int) -> None:
    fits = fit_popularity(drawn(weibull_quantiles(assets, shape), requests))
    assert fits["stretched_exponential"].parameter == pytest.approx(shape, rel=0.05)
    assert fits["stretched_exponential"].assets == pytest.approx(assets, rel=0.1)
    assert chosen(fits).model == "stretched_exponential"


def test_ranks_by_count_are_biased_where_assets_stay_unseen() -> None:
    fit = fit_popularity(drawn(zipf(10_000, 1.0), 20_000))["zipf"]
    assert abs(fit.by_rank - 1.0) > 0.03 > abs(fit.parameter - 1.0)


def test_equal_counts_are_an_even_popularity() -> None:
    fits = fit_popularity(np.full(10, 1000))
    assert fits["zipf"].parameter < 0.001
    assert fits["zipf"].assets == 10


@pytest.mark.parametrize("counts", [[1], [5], [1, 1, 1], [3, 1]])
def test_hardly_any_requests_still_have_a_likelihood(counts: list[int]) -> None:
    for fit in fit_popularity(np.array(counts)).values():
        assert fit.log_likelihood <= 0
        assert fit.weights.sum() == pytest.approx(1)
