"""Durations by block of time: what they say of their own dependence, at any quantile or limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from tidegauge.analysis.blocks import Blocks
from tidegauge.analysis.dependence import Effective, effective_beyond, effective_share
from tidegauge.analysis.durations import Durations
from tidegauge.histograms import Integers, rank_of

LEVELS = tuple(Fraction(level, 100) for level in (50, 75, 90, 95, 98, 99))  # whose effects may be borrowed

FAR = 2.0  # times the longest: how requests of that order depend on each other says nothing of such a limit


@dataclass(frozen=True, kw_only=True)
class BlockedTimes:
    """Durations of requests; `parts`: those intended in each of the `blocks`."""

    blocks: Blocks
    parts: Sequence[Durations]

    @cached_property
    def all(self) -> Durations:
        """Those of all blocks; nothing is copied."""
        return Durations.joined(self.parts)

    @cached_property
    def requests(self) -> Integers:
        """How many there are, by block."""
        return np.asarray(self._counted.sum(axis=1))

    @cached_property
    def bucketed(self) -> Integers:
        """How many there are in each bucket of Durations."""
        return np.asarray(self._counted.sum(axis=0))

    def effective(self, quantiles: Sequence[Fraction]) -> list[Effective]:
        """For the interval of each quantile."""
        if not self.bucketed.any():
            return [Effective(n=0) for _ in quantiles]
        grid = sorted({*quantiles, *LEVELS})
        column = {q: place for place, q in enumerate(grid)}
        chains = [[column[q], *(column[level] for level in reversed(LEVELS) if level < q)] for q in quantiles]
        return effective_beyond(self._longer(grid), self.requests, self.blocks, chains)

    def beyond(self, limit_s: float, failures: Integers) -> tuple[int, Effective]:
        """How many requests took longer or failed, and what that share is worth; `failures`: by block."""
        own = np.array([part.longer_than(limit_s) for part in self.parts], dtype=np.int64)
        requests = self.requests + failures
        if not self.all.longer_than(limit_s / FAR):
            return int(failures.sum()), effective_share(failures, requests, self.blocks)
        events = np.column_stack([self._longer(LEVELS), own]) + failures[:, np.newaxis]
        violations = int(events[:, -1].sum())
        lower = [place for place in reversed(range(len(LEVELS))) if events[:, place].sum() > violations]
        chain = [len(LEVELS), *lower]
        return violations, effective_beyond(events, requests, self.blocks, [chain])[0]

    @cached_property
    def _counted(self) -> Integers:
        """How many there are, by block and bucket."""
        counts = [part.counted() for part in self.parts]
        table = np.zeros((len(counts), max(map(len, counts), default=0)), dtype=np.int64)
        for row, count in zip(table, counts, strict=True):
            row[: len(count)] = count
        return table

    def _longer(self, quantiles: Sequence[Fraction]) -> Integers:
        """How many are in buckets beyond that of each quantile, by block: a bucket is narrow."""
        reached = np.cumsum(self.bucketed)
        n = int(reached[-1]) if len(reached) else 0
        if not n:
            return np.zeros((len(self.parts), len(quantiles)), dtype=np.int64)
        bucket = np.searchsorted(reached, [rank_of(n, q) for q in quantiles])
        until = np.cumsum(self._counted, axis=1)
        return until[:, -1:] - until[:, bucket]
