"""Mergeable histograms of durations: counts in log-linear buckets, each value known to 0.05 %.

Every power of two is cut into SUB_BUCKETS equal parts, as HdrHistogram does (Tene), by the exponent and
mantissa that a float has anyway. Bucket 0 is for durations below a tick of the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

SUB_BUCKETS = 1024
LOWEST_S = 2.0**-30  # a nanosecond, which is a tick of the clock
HIGHEST_S = 2.0**25  # a year; beyond it the last bucket counts
_LOWEST_EXPONENT = -29  # what frexp gives for LOWEST_S
_DENOMINATOR_MAX = 10**9  # turns a quantile given as a float into a fraction: 0.99 is 99/100

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def bucket_of(values_s: Floats) -> Integers:
    """The bucket of each duration in seconds; 0 for those below a nanosecond. ValueError for NaN."""
    if np.isnan(values_s).any():
        raise ValueError("a duration is missing")
    mantissa, exponent = np.frexp(np.clip(values_s, 0.0, HIGHEST_S))
    inside = ((mantissa - 0.5) * (2 * SUB_BUCKETS)).astype(np.int64)
    buckets = 1 + (exponent.astype(np.int64) - _LOWEST_EXPONENT) * SUB_BUCKETS + inside
    return np.where(values_s < LOWEST_S, 0, buckets)


def values_of(buckets: NDArray[np.integer]) -> Floats:
    """The middle of each bucket, in seconds."""
    power, inside = np.divmod(buckets.astype(np.int64) - 1, SUB_BUCKETS)
    middles = np.ldexp(0.5 + (inside + 0.5) / (2 * SUB_BUCKETS), (power + _LOWEST_EXPONENT).astype(np.int32))
    return np.where(buckets == 0, 0.0, middles)


def value_of(bucket: int) -> float:
    """The middle of a bucket, in seconds."""
    return float(values_of(np.array([bucket]))[0])


def rank_of(n: int, q: Fraction) -> int:
    """The 1-based rank ceil(qn) of a quantile among `n` ascending values, without rounding error."""
    return -(-n * q.numerator // q.denominator)


@dataclass(slots=True)
class Histogram:
    """Counts by bucket; those of any parts add up to that of the whole."""

    counts: dict[int, int] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, plain: Mapping[str, int]) -> Histogram:
        """What `plain` gave."""
        return cls({int(bucket): int(count) for bucket, count in plain.items()})

    def plain(self) -> dict[str, int]:
        """As JSON and MessagePack hold it."""
        return {str(bucket): count for bucket, count in self.counts.items()}

    @property
    def n(self) -> int:
        """How many values it counts."""
        return sum(self.counts.values())

    def add(self, values_s: Floats) -> None:
        """Counts durations in seconds."""
        buckets, counts = np.unique(bucket_of(values_s), return_counts=True)
        self._add(dict(zip(buckets.tolist(), counts.tolist(), strict=True)))

    def merge(self, other: Histogram) -> None:
        """Adds the counts of `other`."""
        self._add(other.counts)

    def quantile(self, q: float | Fraction) -> float | None:
        """The ceil(qn)-th smallest duration in seconds, as its bucket's middle; None without any."""
        if not self.counts:
            return None
        exact = Fraction(q).limit_denominator(_DENOMINATOR_MAX)
        rank = max(rank_of(self.n, exact), 1)
        buckets = np.array(sorted(self.counts))
        reached = np.cumsum([self.counts[bucket] for bucket in buckets.tolist()])
        return value_of(int(buckets[np.searchsorted(reached, rank)]))

    def _add(self, counts: Mapping[int, int]) -> None:
        for bucket, count in counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Histograms in parallel arrays: `count` values of `row` fall in `bucket`."""

    row: Integers
    bucket: Integers
    count: Integers


def counted(row: Integers, bucket: Integers, count: Integers | None = None) -> Entries:
    """Entries in order of row and bucket, equal ones added up; without `count`, each counts once."""
    width = int(bucket.max(initial=0)) + 1
    codes, first = np.unique(row * width + bucket, return_inverse=True)
    sums = np.bincount(first, weights=count, minlength=len(codes)).astype(np.int64)
    return Entries(row=codes // width, bucket=codes % width, count=sums)
