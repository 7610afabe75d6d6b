"""A window cut into blocks of time, none across a border between the phases of its load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from tidegauge.histograms import Integers

PAIRS = 10  # two blocks each: dependence is looked at from block to block, and from pair to pair


class Stretch(Protocol):
    """A window of a run, in run-relative seconds."""

    @property
    def warmup_s(self) -> float:
        """Where it begins."""

    @property
    def end_s(self) -> float:
        """Where it ends."""

    @property
    def borders_s(self) -> Sequence[float]:
        """Where the offered load changes its law, ascending."""

    @property
    def step_s(self) -> int:
        """The seconds that are told together: requests are known by these steps."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Blocks of a window, in order. `block_of_step`: of each step of its time; `groups`: a phase's blocks.

    A group is the first block and the one after the last; blocks of different groups are not compared. A
    group of one block is a phase too short to be cut.
    """

    first_step: int
    step_s: int
    block_of_step: Integers
    groups: Sequence[tuple[int, int]]

    @cached_property
    def count(self) -> int:
        """How many blocks there are."""
        return self.groups[-1][1]

    @cached_property
    def pairs(self) -> list[tuple[int, int]]:
        """The groups of pairs of blocks, as their numbers count after `paired`."""
        sizes = np.array([(end - start + 1) // 2 for start, end in self.groups])
        ends = np.cumsum(sizes).tolist()
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
        """How many neighbours are compared, as blocks and as pairs of them."""
        return sum(end - start - 1 for groups in (self.groups, self.pairs) for start, end in groups)

    def of_seconds(self, second: Integers) -> Integers:
        """The block in which each second lies; those before or after the window are in its first or last."""
        step = np.asarray(second, dtype=np.int64) // self.step_s - self.first_step
        return self.block_of_step[np.clip(step, 0, len(self.block_of_step) - 1)]


def blocks_of(window: Stretch) -> Blocks:
    """20 blocks of whole steps, shared among the phases by their length; fewer where there are fewer steps.

    Neighbouring phases that are too short for a pair of blocks are taken together.
    """
    step_s = window.step_s
    first, last = int(window.warmup_s // step_s), int(np.ceil(window.end_s / step_s))
    middles_s = (np.arange(first, last) + 0.5) * step_s
    phase = np.searchsorted(np.asarray(window.borders_s, dtype=np.float64), middles_s)
    lengths = _joined(np.unique(phase, return_counts=True)[1].tolist(), last - first)
    blocks: list[Integers] = []
    groups: list[tuple[int, int]] = []
    start = 0
    for length in lengths:
        count = max(2 * _pairs_for(length, last - first), 1)
        blocks.append(start + np.arange(length) * count // length)
        groups.append((start, start + count))
        start += count
    return Blocks(first_step=first, step_s=step_s, block_of_step=np.concatenate(blocks), groups=groups)


def _pairs_for(length: int, total: int) -> int:
    """The pairs of blocks for so many of all steps."""
    return min(round(PAIRS * length / total), length // 2)


def _joined(lengths: Sequence[int], total: int) -> list[int]:
    """The phases' lengths in steps, neighbours without a pair of their own taken together."""
    joined: list[int] = []
    was_short = False
    for length in lengths:
        is_short = _pairs_for(length, total) < 1
        if is_short and was_short:
            joined[-1] += length
        else:
            joined.append(length)
        was_short = is_short
    return joined
