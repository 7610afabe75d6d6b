"""A window cut into blocks of time, none across a border between the phases of its load."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from tidegauge.histograms import Floats, Integers

PAIRS = 10  # two blocks each: dependence is looked at from block to block, and from pair to pair
FEWEST = 4  # differences: fewer say nothing of dependence


class Stretch(Protocol):
    """A window of a run, in run-relative seconds; hashable."""

    @property
    def warmup_s(self) -> float:
        """Where it begins."""

    @property
    def end_s(self) -> float:
        """Where it ends."""

    @property
    def borders_s(self) -> tuple[float, ...]:
        """Where the offered load changes its law, ascending."""

    @property
    def told_by_s(self) -> float:
        """How finely its requests are told apart in time; 0 where each has its own moment."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Blocks of a window, in order: `ends_s` of each, and the `groups` of one phase.

    A group is its first block and the one after its last; blocks of different groups are not compared. A
    group of one block is a phase too short to be cut.
    """

    ends_s: Floats
    groups: Sequence[tuple[int, int]]

    @property
    def count(self) -> int:
        """How many blocks there are."""
        return len(self.ends_s)

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """The groups of pairs of blocks, as `pair_of_block` numbers these."""
        ends = np.cumsum([(end - start + 1) // 2 for start, end in self.groups]).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))

    @cached_property
    def pair_of_block(self) -> Integers:
        """The number of the pair that each block is in."""
        numbers = [
            first + np.arange(end - start) // 2
            for (start, end), (first, _) in zip(self.groups, self.pairs, strict=True)
        ]
        return np.concatenate(numbers)

    @cached_property
    def differences(self) -> int:
        """How many neighbours are compared, as blocks and as pairs of them; 0 where they are too few."""
        found = sum(end - start - 1 for groups in (self.groups, self.pairs) for start, end in groups)
        return found if found >= FEWEST else 0

    def of_times(self, times_s: Floats) -> Integers:
        """The block in which each moment lies; one outside the window is in the first or the last."""
        found: Integers = np.minimum(np.searchsorted(self.ends_s, times_s), self.count - 1)
        return found


@lru_cache(maxsize=64)
def blocks_of(window: Stretch) -> Blocks:
    """20 blocks, shared among the phases by their length; fewer where time is told too coarsely for that.

    Neighbouring phases that are too short for a pair of blocks are taken together.
    """
    inside = [border for border in window.borders_s if window.warmup_s < border < window.end_s]
    phases = _joined([window.warmup_s, *inside, window.end_s], window)
    ends: list[float] = []
    groups: list[tuple[int, int]] = []
    for start_s, end_s in phases:
        count = max(2 * _pairs_for(end_s - start_s, window), 1)
        groups.append((len(ends), len(ends) + count))
        ends += np.linspace(start_s, end_s, count + 1)[1:].tolist()
    return Blocks(ends_s=np.array(ends), groups=groups)


def _pairs_for(length_s: float, window: Stretch) -> int:
    """The pairs of blocks for so much of the window."""
    wanted = round(PAIRS * length_s / (window.end_s - window.warmup_s))
    return min(wanted, int(length_s / (2 * window.told_by_s))) if window.told_by_s else wanted


def _joined(edges_s: Sequence[float], window: Stretch) -> list[tuple[float, float]]:
    """Where the phases begin and end, neighbours without a pair of their own taken together."""
    joined: list[tuple[float, float]] = []
    was_short = False
    for start_s, end_s in itertools.pairwise(edges_s):
        is_short = _pairs_for(end_s - start_s, window) < 1
        if is_short and was_short:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((start_s, end_s))
        was_short = is_short
    return joined
