"""The window of a run, and what was observed in it: requests, unsent arrivals, sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HALF_A_TICK_S = (
    0.5e-9  # the clock ticks in nanoseconds; differences of float times carry less than that in noise
)


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
class Observed:
    """What a window holds.

    `requests`: a row a request sent, or an arrival that was not (then without times): flow, endpoint,
    response_s, service_s, failed, cause. `answers`: the sample rows behind the sent ones, in that order.
    `sessions`: a row an arrival: flow, session_s, failed, sent, cause.
    """

    window: Window
    requests: pd.DataFrame
    answers: pd.DataFrame
    sessions: pd.DataFrame


def observe(samples: pd.DataFrame, arrivals: pd.DataFrame, window: Window) -> Observed:
    """What `window` holds of the whole run's frames (columns as in the run folder's contract)."""
    arrived = _with_causes(arrivals.loc[window.contains(seconds(arrivals, "intended_s"))])
    answers = samples.loc[window.contains(seconds(samples, "intended_s"))]
    unsent = arrived.loc[~flags(arrived, "sent")]
    requests = pd.concat([_sent_requests(answers), _unsent_requests(unsent)], ignore_index=True)
    for column in ("flow", "endpoint", "cause"):
        requests[column] = requests[column].astype("category")
    return Observed(window=window, requests=requests, answers=answers, sessions=_sessions(samples, arrived))


def seconds(frame: pd.DataFrame, column: str) -> Floats:
    """A column of seconds as floats, null as NaN."""
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def flags(frame: pd.DataFrame, column: str) -> Flags:
    """A column without nulls as booleans."""
    return frame[column].to_numpy(dtype=np.bool_)


def _sent_requests(answers: pd.DataFrame) -> pd.DataFrame:
    done_s = seconds(answers, "done_s")
    return pd.DataFrame(
        {
            "flow": answers["flow"].to_numpy(dtype=object),
            "endpoint": answers["endpoint"].to_numpy(dtype=object),
            "response_s": done_s - seconds(answers, "intended_s"),
            "service_s": done_s - seconds(answers, "sent_s"),
            "failed": answers["cause"].notna().to_numpy(dtype=np.bool_),
            "cause": answers["cause"].to_numpy(dtype=object),
        }
    )


def _unsent_requests(unsent: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "flow": unsent["flow"].to_numpy(dtype=object),
            "endpoint": unsent["endpoint"].to_numpy(dtype=object),
            "response_s": np.full(len(unsent), np.nan),
            "service_s": np.full(len(unsent), np.nan),
            "failed": np.ones(len(unsent), dtype=np.bool_),
            "cause": unsent["cause"].to_numpy(dtype=object),
        }
    )


def _with_causes(arrived: pd.DataFrame) -> pd.DataFrame:
    """Arrivals with the reason of each that was not sent; one that no process accounted for is `lost`."""
    causes = arrived["cause"].astype(object)
    unexplained = causes.isna() & ~flags(arrived, "sent")
    return arrived.assign(cause=causes.mask(unexplained, "lost"))


def _sessions(samples: pd.DataFrame, arrived: pd.DataFrame) -> pd.DataFrame:
    """Sessions of these arrivals, with all their steps, whenever those ran.

    A session is good when it was sent, has a step on record and none failed.
    """
    row = pd.Index(arrived["index"].to_numpy(dtype=np.int64)).get_indexer(
        samples["session"].to_numpy(dtype=np.int64)
    )
    own, row = samples.loc[row >= 0], row[row >= 0]
    steps = np.bincount(row, minlength=len(arrived))
    bad_steps = np.bincount(
        row, weights=own["cause"].notna().to_numpy(dtype=np.float64), minlength=len(arrived)
    )
    last_done_s = np.full(len(arrived), -np.inf)
    np.maximum.at(last_done_s, row, seconds(own, "done_s"))
    failed = ~flags(arrived, "sent") | (steps == 0) | (bad_steps > 0)
    return pd.DataFrame(
        {
            "flow": arrived["flow"].to_numpy(dtype=object),
            "session_s": np.where(failed, np.nan, last_done_s - seconds(arrived, "intended_s")),
            "failed": failed,
            "sent": flags(arrived, "sent"),
            "cause": arrived["cause"].to_numpy(dtype=object),
        }
    )
