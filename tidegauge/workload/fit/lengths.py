"""Distributions fitted by maximum likelihood: requests a session, think times, bytes an answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr

Floats = NDArray[np.float64]
SIGMA_MIN = 1e-3  # for values that are all alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A fitted distribution."""

    name: str
    parameters: dict[str, float]
    log_likelihood: float
    cumulative: Callable[[Floats], Floats]

    @property
    def aic(self) -> float:
        """Akaike's criterion: the lower, the better."""
        return 2 * len(self.parameters) - 2 * self.log_likelihood

    def distance(self, values: Floats) -> float:
        """Kolmogorov-Smirnov: the largest gap between the values' distribution and this one."""
        seen, times = np.unique(values, return_counts=True)
        upper = np.cumsum(times) / len(values)
        fitted = self.cumulative(seen)
        if self.name in ("geometric", "lognormal_count"):  # both step at the same places
            return float(np.abs(upper - fitted).max())
        lower = upper - times / len(values)
        return float(max((upper - fitted).max(), (fitted - lower).max()))


def geometric(counts: Floats) -> Law:
    """Fitted to counts from 1 up: after each, the chance of another is the same."""
    more = 1.0 - len(counts) / float(counts.sum())
    rest = float((counts - 1).sum())
    log_likelihood = len(counts) * math.log1p(-more) + (rest * math.log(more) if rest else 0.0)
    return Law(
        name="geometric",
        parameters={"mean": 1 / (1 - more)},
        log_likelihood=log_likelihood,
        cumulative=lambda values: 1.0 - more**values,
    )


def lognormal_count(counts: Floats) -> Law:
    """Fitted to counts from 1 up: a lognormal rounded to the nearest, with all below 1.5 at 1."""
    values, times = np.unique(counts, return_counts=True)

    def cumulative(at: Floats, mu: float, sigma: float) -> Floats:
        reached: Floats = ndtr((np.log(at + 0.5) - mu) / sigma)
        return reached

    def lost(point: Floats) -> float:
        mu, sigma = float(point[0]), max(abs(float(point[1])), SIGMA_MIN)
        below = np.where(values > 1, cumulative(np.maximum(values - 1, 1), mu, sigma), 0.0)
        chance = np.maximum(cumulative(values, mu, sigma) - below, 1e-300)
        return -float(times @ np.log(chance))

    logs = np.log(counts)
    found = minimize(lost, [logs.mean(), max(logs.std(), 0.1)], method="Nelder-Mead")
    mu, sigma = float(found.x[0]), max(abs(float(found.x[1])), SIGMA_MIN)
    return Law(
        name="lognormal_count",
        parameters={"mu": mu, "sigma": sigma},
        log_likelihood=-float(found.fun),
        cumulative=lambda at: cumulative(at, mu, sigma),
    )


def exponential(values: Floats) -> Law:
    """Fitted to values above 0."""
    mean = float(values.mean())
    return Law(
        name="exponential",
        parameters={"mean": mean},
        log_likelihood=-len(values) * (math.log(mean) + 1),
        cumulative=lambda at: -np.expm1(-at / mean),
    )


def lognormal(values: Floats) -> Law:
    """Fitted to values above 0."""
    logs = np.log(values)
    mu, sigma = float(logs.mean()), max(float(logs.std()), SIGMA_MIN)
    log_likelihood = -float(
        logs.sum() + len(logs) * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
        + ((logs - mu) ** 2).sum() / (2 * sigma**2)
    )  # fmt: skip
    return Law(
        name="lognormal",
        parameters={"mu": mu, "sigma": sigma},
        log_likelihood=log_likelihood,
        cumulative=lambda at: ndtr((np.log(at) - mu) / sigma),
    )


def likelier(*laws: Law) -> Law:
    """The law with the lowest AIC."""
    return min(laws, key=lambda law: law.aic)


def sample_distance(one: Floats, other: Floats) -> float:
    """Kolmogorov-Smirnov between two samples; scipy's would work out a P value too, and fail on tiny ones."""
    at = np.concatenate([one, other])
    reached = [np.searchsorted(np.sort(sample), at, side="right") / len(sample) for sample in (one, other)]
    return float(np.abs(reached[0] - reached[1]).max())
