"""Durations of requests, in blocks of alike ones: from samples one by one, from histograms counted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.blocked_times import BlockedTimes
from tidegauge.analysis.blocks import Blocks
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.kept_arrays import Keep, Stored, in_memory
from tidegauge.analysis.rows import Flags, chosen_rows, groups, joined
from tidegauge.histograms import Entries, Floats, Integers, counted, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Durations of requests: those of the requests that row k of `keys` tells of are in `blocks[k]`.

    Exact quantiles need every sample: so its duration is kept where there is room, its keys once a block.
    """

    keys: pd.DataFrame
    blocks: Sequence[Durations]

    @classmethod
    def of_samples(cls, rows: pd.DataFrame, keys: Sequence[str], values_s: Floats, keep: Keep) -> Times:
        """From a duration for each of the rows."""
        number, a_row = groups(rows, keys)
        small = number.astype(np.min_scalar_type(len(a_row)))  # sorted the quicker for it
        order, ends = np.argsort(small, kind="stable"), np.cumsum(np.bincount(number))
        blocks = [Durations([values]) for values in _cut(keep(values_s[order]), ends)]
        return cls(keys=rows[list(keys)].iloc[a_row], blocks=blocks)

    @classmethod
    def of_histograms(cls, rows: pd.DataFrame, keys: Sequence[str], entries: Entries, chosen: Flags) -> Times:
        """From the histograms of the chosen rows, those of equal keys added up."""
        number, a_row = groups(rows, keys)
        kept = chosen[entries.row]
        summed = counted(number[entries.row[kept]], entries.bucket[kept], entries.count[kept])
        ends = np.searchsorted(summed.row, np.arange(1, len(a_row) + 1))
        values_s, counts = (_cut(in_memory(part), ends) for part in (values_of(summed.bucket), summed.count))
        blocks = [Durations([value], [count]) for value, count in zip(values_s, counts, strict=True)]
        return cls(keys=rows[list(keys)].iloc[a_row], blocks=blocks)

    @classmethod
    def joined(cls, parts: Sequence[Times]) -> Times:
        """The blocks of all parts; what they hold is not copied."""
        blocks = [block for part in parts for block in part.blocks]
        return cls(keys=joined([part.keys for part in parts]), blocks=blocks)

    def where(self, chosen: Flags) -> Times:
        """The chosen blocks; what they hold is not copied."""
        blocks = [self.blocks[number] for number in np.flatnonzero(chosen).tolist()]
        return Times(keys=self.keys.loc[chosen], blocks=blocks)

    def blocked(self, blocks: Blocks, flow: str | None = None, endpoint: str | None = None) -> BlockedTimes:
        """Those of the flow and the endpoint by block of time; the keys need the `block`."""
        chosen = self.where(chosen_rows(self.keys, flow, endpoint))
        number = chosen.keys["block"].to_numpy(dtype=np.int64)
        rows = np.split(
            np.argsort(number, kind="stable"), np.cumsum(np.bincount(number, minlength=blocks.count))
        )
        parts = [Durations.joined([chosen.blocks[row] for row in own]) for own in rows[: blocks.count]]
        return BlockedTimes(blocks=blocks, parts=parts)

    def of(self, flow: str | None = None, endpoint: str | None = None) -> Durations:
        """Those of the flow and the endpoint; None stands for any."""
        return Durations.joined(self.where(chosen_rows(self.keys, flow, endpoint)).blocks)


def _cut(values: Stored, ends: Integers) -> list[Stored]:
    """The stretches of `values` up to each end."""
    return [values.part(start, end) for start, end in itertools.pairwise([0, *ends.tolist()])]
