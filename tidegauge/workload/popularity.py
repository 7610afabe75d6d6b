"""Which asset a session asks for: rank-frequency models of popularity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def zipf_weights(assets: int, alpha: float) -> Floats:
    """Probabilities of ranks 1 to `assets`, proportional to rank^-alpha; they sum to 1."""
    weights = np.arange(1, assets + 1, dtype=np.float64) ** -alpha
    normed: Floats = weights / weights.sum()
    return normed


def stretched_exponential_weights(assets: int, shape: float, scale: float) -> Floats:
    """Probabilities of ranks when request counts follow a Weibull law of that shape and scale.

    The count at rank k of n is the quantile of 1 - (k - 1/2)/n: scale (-ln((k - 1/2)/n))^(1/shape)
    (Guo et al., PODC 2008). The scale cancels in the probabilities and is kept for what a fit reports.
    """
    ranks = np.arange(1, assets + 1, dtype=np.float64)
    weights = scale * (-np.log((ranks - 0.5) / assets)) ** (1 / shape)
    normed: Floats = weights / weights.sum()
    return normed


def draw_ranks(weights: Floats, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """`count` ranks, counted from 0, drawn independently."""
    cumulative = np.cumsum(weights)
    uniform = generator.random(count) * cumulative[-1]
    ranks: NDArray[np.int64] = np.searchsorted(cumulative, uniform, side="right").clip(max=len(weights) - 1)
    return ranks
