"""Durations of any number: how many there are, how many are longer, and the exact ones at some ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from tidegauge.analysis.kept_arrays import Stored, in_memory
from tidegauge.analysis.rows import Flags
from tidegauge.histograms import Floats, Integers

HALF_A_TICK_S = (
    0.5e-9  # the clock ticks in nanoseconds; differences of float times carry less than that in noise
)
CHUNK = 2**16  # durations in memory at once
_LOWEST = np.float64(2.0**-31).view(np.int64)
BUCKET_SHIFT = 44  # a bucket is of floats alike in exponent and the first eight bits after it: 0.4 % wide


class Durations(NamedTuple):
    """Durations in seconds, in no order, in pieces that are read when they are needed."""

    values_s: Sequence[Stored]
    counts: Sequence[Stored] | None = None  # how many requests each stands for; None: each for one

    @classmethod
    def of(cls, values_s: Floats) -> Durations:
        """Those values."""
        return cls([in_memory(values_s)])

    @classmethod
    def joined(cls, parts: Sequence[Durations]) -> Durations:
        """Those of all parts."""
        counts = [piece for part in parts if part.counts is not None for piece in part.counts]
        return cls([piece for part in parts for piece in part.values_s], counts or None)

    @property
    def n(self) -> int:
        """How many requests they stand for."""
        if self.counts is None:
            return sum(map(len, self.values_s))
        return sum(int(piece.read().sum()) for piece in self.counts)

    def longer_than(self, limit_s: float) -> int:
        """How many requests took longer."""
        total = 0
        for values_s, counts in self._chunks():
            longer = values_s - limit_s > HALF_A_TICK_S
            total += int(np.count_nonzero(longer) if counts is None else counts[longer].sum())
        return total

    def at_ranks(self, ranks: Sequence[int] | Integers, counted: Integers | None = None) -> Floats:
        """The durations at these ranks, counted from 1, of all in ascending order; NaN comes last.

        One pass counts by buckets (`counted`, where that was done), a second one keeps only what is in a
        bucket with a rank: some hundredths of all for a whole curve.
        """
        count = self.counted() if counted is None else counted
        own = np.searchsorted(np.cumsum(count), ranks)  # the bucket of each rank
        kept = np.zeros(len(count), dtype=np.bool_)
        kept[own] = True
        values_s, reached = self._sorted(kept)
        rank = np.asarray(ranks, dtype=np.int64) - np.cumsum(np.where(kept, 0, count))[own]
        found: Floats = values_s[rank - 1 if reached is None else np.searchsorted(reached, rank)]
        return found

    def counted(self) -> Integers:
        """How many durations are in each bucket, the shortest first."""
        total: Integers = np.zeros(0, dtype=np.int64)
        for values_s, counts in self._chunks():
            own = np.bincount(_bucket_of(values_s), weights=counts, minlength=len(total)).astype(np.int64)
            own[: len(total)] += total
            total = own
        return total

    def _sorted(self, kept: Flags) -> tuple[Floats, Integers | None]:
        """What is in these buckets, ascending, and how many are at most as long as each (None: its rank)."""
        values, weights = [np.empty(0)], [np.empty(0, dtype=np.int64)]
        for values_s, counts in self._chunks():
            chosen = kept[_bucket_of(values_s)]
            values.append(values_s[chosen])
            if counts is not None:
                weights.append(counts[chosen])
        joined = np.concatenate(values)
        if self.counts is None:
            joined.sort()
            return joined, None
        order = np.argsort(joined)
        return joined[order], np.cumsum(np.concatenate(weights)[order])

    def _chunks(self) -> Iterator[tuple[Floats, Integers | None]]:
        """All values, with their counts, some CHUNK at a time."""
        pending: list[tuple[Floats, Integers | None]] = []
        held = 0
        for values, counts in zip(self.values_s, self.counts or repeat(None), strict=False):
            pending.append((values.read(), None if counts is None else counts.read()))
            held += len(values)
            if held >= CHUNK:
                yield _together(pending)
                pending, held = [], 0
        if held:
            yield _together(pending)


def _together(pieces: Sequence[tuple[Floats, Integers | None]]) -> tuple[Floats, Integers | None]:
    counts = [count for _, count in pieces if count is not None]
    return np.concatenate([values for values, _ in pieces]), np.concatenate(counts) if counts else None


def _bucket_of(values_s: Floats) -> Integers:
    """By their bits, which are in the order of the values; those up to half a nanosecond are in the first."""
    return (np.maximum(values_s.view(np.int64), _LOWEST) - _LOWEST) >> BUCKET_SHIFT
