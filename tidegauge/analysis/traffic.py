"""The requests of a run as weighted rows: one code path from stored samples and from histograms.

Every row stands for `count` requests: for one where it is a sample, for all of a bucket in a histogram.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.analysis.cache import Behaviour, match_behaviours
from tidegauge.histograms import Entries, Integers, counted, values_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

OUTCOME = ("in_window", "flow", "endpoint", "base", "cause", "cache", "pop", "answered", "behaviour")
COURSE_BINS_MAX = 600  # a course over time is told in that many bins at most
BIN_CHOICES_S = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_TIME_KEYS = {
    "response": ("in_window", "second", "flow", "endpoint"),
    "service": ("in_window", "flow", "endpoint"),
    "lag": ("in_window",),
}
_TEXTS = ("flow", "endpoint", "base", "cause", "cache", "pop")
SAMPLE_COLUMNS = (
    "intended_s", "sent_s", "done_s", "session", "flow", "endpoint", "status", "cause", "received_bytes",
    "cache", "pop", "url_path", "base",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The measured part of a run, in run-relative seconds: from the warm-up to the last phase's end."""

    warmup_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not self.end_s > self.warmup_s:
            raise ValueError(f"the window from {self.warmup_s:g} s to {self.end_s:g} s is empty")

    @property
    def duration_s(self) -> float:
        """Seconds between the window's ends."""
        return self.end_s - self.warmup_s

    def contains(self, times_s: Floats) -> Flags:
        """Which times lie in it: open below, closed above, so k/rate falls in it rate x duration times."""
        return np.asarray((times_s > self.warmup_s) & (times_s <= self.end_s), dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What was sent in a whole run, warm-up and drain included.

    `requests`: OUTCOME (cause null when good, cache and pop null without, behaviour -1 for none), count and
    received_bytes of them together. `response` and `service`, of good requests: in_window, flow, endpoint,
    value_s, count; with the former, `second` of the intended time, at steps of `course_step_s`. `lag`, of
    all: in_window, value_s, count. `moments`: second, flow, and how many were sent, completed (well) and
    failed in it. `sessions`: arrival, done_s, failed, requests.
    """

    window: Window
    requests: pd.DataFrame
    response: pd.DataFrame
    service: pd.DataFrame
    lag: pd.DataFrame
    moments: pd.DataFrame
    sessions: pd.DataFrame

    @property
    def last_done_s(self) -> float | None:
        """When the last request was done; None without any."""
        return float(self.sessions["done_s"].max()) if len(self.sessions) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Counted requests: rows (second, OUTCOME, requests, received_bytes), and the histograms of each."""

    rows: pd.DataFrame
    times: Mapping[str, Entries]  # response, service, lag


def traffic_of_samples(samples: pd.DataFrame, window: Window, behaviours: Sequence[Behaviour]) -> Traffic:
    """From a row a request (SAMPLE_COLUMNS)."""
    intended_s, sent_s, done_s = (seconds(samples, name) for name in ("intended_s", "sent_s", "done_s"))
    rows = pd.DataFrame(
        {
            "in_window": window.contains(intended_s),
            "second": second_of(intended_s),
            "answered": samples["status"].to_numpy(dtype=np.int64) > 0,
            "behaviour": match_behaviours(samples["url_path"], behaviours),
        }
    )
    for name in _TEXTS:
        rows[name] = _category(samples[name])
    rows["count"] = 1
    good = samples["cause"].isna().to_numpy(dtype=np.bool_)

    def times(name: str, values_s: Floats, chosen: Flags) -> pd.DataFrame:
        return rows.loc[chosen, [*_TIME_KEYS[name], "count"]].assign(value_s=values_s[chosen])

    requests = rows.assign(received_bytes=samples["received_bytes"].to_numpy(dtype=np.int64))
    return Traffic(
        window=window,
        requests=added_up(requests, OUTCOME, ("count", "received_bytes")),
        response=times("response", done_s - intended_s, good),
        service=times("service", done_s - sent_s, good),
        lag=times("lag", sent_s - intended_s, np.ones(len(rows), dtype=np.bool_)),
        moments=_moments(rows["flow"], sent_s, done_s, good),
        sessions=_sessions(samples, done_s, good),
    )


def traffic_of_counts(
    stretches: Iterable[Stretch], moments: pd.DataFrame, sessions: pd.DataFrame, window: Window
) -> Traffic:
    """From requests that were counted during the run, by the same window or one that ended in whole seconds.

    `moments` and `sessions` are as in Traffic, rows of equal keys not yet added up.
    """
    requests: list[pd.DataFrame] = []
    times: dict[str, list[pd.DataFrame]] = {name: [] for name in _TIME_KEYS}
    step_s = int(course_step_s(window.end_s))
    for stretch in stretches:
        second = stretch.rows["second"]
        in_window = flags(stretch.rows, "in_window") & (second < np.ceil(window.end_s))
        rows = stretch.rows.assign(
            in_window=in_window, second=second // step_s * step_s, count=stretch.rows["requests"]
        )
        requests.append(added_up(rows, OUTCOME, ("count", "received_bytes")))
        good = rows["cause"].isna().to_numpy(dtype=np.bool_)
        for name, keys in _TIME_KEYS.items():
            chosen = None if name == "lag" else good
            times[name].append(_timed(rows, keys, stretch.times[name], chosen))
    return Traffic(
        window=window,
        requests=added_up(_joined(requests), OUTCOME, ("count", "received_bytes")),
        **{name: _joined(frames) for name, frames in times.items()},
        moments=added_up(moments, ("second", "flow"), ("sent", "completed", "failed")),
        sessions=sessions,
    )


def seconds(frame: pd.DataFrame, column: str) -> Floats:
    """A column of seconds as floats, null as NaN."""
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def flags(frame: pd.DataFrame, column: str) -> Flags:
    """A column without nulls as booleans."""
    return frame[column].to_numpy(dtype=np.bool_)


def counts(frame: pd.DataFrame) -> Integers:
    """How many each row stands for."""
    return frame["count"].to_numpy(dtype=np.int64)


def chosen_rows(frame: pd.DataFrame, flow: str | None, endpoint: str | None = None) -> Flags:
    """Which rows are of the flow and the endpoint; None stands for any."""
    chosen = np.ones(len(frame), dtype=np.bool_)
    for name, wanted in (("flow", flow), ("endpoint", endpoint)):
        if wanted is not None:
            chosen &= (frame[name] == wanted).to_numpy(dtype=np.bool_)
    return chosen


def course_step_s(duration_s: float) -> float:
    """The narrowest bins of time in which a run of that length is told."""
    fitting = (width for width in BIN_CHOICES_S if duration_s <= width * COURSE_BINS_MAX)
    return next(fitting, BIN_CHOICES_S[-1])


def second_of(times_s: Floats) -> Integers:
    """The number of the second that a moment lies in: k for k < t <= k + 1."""
    return np.maximum(np.ceil(times_s).astype(np.int64) - 1, 0)


def added_up(frame: pd.DataFrame, keys: Sequence[str], sums: Sequence[str]) -> pd.DataFrame:
    """A row for each distinct value of `keys` (nulls are alike), with the sums of its rows."""
    row, first = _groups(frame, keys)
    found = frame[list(keys)].iloc[first].reset_index(drop=True)
    for name in sums:
        weights = frame[name].to_numpy(dtype=np.int64)
        found[name] = np.bincount(row, weights=weights, minlength=len(first)).astype(np.int64)
    return found


def _timed(rows: pd.DataFrame, keys: Sequence[str], entries: Entries, chosen: Flags | None) -> pd.DataFrame:
    """The histograms of the chosen rows, those of equal keys added up: a row a key and bucket."""
    group, first = _groups(rows, keys)
    kept = slice(None) if chosen is None else chosen[entries.row]
    summed = counted(group[entries.row[kept]], entries.bucket[kept], entries.count[kept])
    found = rows[list(keys)].iloc[first[summed.row]].reset_index(drop=True)
    return found.assign(value_s=values_of(summed.bucket), count=summed.count)


def _groups(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[Integers, Integers]:
    """The number of each row's group, and the first row of each group."""
    number, first = np.zeros(len(frame), dtype=np.int64), np.zeros(min(len(frame), 1), dtype=np.int64)
    for name in keys:
        codes, values = pd.factorize(frame[name], use_na_sentinel=True)
        place = number * (len(values) + 1) + codes + 1  # null is -1
        _, first, number = np.unique(place, return_index=True, return_inverse=True)
    return number, first


def _joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames one below another, texts as categories."""
    joined = pd.concat(frames, ignore_index=True)
    for name in _TEXTS:
        if name in joined:
            joined[name] = _category(joined[name])
    return joined


def _category(column: pd.Series) -> pd.Series:
    """Texts as categories of plain strings, whatever held them."""
    codes, values = pd.factorize(column)
    texts = pd.Index([str(value) for value in values], dtype=object)
    return pd.Series(pd.Categorical.from_codes(codes, categories=texts))


def _moments(flow: pd.Series, sent_s: Floats, done_s: Floats, good: Flags) -> pd.DataFrame:
    nothing = np.zeros(len(good), dtype=np.int64)
    sent = {"second": second_of(sent_s), "sent": nothing + 1, "completed": nothing, "failed": nothing}
    done = {"second": second_of(done_s), "sent": nothing, "completed": good, "failed": ~good}
    both = pd.concat([pd.DataFrame({"flow": flow, **part}) for part in (sent, done)], ignore_index=True)
    return added_up(both, ("second", "flow"), ("sent", "completed", "failed"))


def _sessions(samples: pd.DataFrame, done_s: Floats, good: Flags) -> pd.DataFrame:
    arrivals, row = np.unique(samples["session"].to_numpy(dtype=np.int64), return_inverse=True)
    last_done_s = np.full(len(arrivals), -np.inf)
    np.maximum.at(last_done_s, row, done_s)
    return pd.DataFrame(
        {
            "arrival": arrivals,
            "done_s": last_done_s,
            "failed": np.bincount(row, weights=~good, minlength=len(arrivals)) > 0,
            "requests": np.bincount(row, minlength=len(arrivals)),
        }
    )
