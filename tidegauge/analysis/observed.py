"""What was observed in the window of a run: requests, unsent arrivals, sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.traffic import Traffic, Window, added_up, flags, seconds
from tidegauge.behaviours import OUTSIDE

HALF_A_TICK_S = (
    0.5e-9  # the clock ticks in nanoseconds; differences of float times carry less than that in noise
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a window holds.

    `requests`: rows of alike requests sent, or of arrivals that were not (`sent`): the columns of Traffic's,
    `failed` and `sent`. `response`, `service` and `lag`: Traffic's rows in the window. `sessions`: a row an
    arrival: flow, session_s, failed, sent, cause.
    """

    window: Window
    requests: pd.DataFrame
    response: pd.DataFrame
    service: pd.DataFrame
    lag: pd.DataFrame
    sessions: pd.DataFrame


def observe(traffic: Traffic, arrivals: pd.DataFrame) -> Observed:
    """What the window holds of `traffic` and of the whole run's arrivals (columns as in the run folder)."""
    window = traffic.window
    arrived = _with_causes(arrivals.loc[window.contains(seconds(arrivals, "intended_s"))])
    sent = traffic.requests.loc[flags(traffic.requests, "in_window")].assign(sent=True)
    unsent = _unsent_requests(arrived.loc[~flags(arrived, "sent")])
    requests = pd.concat([sent, unsent], ignore_index=True)
    for column in ("flow", "endpoint", "cause"):
        requests[column] = requests[column].astype("category")
    return Observed(
        window=window,
        requests=requests.assign(failed=requests["cause"].notna()),
        response=_inside(traffic.response),
        service=_inside(traffic.service),
        lag=_inside(traffic.lag),
        sessions=_sessions(traffic.sessions, arrived),
    )


def _inside(times: pd.DataFrame) -> pd.DataFrame:
    return times.loc[flags(times, "in_window")]


def _unsent_requests(unsent: pd.DataFrame) -> pd.DataFrame:
    """Each is one request of its first step that got no answer."""
    rows = added_up(unsent.assign(count=1), ("flow", "endpoint", "cause"), ("count",))
    nothing = {"base": None, "cache": None, "pop": None, "answered": False, "received_bytes": 0}
    return rows.assign(sent=False, in_window=True, behaviour=OUTSIDE, **nothing)


def _with_causes(arrived: pd.DataFrame) -> pd.DataFrame:
    """Arrivals with the reason of each that was not sent; one that no process accounted for is `lost`."""
    causes = arrived["cause"].astype(object)
    unexplained = causes.isna() & ~flags(arrived, "sent")
    return arrived.assign(cause=causes.mask(unexplained, "lost"))


def _sessions(ends: pd.DataFrame, arrived: pd.DataFrame) -> pd.DataFrame:
    """Sessions of these arrivals, with all their steps, whenever those ran.

    A session is good when it was sent, has a step on record and none failed.
    """
    row = pd.Index(arrived["index"].to_numpy(dtype=np.int64)).get_indexer(
        ends["arrival"].to_numpy(dtype=np.int64)
    )
    own, row = ends.loc[row >= 0], row[row >= 0]
    steps, done_s = np.zeros(len(arrived), dtype=np.int64), np.full(len(arrived), np.nan)
    failed = ~flags(arrived, "sent")
    steps[row], done_s[row] = own["requests"].to_numpy(dtype=np.int64), seconds(own, "done_s")
    failed[row] |= flags(own, "failed")
    failed |= steps == 0
    return pd.DataFrame(
        {
            "flow": arrived["flow"].to_numpy(dtype=object),
            "session_s": np.where(failed, np.nan, done_s - seconds(arrived, "intended_s")),
            "failed": failed,
            "sent": flags(arrived, "sent"),
            "cause": arrived["cause"].to_numpy(dtype=object),
        }
    )
