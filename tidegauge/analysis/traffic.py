"""The requests of a run, added up: one shape, whether they were stored one by one or counted.

A run comes in parts, none of which needs another: batches of samples, or stretches of what was counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.cache import Behaviour, match_behaviours
from tidegauge.analysis.kept_arrays import Keep, in_memory
from tidegauge.analysis.rows import TEXTS, Flags, added_up, category, flags, joined, seconds
from tidegauge.analysis.session_ends import SessionEnds
from tidegauge.analysis.times import Times
from tidegauge.histograms import Entries, Floats, Integers
from tidegauge.records import CUT
from tidegauge.request_counts import second_of

OUTCOME = (
    "in_window", "block", "flow", "endpoint", "base", "cause", "cache", "pop", "answered", "behaviour",
)  # fmt: skip
SUMS = ("count", "sent_bytes", "received_bytes")
COURSE_BINS_MAX = 600  # a course over time is told in that many bins at most
BIN_CHOICES_S = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_MOMENTS = (("second", "flow"), ("sent", "completed", "failed"))  # keys and sums
_ALIKE = ("in_window", "block", "flow", "endpoint", "scheduled")
_TIMED = {  # what is timed of which requests, and what tells them apart
    "response": ("response", "good", ("second", *_ALIKE)),
    "service": ("service", "good", _ALIKE),
    "lag": ("lag", "scheduled", ("in_window", "flow")),
    "cut_response": ("response", "cut", _ALIKE),
    "cut_service": ("service", "cut", _ALIKE),
}
SAMPLE_COLUMNS = (
    "intended_s", "sent_s", "done_s", "session", "flow", "endpoint", "status", "cause", "sent_bytes",
    "received_bytes", "cache", "pop", "url_path", "base", "scheduled",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The measured part of a run, in run-relative seconds: from the warm-up to the last phase's end."""

    warmup_s: float
    end_s: float
    borders_s: tuple[float, ...] = ()  # where the offered load changes its law, ascending
    told_by_s: float = 0.0  # how finely requests are told apart in time; 0 where each has its own moment

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
    bytes of them together; a `block` is that of the window in which they were intended. `response` and
    `service`: of good requests, by in_window, block, flow, endpoint and whether they were `scheduled`;
    the former also by the `second` they were intended in, at steps of `course_step_s`. `lag`: of scheduled
    ones, by in_window and flow. `cut_response` and `cut_service`: how long those that were cut had lasted by
    then. `moments`: second, flow, and how many were sent, completed (well) and failed in it. `sessions`: how
    those that were sent ended.
    """

    window: Window
    requests: pd.DataFrame
    response: Times
    service: Times
    lag: Times
    cut_response: Times
    cut_service: Times
    moments: pd.DataFrame
    sessions: SessionEnds


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Counted requests: rows (second, OUTCOME, requests, bytes), and the histograms of each row."""

    rows: pd.DataFrame
    times: Mapping[str, Entries]  # response, service, lag


def traffic_of_samples(
    batches: Iterable[pd.DataFrame],
    window: Window,
    behaviours: Sequence[Behaviour],
    keep: Keep = in_memory,
) -> Traffic:
    """From a row a request (SAMPLE_COLUMNS), in one batch or more; `keep` takes what is needed of each."""
    parts, moments, sessions = zip(*(_batch(rows, window, behaviours, keep) for rows in batches), strict=True)
    return _whole(window, parts, moments, sessions)


def traffic_of_counts(
    stretches: Iterable[Stretch],
    moments: pd.DataFrame,
    sessions: Iterable[pd.DataFrame],
    window: Window,
    keep: Keep = in_memory,
) -> Traffic:
    """From requests that were counted during the run, by the same window or one that ended in whole seconds.

    `moments` are as in Traffic, rows of equal keys not yet added up; `sessions`: arrival, done_s, lag_s,
    failed, cut, answered and requests, in one batch or more.
    """
    parts = [_counted(stretch, window) for stretch in stretches]
    return _whole(window, parts, [moments], [SessionEnds.of_rows(rows, keep) for rows in sessions])


def course_step_s(duration_s: float) -> float:
    """The narrowest bins of time in which a run of that length is told."""
    fitting = (width for width in BIN_CHOICES_S if duration_s <= width * COURSE_BINS_MAX)
    return next(fitting, BIN_CHOICES_S[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some of a run's requests, added up: `requests` and times as in Traffic."""

    requests: pd.DataFrame
    times: Mapping[str, Times]  # those of _TIMED


def _batch(
    samples: pd.DataFrame, window: Window, behaviours: Sequence[Behaviour], keep: Keep
) -> tuple[_Part, pd.DataFrame, SessionEnds]:
    """A batch of samples, with its moments and sessions."""
    intended_s, sent_s, done_s = (seconds(samples, name) for name in ("intended_s", "sent_s", "done_s"))
    rows = pd.DataFrame(
        {
            "in_window": window.contains(intended_s),
            "second": _course(second_of(intended_s), window),
            "block": blocks_of(window).of_times(intended_s),
            **{name: category(samples[name]) for name in TEXTS},
            "answered": samples["status"].to_numpy(dtype=np.int64) > 0,
            "behaviour": match_behaviours(samples["url_path"], behaviours),
            **{name: samples[name].to_numpy(dtype=np.int64) for name in ("sent_bytes", "received_bytes")},
            "scheduled": flags(samples, "scheduled"),
            "count": 1,
        }
    )
    chosen = _chosen(rows)
    durations = {"response": done_s - intended_s, "service": done_s - sent_s, "lag": sent_s - intended_s}
    times = {
        name: Times.of_samples(rows.loc[chosen[which]], keys, durations[time][chosen[which]], keep)
        for name, (time, which, keys) in _TIMED.items()
    }
    lag_s = np.where(chosen["scheduled"], durations["lag"], 0.0)
    return (
        _Part(requests=added_up(rows, OUTCOME, SUMS), times=times),
        _moments(rows["flow"], sent_s, done_s, chosen["good"]),
        SessionEnds.of_rows(_steps(samples, done_s, lag_s, chosen), keep),
    )


def _chosen(rows: pd.DataFrame) -> dict[str, Flags]:
    """Which rows are of requests that went well, that were cut, and that had a scheduled moment."""
    cause = rows["cause"]
    return {
        "good": cause.isna().to_numpy(dtype=np.bool_),
        "cut": (cause == CUT).to_numpy(dtype=np.bool_),
        "scheduled": flags(rows, "scheduled"),
    }


def _steps(samples: pd.DataFrame, done_s: Floats, lag_s: Floats, chosen: Mapping[str, Flags]) -> pd.DataFrame:
    """Each request as a row about its session."""
    arrival = samples["session"].to_numpy(dtype=np.int64)
    answered = samples["status"].to_numpy(dtype=np.int64) > 0
    told = {"failed": ~chosen["good"], "cut": chosen["cut"], "answered": answered, "requests": 1}
    return pd.DataFrame({"arrival": arrival, "done_s": done_s, "lag_s": lag_s, **told})


def _counted(stretch: Stretch, window: Window) -> _Part:
    in_window = flags(stretch.rows, "in_window") & (stretch.rows["second"] < np.ceil(window.end_s))
    second = stretch.rows["second"].to_numpy(dtype=np.int64)
    rows = stretch.rows.assign(
        in_window=in_window,
        second=_course(second, window),
        block=blocks_of(window).of_times(second + 0.5),
        count=stretch.rows["requests"],
    )
    chosen = _chosen(rows)
    times = {
        name: Times.of_histograms(rows, keys, stretch.times[time], chosen[which])
        for name, (time, which, keys) in _TIMED.items()
    }
    return _Part(requests=added_up(rows, OUTCOME, SUMS), times=times)


def _whole(
    window: Window, parts: Sequence[_Part], moments: Sequence[pd.DataFrame], sessions: Sequence[SessionEnds]
) -> Traffic:
    """The run from its parts; durations are not copied."""
    return Traffic(
        window=window,
        requests=added_up(joined([part.requests for part in parts]), OUTCOME, SUMS),
        **{name: Times.joined([part.times[name] for part in parts]) for name in _TIMED},
        moments=added_up(joined(moments), *_MOMENTS),
        sessions=SessionEnds.joined(sessions),
    )


def _course(second: Integers, window: Window) -> Integers:
    """Seconds at the steps in which the run is told."""
    step_s = int(course_step_s(window.end_s))
    return second // step_s * step_s


def _moments(flow: pd.Series, sent_s: Floats, done_s: Floats, good: Flags) -> pd.DataFrame:
    """As in Traffic, rows of equal keys not yet added up."""
    nothing = np.zeros(len(good), dtype=np.int64)
    sent = {"second": second_of(sent_s), "sent": nothing + 1, "completed": nothing, "failed": nothing}
    done = {"second": second_of(done_s), "sent": nothing, "completed": good, "failed": ~good}
    both = (pd.DataFrame({"flow": flow, **part}) for part in (sent, done))
    return joined([added_up(rows, *_MOMENTS) for rows in both])
