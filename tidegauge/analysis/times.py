"""Durations of requests, in blocks of alike ones: from samples one by one, from histograms counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.analysis.rows import Flags, chosen_rows, groups, joined
from tidegauge.histograms import Entries, Floats, Integers, counted, values_of

HALF_A_TICK_S = (
    0.5e-9  # the clock ticks in nanoseconds; differences of float times carry less than that in noise
)


class Durations(NamedTuple):
    """Durations in seconds, in no order."""

    values_s: Floats
    counts: Integers | None = None  # how many requests each stands for; None: each for one

    @classmethod
    def joined(cls, parts: Sequence[Durations]) -> Durations:
        """Those of all parts."""
        counts = [part.counts for part in parts if part.counts is not None]
        return cls(
            np.concatenate([part.values_s for part in parts] or [np.empty(0)]),
            np.concatenate(counts) if counts else None,
        )

    @property
    def n(self) -> int:
        """How many requests they stand for."""
        return len(self.values_s) if self.counts is None else int(self.counts.sum())

    def longer_than(self, limit_s: float) -> int:
        """How many requests took longer."""
        longer = self.values_s - limit_s > HALF_A_TICK_S
        return int(np.count_nonzero(longer) if self.counts is None else self.counts[longer].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations of requests: those of the requests that row k of `keys` tells of are in `blocks[k]`.

    A sample takes eight bytes here, as exact quantiles need every one: so its keys are told once a block.
    """

    keys: pd.DataFrame
    blocks: Sequence[Durations]

    @classmethod
    def of_samples(cls, rows: pd.DataFrame, keys: Sequence[str], values_s: Floats) -> Times:
        """From a duration for each of the rows."""
        number, a_row = groups(rows, keys)
        small = number.astype(np.min_scalar_type(len(a_row)))  # sorted the quicker for it
        order, ends = np.argsort(small, kind="stable"), np.cumsum(np.bincount(number))
        blocks = [Durations(values) for values in _cut(values_s[order], ends)]
        return cls(keys=rows[list(keys)].iloc[a_row], blocks=blocks)

    @classmethod
    def of_histograms(
        cls, rows: pd.DataFrame, keys: Sequence[str], entries: Entries, chosen: Flags | None
    ) -> Times:
        """From the histograms of the chosen rows (None: of all), those of equal keys added up."""
        number, a_row = groups(rows, keys)
        kept = slice(None) if chosen is None else chosen[entries.row]
        summed = counted(number[entries.row[kept]], entries.bucket[kept], entries.count[kept])
        ends = np.searchsorted(summed.row, np.arange(1, len(a_row) + 1))
        parts = zip(_cut(values_of(summed.bucket), ends), _cut(summed.count, ends), strict=True)
        return cls(keys=rows[list(keys)].iloc[a_row], blocks=[Durations(*part) for part in parts])

    @classmethod
    def joined(cls, parts: Sequence[Times]) -> Times:
        """The blocks of all parts; what they hold is not copied."""
        blocks = [block for part in parts for block in part.blocks]
        return cls(keys=joined([part.keys for part in parts]), blocks=blocks)

    def where(self, chosen: Flags) -> Times:
        """The chosen blocks; what they hold is not copied."""
        blocks = [self.blocks[number] for number in np.flatnonzero(chosen).tolist()]
        return Times(keys=self.keys.loc[chosen], blocks=blocks)

    def of(self, flow: str | None = None, endpoint: str | None = None) -> Durations:
        """Those of the flow and the endpoint; None stands for any."""
        return Durations.joined(self.where(chosen_rows(self.keys, flow, endpoint)).blocks)


def _cut(values: NDArray[Any], ends: Integers) -> list[NDArray[Any]]:
    """The stretches of `values` up to each end."""
    return np.split(values, ends)[:-1]  # beyond the last end is nothing
