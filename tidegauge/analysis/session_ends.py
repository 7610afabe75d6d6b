"""When the sessions of a run ended and how, from rows that each tell of some of a session's requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.kept_arrays import Keep, Stored
from tidegauge.analysis.rows import Flags, flags, seconds
from tidegauge.histograms import Floats, Integers

SHARD = 2**16  # arrivals that are looked at together: their rows lie close to each other in a run
_ROW = np.dtype([("arrival", np.int64), ("done_s", np.float64), ("failed", np.bool_), ("requests", np.int32)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnds:
    """Rows about sessions, by number of the SHARD of arrivals that they tell of."""

    shards: Mapping[int, Sequence[Stored]]
    last_done_s: float | None  # None without any

    @classmethod
    def of_rows(cls, rows: pd.DataFrame, keep: Keep) -> SessionEnds:
        """From arrival, done_s, failed and requests."""
        own = np.empty(len(rows), dtype=_ROW)
        own["arrival"], own["done_s"] = rows["arrival"], seconds(rows, "done_s")
        own["failed"], own["requests"] = flags(rows, "failed"), rows["requests"]
        number = own["arrival"] // SHARD
        shards = {shard: [keep(own[number == shard])] for shard in np.unique(number).tolist()}
        return cls(shards=shards, last_done_s=float(np.fmax.reduce(own["done_s"])) if len(own) else None)

    @classmethod
    def joined(cls, parts: Sequence[SessionEnds]) -> SessionEnds:
        """Those of all parts; what they hold is not copied."""
        shards: dict[int, list[Stored]] = {}
        for part in parts:
            for number, pieces in part.shards.items():
                shards.setdefault(number, []).extend(pieces)
        last_s = [part.last_done_s for part in parts if part.last_done_s is not None]
        return cls(shards=shards, last_done_s=max(last_s, default=None))

    def of(self, arrival: Integers) -> tuple[Floats, Flags]:
        """When the last request of each of these sessions was done, and whether one of them failed.

        NaN where none is on record. A session of no request has failed.
        """
        done_s, failed = np.full(len(arrival), np.nan), np.zeros(len(arrival), dtype=np.bool_)
        number, place = np.divmod(arrival, SHARD)
        for shard in np.unique(number).tolist():
            if shard in self.shards:
                chosen = np.flatnonzero(number == shard)
                shard_done_s, shard_failed = self._shard(shard)
                done_s[chosen], failed[chosen] = shard_done_s[place[chosen]], shard_failed[place[chosen]]
        return done_s, failed

    def _shard(self, number: int) -> tuple[Floats, Flags]:
        done_s, failed = np.full(SHARD, -np.inf), np.zeros(SHARD, dtype=np.bool_)
        requests = np.zeros(SHARD, dtype=np.int64)
        for piece in self.shards[number]:
            rows = piece.read()
            place = rows["arrival"] - number * SHARD
            np.maximum.at(done_s, place, rows["done_s"])
            np.add.at(requests, place, rows["requests"])
            failed[place[rows["failed"]]] = True
        done_s[done_s == -np.inf] = np.nan
        return done_s, failed | (requests == 0)
