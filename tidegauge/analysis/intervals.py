"""Exact intervals: for quantiles by order statistics, for shares by Clopper and Pearson."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from scipy import special  # a third of the loading time of scipy.stats, and the same numbers

CONFIDENCE = 0.95
POWER = 0.8  # how likely a run of the length that is proposed decides
SEARCH_LIMIT = 10**9  # a run of so many requests is not proposed


@lru_cache(maxsize=4096)
def order_statistic_ranks(
    n: int, q: Fraction, confidence: float = CONFIDENCE
) -> tuple[int | None, int | None]:
    """1-based ranks of the two-sided interval of quantile `q` among `n` values; None where none exists.

    Low is the largest r with P(Bin(n, q) <= r-1) <= (1-confidence)/2, high the smallest s with
    P(Bin(n, q) <= s-1) >= (1+confidence)/2 (Conover, Practical Nonparametric Statistics, 3.2).
    """
    if n < 1:
        return None, None
    tail = (1 - confidence) / 2
    # The smallest k with P(Bin(n, q) <= k) >= p: so r = k, unless that probability is p itself: then k + 1.
    at_low = _binomial_quantile(tail, n, float(q))
    low = at_low + 1 if special.bdtr(at_low, n, float(q)) <= tail else at_low
    high = _binomial_quantile(1 - tail, n, float(q)) + 1
    return (low if low >= 1 else None), (high if high <= n else None)


def effective_ranks(
    n: int, q: Fraction, effective_n: int, confidence: float = CONFIDENCE
) -> tuple[int | None, int | None]:
    """The same ranks among `n` values that are worth `effective_n` independent ones.

    Each is where its place among those lies among all: rank r of m is taken to be at (r - 1/2) / m.
    """
    low, high = order_statistic_ranks(effective_n, q, confidence)
    if effective_n == n:
        return low, high
    scale = n / effective_n if effective_n else 0.0
    return (
        None if low is None else max(math.floor((low - 0.5) * scale + 0.5), 1),
        None if high is None else min(math.ceil((high - 0.5) * scale + 0.5), n),
    )


def clopper_pearson(violations: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """One-sided lower and upper bounds of a share, each at `confidence` (Clopper and Pearson 1934).

    `n` must be above 0. Fractional counts interpolate, for planning how long to run.
    """
    lower = (
        0.0 if violations <= 0 else float(special.betaincinv(violations, n - violations + 1, 1 - confidence))
    )
    upper = 1.0 if violations >= n else float(special.betaincinv(violations + 1, n - violations, confidence))
    return lower, upper


def binomial_tail(violations: float, n: float, share: float) -> float:
    """P(Bin(n, share) >= violations): below 1 - c where the lower bound at confidence c is above `share`.

    Fractional counts interpolate, as in `clopper_pearson`.
    """
    if violations <= 0 or share >= 1:
        return 1.0
    return 0.0 if share <= 0 else float(special.betainc(violations, n - violations + 1, share))


def needed_n(
    observed_ratio: float, allowed_ratio: float, *, at_least: int = 1, lower_confidence: float = CONFIDENCE
) -> int | None:
    """How many requests decide with a probability of POWER whether a share is allowed, were it as observed.

    Below the allowed share the upper bound at CONFIDENCE decides, above it the lower one at its own. None
    where no number does: the share is exactly the allowed one, or so near that it takes over SEARCH_LIMIT.
    """
    if observed_ratio == allowed_ratio:
        return None

    def power(n: int) -> float:
        if observed_ratio < allowed_ratio:
            most = _binomial_quantile(1 - CONFIDENCE, n, allowed_ratio)
            if special.bdtr(most, n, allowed_ratio) > 1 - CONFIDENCE:
                most -= 1
            return float(special.bdtr(most, n, observed_ratio)) if most >= 0 else 0.0
        fewest = _binomial_quantile(lower_confidence, n, allowed_ratio) + 1
        return float(special.bdtrc(fewest - 1, n, observed_ratio))

    enough = at_least
    while power(enough) < POWER:
        enough *= 2
        if enough > SEARCH_LIMIT:
            return None
    too_few = max(enough // 2, at_least - 1)
    while enough - too_few > 1:
        middle = math.ceil((enough + too_few) / 2)
        if power(middle) >= POWER:
            enough = middle
        else:
            too_few = middle
    return enough


def _binomial_quantile(p: float, n: int, q: float) -> int:
    """The smallest k with P(Bin(n, q) <= k) >= p, by bisection."""
    below, reached = -1, n
    while reached - below > 1:
        middle = (below + reached) // 2
        if special.bdtr(middle, n, q) >= p:
            reached = middle
        else:
            below = middle
    return reached
