"""Maximum likelihood for the popularity models, from how often each object was asked for.

The rank of an object is not observed. Ranks given by the counts themselves make a popularity look other
than it is (the luckiest objects come first, and those never asked for have no rank at all), so here each
object's rank is integrated out: its count is Poisson with the rate of a rank that is equally likely to be
any of 1 to N, and N, unseen objects included, is fitted too. That is a composite likelihood: it leaves out
that no two objects share a rank. What ranks by count would have said is reported beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, logsumexp

from tidegauge.workload.popularity import stretched_exponential_weights, zipf_weights

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Model = Literal["zipf", "stretched_exponential"]

MODELS: tuple[Model, ...] = ("zipf", "stretched_exponential")
TRIED: dict[Model, tuple[float, ...]] = {  # each model's range, from which the search starts
    "zipf": (0.0, 0.3, 0.6, 0.9, 1.2, 1.6, 2.2, 3.0, 5.0),
    "stretched_exponential": (0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.2, 3.0, 10.0),
}
UNSEEN_MAX = 50  # N is looked for up to this many times the objects seen
RANKS_APART = 100  # the first ranks are taken one by one, the others in bins that grow with the rank
BINS = 150
PARAMETERS = 2  # either model has two: its exponent and N


@dataclass(frozen=True, slots=True, kw_only=True)
class PopularityFit:
    """One model at its most likely parameters."""

    model: Model
    parameter: float  # alpha of Zipf's law, shape of the stretched exponential
    assets: int  # N: all objects, asked for or not
    log_likelihood: float  # for the counts seen, with the ranks integrated out
    by_rank: float  # the parameter if ranks by count were the true ones and every object had been seen

    @property
    def aic(self) -> float:
        """Akaike's criterion: the lower, the better."""
        return 2 * PARAMETERS - 2 * self.log_likelihood

    @property
    def weights(self) -> Floats:
        """Probabilities of the ranks."""
        return model_weights(self.model, self.assets, self.parameter)

    def scale(self, requests: int) -> float:
        """The stretched exponential's scale: requests to the asset at which the law's argument is 1."""
        ranks = np.arange(1, self.assets + 1, dtype=np.float64)
        relative = _relative_rates("stretched_exponential", ranks, self.assets, self.parameter)
        return requests / float(relative.sum())


def model_weights(model: Model, assets: int, parameter: float) -> Floats:
    """Probabilities of ranks 1 to `assets`; the scale of the stretched exponential cancels."""
    if model == "zipf":
        return zipf_weights(assets, parameter)
    return stretched_exponential_weights(assets, parameter, 1.0)


def fit_popularity(counts: Counts) -> dict[Model, PopularityFit]:
    """Both models, fitted to the request counts of the objects seen (all at least 1)."""
    return {model: _fit(model, counts) for model in MODELS}


def chosen(fits: dict[Model, PopularityFit]) -> PopularityFit:
    """The model with the lower AIC."""
    return min(fits.values(), key=lambda fit: fit.aic)


def _fit(model: Model, counts: Counts) -> PopularityFit:
    seen = len(counts)
    values, times = np.unique(counts, return_counts=True)

    def best_parameter(assets: int) -> tuple[float, float]:
        """The most likely parameter for that many objects, and its log-likelihood."""

        def lost(parameter: float) -> float:
            return -_log_likelihood(model, parameter, assets, values, times)

        grid = TRIED[model]  # a grid first: the likelihood may have a second, lower peak
        at = int(np.argmin([lost(parameter) for parameter in grid]))
        bounds = (grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)])
        found = minimize_scalar(lost, bounds=bounds, method="bounded", options={"xatol": 1e-4})
        return float(found.x), -float(found.fun)

    # One search inside the other: jointly they lie along a narrow bent ridge, where simplex methods stop.
    outer = minimize_scalar(
        lambda growth: -best_parameter(round(seen * math.exp(growth)))[1],
        bounds=(0.0, math.log(UNSEEN_MAX)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    candidates = [(assets, *best_parameter(assets)) for assets in (seen, round(seen * math.exp(outer.x)))]
    assets, parameter, log_likelihood = max(candidates, key=lambda one: one[2])
    return PopularityFit(
        model=model,
        parameter=parameter,
        assets=assets,
        log_likelihood=log_likelihood,
        by_rank=_by_rank(model, counts),
    )


def _by_rank(model: Model, counts: Counts) -> float:
    """The most likely parameter if the objects' order by count were that of their true ranks."""
    ordered = np.sort(counts)[::-1]

    def lost(parameter: float) -> float:
        return -float(ordered @ np.log(np.maximum(model_weights(model, len(counts), parameter), 1e-300)))

    return float(minimize_scalar(lost, bounds=(TRIED[model][0], TRIED[model][-1]), method="bounded").x)


def _log_likelihood(model: Model, parameter: float, assets: int, values: Counts, times: Counts) -> float:
    """ln of the chance to see so many of `assets` objects, with `times` of them asked for `values` times."""
    seen, requests = int(times.sum()), int(values @ times)
    edges = _bin_edges(assets)
    ranks = np.diff(edges)
    relative = _relative_rates(model, (edges[:-1] + 1 + edges[1:]) / 2, assets, parameter)
    rates = np.maximum(requests * relative / (ranks @ relative), 1e-300)
    of_bin = np.log(ranks / assets)
    poisson = values[:, None] * np.log(rates) - rates - gammaln(values + 1.0)[:, None]
    unseen = float(logsumexp(of_bin - rates))
    which = gammaln(assets + 1.0) - gammaln(seen + 1.0) - gammaln(assets - seen + 1.0)
    return float(which + (assets - seen) * unseen + times @ logsumexp(poisson + of_bin, axis=1))


def _relative_rates(model: Model, ranks: Floats, assets: int, parameter: float) -> Floats:
    """The models' laws at ranks from 1 up, whole or, in the middle of a bin, between them."""
    rates: Floats = (
        ranks**-parameter if model == "zipf" else (-np.log((ranks - 0.5) / assets)) ** (1 / parameter)
    )
    return rates


def _bin_edges(assets: int) -> Counts:
    """Where bins of like ranks begin, counted from 0, and the end."""
    if assets <= RANKS_APART + BINS:
        return np.arange(assets + 1)
    growing = np.geomspace(RANKS_APART, assets, BINS).astype(np.int64)
    return np.unique(np.concatenate([np.arange(RANKS_APART), growing, [assets]]))
