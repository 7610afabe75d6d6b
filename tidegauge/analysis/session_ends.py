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
_ROW = np.dtype(
    [
        ("arrival", np.int64),
        ("done_s", np.float64),
        ("failed", np.bool_),
        ("answered", np.bool_),
        ("requests", np.int32),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How sessions ended, an entry each."""

    done_s: Floats  # when the last request was done; NaN where none is on record
    failed: Flags  # whether a request failed; so has a session of no request
    answered: Flags  # whether each request got an answer, good or not; not so a session of no request


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnds:
    """Rows about sessions, by number of the SHARD of arrivals that they tell of."""

    shards: Mapping[int, Sequence[Stored]]
    last_done_s: float | None  # None without any

    @classmethod
    def of_rows(cls, rows: pd.DataFrame, keep: Keep) -> SessionEnds:
        """From arrival, done_s, failed, answered and requests."""
        own = np.empty(len(rows), dtype=_ROW)
        own["arrival"], own["done_s"] = rows["arrival"], seconds(rows, "done_s")
        own["failed"], own["answered"] = flags(rows, "failed"), flags(rows, "answered")
        own["requests"] = rows["requests"]
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

    def of(self, arrival: Integers) -> Ends:
        """How each of these sessions ended; one without a row has neither failed nor been answered."""
        done_s = np.full(len(arrival), np.nan)
        failed, answered = (np.zeros(len(arrival), dtype=np.bool_) for _ in range(2))
        number, place = np.divmod(arrival, SHARD)
        for shard in np.unique(number).tolist():
            if shard in self.shards:
                chosen = np.flatnonzero(number == shard)
                ends, at = self._shard(shard), place[chosen]
                done_s[chosen], failed[chosen] = ends.done_s[at], ends.failed[at]
                answered[chosen] = ends.answered[at]
        return Ends(done_s=done_s, failed=failed, answered=answered)

    def _shard(self, number: int) -> Ends:
        done_s = np.full(SHARD, -np.inf)
        failed, unanswered = (np.zeros(SHARD, dtype=np.bool_) for _ in range(2))
        requests = np.zeros(SHARD, dtype=np.int64)
        for piece in self.shards[number]:
            rows = piece.read()
            place = rows["arrival"] - number * SHARD
            np.maximum.at(done_s, place, rows["done_s"])
            np.add.at(requests, place, rows["requests"])
            failed[place[rows["failed"]]] = True
            unanswered[place[~rows["answered"]]] = True
        done_s[done_s == -np.inf] = np.nan
        nothing = requests == 0
        return Ends(done_s=done_s, failed=failed | nothing, answered=~(unanswered | nothing))
