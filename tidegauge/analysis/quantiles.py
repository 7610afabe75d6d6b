"""Quantiles of durations, each with its count, its support and its interval."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tidegauge.analysis.intervals import order_statistic_ranks

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


def rank_of(n: int, q: Fraction) -> int:
    """The 1-based rank ceil(qn) of a quantile among `n` ascending values, without rounding error."""
    return -(-n * q.numerator // q.denominator)


def quantile_rank(n: int, per_mille: int) -> int:
    """`rank_of` for a quantile in thousandths: 990 is P99."""
    return rank_of(n, Fraction(per_mille, 1000))


@lru_cache(maxsize=256)
def required_n(q: Fraction) -> int:
    """The fewest values that support a quantile: the smallest n with max(q, 1-q)^n <= 0.05.

    5, 29, 59, 299 and 2,995 for P50, P90, P95, P99 and P99.9 (Wilks 1941, one-sided 95 %).
    """
    return math.ceil(math.log(SUPPORT_RISK) / math.log1p(-float(min(q, 1 - q))))


def latency_ms(values_s: NDArray[np.float64]) -> dict[str, object]:
    """Quantiles of durations in seconds, in milliseconds, as summary.json holds them.

    `_low` and `_high` are a two-sided 95 % interval by order statistics, each null where its rank does not
    exist. A quantile with too few values is null and named in `unsupported` as "have of needed".
    """
    if not np.isfinite(values_s).all():
        raise ValueError("a duration is missing or infinite: only finished requests have one")
    ordered_ms = np.sort(values_s) * 1000.0
    n = len(ordered_ms)
    values: dict[str, object] = {}
    bounds: dict[str, object] = {}
    unsupported: dict[str, str] = {}
    for name in REPORTED:
        q = quantile_of(name)
        supported = n >= required_n(q)
        if not supported:
            unsupported[name] = f"{n} of {required_n(q)}"
        values[name] = _at_rank(ordered_ms, rank_of(n, q) if supported else None)
        low, high = order_statistic_ranks(n, q)
        bounds[f"{name}_low"] = _at_rank(ordered_ms, low)
        bounds[f"{name}_high"] = _at_rank(ordered_ms, high)
    return values | {"max": _at_rank(ordered_ms, n or None), "n": n} | bounds | {"unsupported": unsupported}


def quantile_ms(values_s: NDArray[np.float64], q: Fraction) -> float | None:
    """The ceil(qn)-th smallest duration in milliseconds, however few there are; null without any."""
    n = len(values_s)
    if n == 0:
        return None
    position = rank_of(n, q) - 1
    return float(np.partition(values_s, position)[position] * 1000.0)


def _at_rank(ordered: NDArray[np.float64], rank: int | None) -> float | None:
    return None if rank is None else float(ordered[rank - 1])
