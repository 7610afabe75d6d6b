"""Quantiles of durations, each with its count, its support and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from tidegauge.analysis.durations import Durations
from tidegauge.analysis.intervals import order_statistic_ranks
from tidegauge.histograms import rank_of
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


def at_ranks_ms(durations: Durations, ranks: Sequence[int | None]) -> list[float | None]:
    """The durations at ranks counted from 1, in milliseconds; None for none."""
    asked = [rank for rank in ranks if rank is not None]
    found = dict(zip(asked, durations.at_ranks(asked).tolist(), strict=True))
    return [None if rank is None else found[rank] * 1000.0 for rank in ranks]


def latency_ms(durations: Durations) -> Quantiles:
    """Their quantiles in milliseconds, with bounds, and what too few values do not support."""
    n = durations.n
    ranks: dict[str, int | None] = {"min": min(n, 1) or None, "max": n or None}
    unsupported: dict[str, str] = {}
    for name in REPORTED:
        q = quantile_of(name)
        supported = n >= required_n(q)
        if not supported:
            unsupported[name] = f"{n} of {required_n(q)}"
        ranks[name] = rank_of(n, q) if supported else None
        ranks[f"{name}_low"], ranks[f"{name}_high"] = order_statistic_ranks(n, q)
    values = dict(zip(ranks, at_ranks_ms(durations, list(ranks.values())), strict=True))
    extremes = values.pop("min"), values["max"]
    if not all(math.isfinite(value) for value in extremes if value is not None):
        raise ValueError("a duration is missing or infinite: only finished requests have one")
    return Quantiles(**values, n=n, unsupported=unsupported)


def quantile_ms(durations: Durations, q: Fraction) -> float | None:
    """The ceil(qn)-th smallest in milliseconds, however few there are; null without any."""
    n = durations.n
    return at_ranks_ms(durations, [rank_of(n, q) if n else None])[0]
