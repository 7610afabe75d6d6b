"""Quantiles of durations, each with its count, its support and its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from tidegauge.analysis.intervals import order_statistic_ranks
from tidegauge.analysis.times import Durations
from tidegauge.histograms import Floats, Integers, rank_of
from tidegauge.summary import Quantiles

REPORTED = ("p50", "p90", "p95", "p99", "p999")
SUPPORT_RISK = 0.05  # a one-sided 95 % bound of the quantile exists from the required n on


def quantile_of(name: str) -> Fraction:
    """The share below a quantile: `p50` is 1/2, `p999` is 999/1000, `p9999` is 9999/10000.

    The digits are decimals. ValueError where people would read them otherwise: `p5`, `p100`, `p990`.
    """
    digits = name.removeprefix("p")
    plain = name.startswith("p") and digits.isascii() and digits.isdigit() and digits.strip("0") != ""
    if not plain or len(digits) < 2 or (len(digits) > 2 and digits.endswith("0")):
        raise ValueError(f"'{name}' names no quantile; write p05, p50, p99, p999")
    return Fraction(int(digits), 10 ** len(digits))


@lru_cache(maxsize=256)
def required_n(q: Fraction) -> int:
    """The fewest values that support a quantile: the smallest n with max(q, 1-q)^n <= 0.05.

    5, 29, 59, 299 and 2,995 for P50, P90, P95, P99 and P99.9 (Wilks 1941, one-sided 95 %).
    """
    return math.ceil(math.log(SUPPORT_RISK) / math.log1p(-float(min(q, 1 - q))))


@dataclass(frozen=True, slots=True)
class Ordered:
    """Durations in seconds in ascending order, and how many are at most as long as each (None: its rank)."""

    values_s: Floats
    reached: Integers | None

    @classmethod
    def of(cls, durations: Durations) -> Ordered:
        """Sorted, counts with them."""
        if durations.counts is None:
            return cls(np.sort(durations.values_s), None)
        order = np.argsort(durations.values_s)
        return cls(durations.values_s[order], np.cumsum(durations.counts[order]))

    @property
    def n(self) -> int:
        """How many durations there are."""
        if self.reached is None:
            return len(self.values_s)
        return int(self.reached[-1]) if len(self.reached) else 0

    def at_rank(self, rank: int | None) -> float | None:
        """The `rank`-th smallest in milliseconds, counted from 1; None for none."""
        if rank is None:
            return None
        place = rank - 1 if self.reached is None else np.searchsorted(self.reached, rank)
        return float(self.values_s[place]) * 1000.0


def latency_ms(durations: Durations) -> Quantiles:
    """Their quantiles in milliseconds, with bounds, and what too few values do not support."""
    if not np.isfinite(durations.values_s).all():
        raise ValueError("a duration is missing or infinite: only finished requests have one")
    ordered = Ordered.of(durations)
    n = ordered.n
    values: dict[str, float | None] = {}
    unsupported: dict[str, str] = {}
    for name in REPORTED:
        q = quantile_of(name)
        supported = n >= required_n(q)
        if not supported:
            unsupported[name] = f"{n} of {required_n(q)}"
        values[name] = ordered.at_rank(rank_of(n, q) if supported else None)
        low, high = order_statistic_ranks(n, q)
        values[f"{name}_low"] = ordered.at_rank(low)
        values[f"{name}_high"] = ordered.at_rank(high)
    return Quantiles(**values, max=ordered.at_rank(n or None), n=n, unsupported=unsupported)


def quantile_ms(durations: Durations, q: Fraction) -> float | None:
    """The ceil(qn)-th smallest in milliseconds, however few there are; null without any."""
    ordered = Ordered.of(durations)
    return ordered.at_rank(rank_of(ordered.n, q)) if ordered.n else None
