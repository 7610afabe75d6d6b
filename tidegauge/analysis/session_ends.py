"""When the sessions of a run ended and how, from rows that each tell of some of a session's requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from tidegauge.analysis.kept_arrays import Keep, Stored
from tidegauge.analysis.rows import Flags, flags, seconds
from tidegauge.histograms import Floats, Integers

SHARD = 2**16  # arrivals that are looked at together: their rows lie close to each other in a run
_ROW = np.dtype(
    [
        ("arrival", np.int64), ("done_s", np.float64), ("lag_s", np.float64), ("failed", np.bool_),
        ("cut", np.bool_), ("answered", np.bool_), ("requests", np.int32),
    ]
)  # fmt: skip


class Ended(NamedTuple):
    """How some sessions ended, each in its place."""

    done_s: Floats  # when the last request was done, or cut; NaN where none is on record
    lag_s: Floats  # by how much their requests were sent late, together
    failed: Flags  # whether a request failed or was cut, or there was none
    cut: Flags  # whether that is all that failed
    answered: Flags  # whether each request got an answer, good or not; not so a session of no request


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnds:
    """Rows about sessions, by number of the SHARD of arrivals that they tell of."""

    shards: Mapping[int, Sequence[Stored]]
    requests: int  # of all of them
    last_done_s: float | None  # None without any

    @classmethod
    def of_rows(cls, rows: pd.DataFrame, keep: Keep) -> SessionEnds:
        """From arrival, done_s, lag_s, failed, cut (and nothing else failed), answered and requests."""
        own = np.empty(len(rows), dtype=_ROW)
        own["arrival"], own["requests"] = rows["arrival"], rows["requests"]
        own["done_s"], own["lag_s"] = seconds(rows, "done_s"), seconds(rows, "lag_s")
        own["cut"], own["answered"] = flags(rows, "cut"), flags(rows, "answered")
        own["failed"] = flags(rows, "failed") & ~own["cut"]
        number = own["arrival"] // SHARD
        shards = {shard: [keep(own[number == shard])] for shard in np.unique(number).tolist()}
        return cls(
            shards=shards,
            requests=int(own["requests"].sum()),
            last_done_s=float(np.fmax.reduce(own["done_s"])) if len(own) else None,
        )

    @classmethod
    def joined(cls, parts: Sequence[SessionEnds]) -> SessionEnds:
        """Those of all parts; what they hold is not copied."""
        shards: dict[int, list[Stored]] = {}
        for part in parts:
            for number, pieces in part.shards.items():
                shards.setdefault(number, []).extend(pieces)
        last_s = [part.last_done_s for part in parts if part.last_done_s is not None]
        requests = sum(part.requests for part in parts)
        return cls(shards=shards, requests=requests, last_done_s=max(last_s, default=None))

    def of(self, arrival: Integers) -> Ended:
        """How each of these sessions ended."""
        ended = _unended(len(arrival))
        number, place = np.divmod(arrival, SHARD)
        for shard in np.unique(number).tolist():
            if shard in self.shards:
                chosen = np.flatnonzero(number == shard)
                for own, found in zip(ended, self._shard(shard), strict=True):
                    own[chosen] = found[place[chosen]]
        return ended

    def _shard(self, number: int) -> Ended:
        found, requests = _unended(SHARD), np.zeros(SHARD, dtype=np.int64)
        unanswered = np.zeros(SHARD, dtype=np.bool_)
        for piece in self.shards[number]:
            rows = piece.read()
            place = rows["arrival"] - number * SHARD
            np.fmax.at(found.done_s, place, rows["done_s"])
            np.add.at(found.lag_s, place, rows["lag_s"])
            np.add.at(requests, place, rows["requests"])
            found.failed[place[rows["failed"]]] = True
            found.cut[place[rows["cut"]]] = True
            unanswered[place[~rows["answered"]]] = True
        cut, nothing = found.cut & ~found.failed, requests == 0
        return found._replace(failed=found.failed | cut | nothing, cut=cut, answered=~(unanswered | nothing))


def _unended(count: int) -> Ended:
    """So many sessions of which nothing is on record."""
    no = np.zeros(count, dtype=np.bool_)
    return Ended(np.full(count, np.nan), np.zeros(count), no, no.copy(), no.copy())
