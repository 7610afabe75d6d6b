"""The run so far and its last seconds, merged from what the writers say every second."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge.histograms import Histogram

RECENT_S = 10.0
SUMS = ("requests", "received_bytes", "cdn_requests", "cdn_bytes")
CACHE = ("hit", "refresh_hit", "miss", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Second:
    """One document's part of the last seconds."""

    told_s: float
    response: Histogram
    lag: Histogram


class LiveTotals:
    """Adds up the live documents of all generator processes (`Batch.live`)."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._cache: Counter[str] = Counter()
        self._recent: deque[_Second] = deque()

    def add(self, document: Mapping[str, Any], now_s: float) -> None:
        """Takes one process' last second; `now_s` is any clock that only rises."""
        for name in SUMS:
            self._sums[name] += int(document[name])
        self._failures.update({str(cause): int(count) for cause, count in document["failures"].items()})
        self._cache.update({name: int(document["cache"].get(name, 0)) for name in CACHE})
        response = Histogram()
        for counts in document["response"].values():
            response.merge(Histogram.from_plain(counts))
        lag = Histogram.from_plain(document["lag"])
        self._recent.append(_Second(told_s=now_s, response=response, lag=lag))

    def line(self, now_s: float) -> dict[str, Any]:
        """Totals since the start, and quantiles of the last RECENT_S; short, whatever the run."""
        while self._recent and self._recent[0].told_s < now_s - RECENT_S:
            self._recent.popleft()
        response, lag = Histogram(), Histogram()
        for second in self._recent:
            response.merge(second.response)
            lag.merge(second.lag)
        return {
            **{name: self._sums[name] for name in SUMS},
            "failures": dict(self._failures.most_common(16)),
            "cache": dict(self._cache),
            "recent": {
                "count": response.n,
                "p50_ms": _ms(response.quantile(0.5)),
                "p99_ms": _ms(response.quantile(0.99)),
                "lag_p99_ms": _ms(lag.quantile(0.99)),
            },
        }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
