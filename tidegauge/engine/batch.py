"""The requests of about a second, column by column: as stored, as counted, and as shown live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tidegauge.behaviours import OUTSIDE
from tidegauge.engine.recording import Recording
from tidegauge.histograms import Floats, Integers, bucket_of, counted
from tidegauge.records import Sample
from tidegauge.request_counts import MOMENTS, TIMES, histogram_table, second_of
from tidegauge.row_files import table_of

SLOWEST = 0.01  # share of an endpoint's good requests kept of each batch, at least one
LIVE_STEP = 16  # buckets joined in live histograms: 0.8 % wide, in a sixteenth of the text
CACHE_RESULTS = ("hit", "refresh_hit", "miss", "error")
_COLUMN = {name: position for position, name in enumerate(Sample._fields)}
_KEY = ("flow", "endpoint", "base", "cause", "cache", "pop", "scheduled", "answered", "behaviour")

Key = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)  # no slots: cached properties need a __dict__
class Batch:
    """Requests as columns in the order of Sample's fields; `behaviour_of` numbers a URL path."""

    columns: Sequence[Sequence[Any]]
    behaviour_of: Callable[[str], int]

    def __len__(self) -> int:
        return len(self.columns[0])

    def samples(self, which: Recording) -> Any:
        """The table of the rows that are to be stored."""
        table = table_of("samples", self.columns)
        return table if which.samples == "all" else table.take(pa.array(self._worth_keeping))

    def histograms(self, which: Recording) -> Any:
        """The table of HISTOGRAMS: requests counted by second and outcome."""
        intended_s = self._seconds("intended_s")
        in_window = (intended_s > which.start_s) & (intended_s <= which.end_s)
        second = second_of(intended_s)
        book, key = self._keys
        place = (key * 2 + in_window) * (int(second.max(initial=0)) + 1) + second
        _, first, row = np.unique(place, return_index=True, return_inverse=True)
        rows = len(first)
        names = [book[code] for code in key[first].tolist()]
        keys: dict[str, Any] = {
            name: pa.array([values[position] for values in names], type=_TYPES.get(name))
            for position, name in enumerate(_KEY)
        }
        keys |= {"second": second[first], "in_window": in_window[first]}
        return histogram_table(
            keys,
            {
                "requests": np.bincount(row, minlength=rows),
                "sent_bytes": self._sum("sent_bytes", row, rows),
                "received_bytes": self._sum("received_bytes", row, rows),
            },
            {time: counted(row, self._buckets[time]) for time in TIMES},
            rows,
        )

    def moments(self) -> Any:
        """The table of MOMENTS: what was sent and what was done in which second."""
        flows, flow = _numbered(self._of("flow"))
        sent, done = second_of(self._seconds("sent_s")), second_of(self._seconds("done_s"))
        width = len(flows)
        places, row = np.unique(np.concatenate([sent, done]) * width + np.tile(flow, 2), return_inverse=True)
        of_sent, of_done = row[: len(self)], row[len(self) :]
        failed = self._failed
        columns = {
            "second": places // width,
            "flow": [flows[code] for code in (places % width).tolist()],
            "sent": np.bincount(of_sent, minlength=len(places)),
            "completed": np.bincount(of_done[~failed], minlength=len(places)),
            "failed": np.bincount(of_done[failed], minlength=len(places)),
        }
        return pa.table(columns, schema=MOMENTS)

    def live(self, which: Recording) -> dict[str, Any]:
        """A small document of plain values, for whoever watches the run."""
        received = np.array(self._of("received_bytes"), dtype=np.int64)
        from_cdn = np.array([base == "cdn" for base in self._of("base")], dtype=np.bool_)
        results = Counter(self._cache_results(which))
        endpoints, endpoint = _numbered(self._of("endpoint"))
        response = self._buckets["response"]
        return {
            "requests": len(self),
            "failures": dict(Counter(cause for cause in self._of("cause") if cause is not None)),
            "received_bytes": int(received.sum()),
            "cdn_requests": int(from_cdn.sum()),
            "cdn_bytes": int(received[from_cdn].sum()),
            "cache": {result: results[result] for result in CACHE_RESULTS},
            "lag": _coarse(self._buckets["lag"][np.array(self._of("scheduled"), dtype=np.bool_)]),
            "response": {
                name: _coarse(response[(endpoint == code) & ~self._failed])
                for code, name in enumerate(endpoints)
            },
        }

    def _cache_results(self, which: Recording) -> list[Any]:
        """The cache results of the requests that count towards a hit ratio, as in the summary."""
        if not which.path_patterns:
            return list(self._of("cache"))
        behaviours = map(self.behaviour_of, self._of("url_path"))
        rows = zip(self._of("cache"), self._of("base"), behaviours, strict=True)
        return [
            cache
            for cache, base, number in rows
            if base != "other" and number != OUTSIDE and which.caches[number]
        ]

    @cached_property
    def _failed(self) -> NDArray[np.bool_]:
        return np.array([cause is not None for cause in self._of("cause")], dtype=np.bool_)

    @cached_property
    def _keys(self) -> tuple[list[Key], Integers]:
        """The distinct outcomes, and the number of each row's."""
        answered = [status > 0 for status in self._of("status")]
        behaviour = map(self.behaviour_of, self._of("url_path"))
        return _numbered(zip(*map(self._of, _KEY[:-2]), answered, behaviour, strict=True))

    @cached_property
    def _buckets(self) -> dict[str, Integers]:
        intended_s, sent_s, done_s = map(self._seconds, ("intended_s", "sent_s", "done_s"))
        times_s = (done_s - intended_s, done_s - sent_s, sent_s - intended_s)
        return {name: bucket_of(values_s) for name, values_s in zip(TIMES, times_s, strict=True)}

    @property
    def _worth_keeping(self) -> Integers:
        """The rows of failed requests and of each endpoint's slowest good ones, in order."""
        response_s = self._seconds("done_s") - self._seconds("intended_s")
        endpoints, endpoint = _numbered(self._of("endpoint"))
        kept = [np.flatnonzero(self._failed)]
        for code in range(len(endpoints)):
            good = np.flatnonzero((endpoint == code) & ~self._failed)
            slowest_last = good[np.argsort(response_s[good], kind="stable")]
            kept.append(slowest_last[len(good) - ceil(SLOWEST * len(good)) :])
        return np.sort(np.concatenate(kept))

    def _of(self, name: str) -> Sequence[Any]:
        return self.columns[_COLUMN[name]]

    def _seconds(self, name: str) -> Floats:
        return np.array(self._of(name), dtype=np.float64)

    def _sum(self, name: str, row: Integers, rows: int) -> Integers:
        return np.bincount(row, weights=np.array(self._of(name)), minlength=rows).astype(np.int64)


_TYPES = {name: pa.string() for name in ("cause", "cache", "pop")}  # a column of nulls alone has no type


def _numbered(values: Any) -> tuple[list[Any], Integers]:
    """The distinct values in order of appearance, and the place of each value among them."""
    places: dict[Any, int] = {}
    numbers = [places.setdefault(value, len(places)) for value in values]
    return list(places), np.array(numbers, dtype=np.int64)


def _coarse(buckets: Integers) -> dict[str, int]:
    joined, counts = np.unique(
        np.where(buckets > 0, buckets // LIVE_STEP * LIVE_STEP + LIVE_STEP // 2, 0), return_counts=True
    )
    return dict(zip(map(str, joined.tolist()), counts.tolist(), strict=True))
