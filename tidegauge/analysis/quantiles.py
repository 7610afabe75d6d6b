"""Quantiles of durations, each with its count, its support and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from tidegauge.analysis.blocked_times import BlockedTimes
from tidegauge.analysis.dependence import Effective
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.intervals import CONFIDENCE, effective_ranks
from tidegauge.histograms import Integers, rank_of
from tidegauge.summary import Quantiles

REPORTED = ("p50", "p90", "p95", "p99", "p999")
TAIL = (1 - CONFIDENCE) / 2  # of each bound of a displayed interval
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


def at_ranks_ms(
    durations: Durations, ranks: Sequence[int | None], counted: Integers | None = None
) -> list[float | None]:
    """The durations at ranks counted from 1, in milliseconds; None for none. `counted`: as in Durations."""
    asked = [rank for rank in ranks if rank is not None]
    found = dict(zip(asked, durations.at_ranks(asked, counted).tolist(), strict=True))
    return [None if rank is None else found[rank] * 1000.0 for rank in ranks]


def bounds_of(n: int, q: Fraction, effective: Effective) -> tuple[int | None, int | None]:
    """The ranks of the two-sided 95 % interval of a quantile, at its effective n."""
    return effective_ranks(n, q, effective.whole_size(TAIL))


def latency_ms(times: BlockedTimes) -> Quantiles:
    """Their quantiles in milliseconds, with bounds, and what too few values do not support."""
    n = times.all.n
    ranks: dict[str, int | None] = {"min": min(n, 1) or None, "max": n or None}
    unsupported: dict[str, str] = {}
    effective_n: dict[str, int] = {}
    asked = [quantile_of(name) for name in REPORTED]
    for name, q, effective in zip(REPORTED, asked, times.effective(asked), strict=True):
        supported = n >= required_n(q)
        if not supported:
            unsupported[name] = f"{n} of {required_n(q)}"
        effective_n[name] = effective.whole_size(TAIL)
        ranks[name] = rank_of(n, q) if supported else None
        ranks[f"{name}_low"], ranks[f"{name}_high"] = bounds_of(n, q, effective)
    values = dict(zip(ranks, at_ranks_ms(times.all, list(ranks.values()), times.bucketed), strict=True))
    extremes = values.pop("min"), values["max"]
    if not all(math.isfinite(value) for value in extremes if value is not None):
        raise ValueError("a duration is missing or infinite: only finished requests have one")
    return Quantiles(**values, n=n, effective_n=effective_n, unsupported=unsupported)


def quantile_ms(durations: Durations, q: Fraction) -> float | None:
    """The ceil(qn)-th smallest in milliseconds, however few there are; null without any."""
    n = durations.n
    return at_ranks_ms(durations, [rank_of(n, q) if n else None])[0]
