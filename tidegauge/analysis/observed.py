"""What was observed in the window of a run: requests, unsent arrivals, sessions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.rows import added_up, category, flags, seconds
from tidegauge.analysis.times import Times
from tidegauge.analysis.traffic import Traffic, Window
from tidegauge.behaviours import OUTSIDE

LOST = "lost"  # the cause of an arrival that no process accounted for


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a window holds.

    `requests`: rows of alike requests sent, or of arrivals that were not (`sent`): the columns of Traffic's,
    `failed` and `sent`. `response`, `service` and `lag`: Traffic's rows in the window. `sessions`: a row an
    arrival: flow, session_s, failed, sent, cause.
    """

    window: Window
    requests: pd.DataFrame
    response: Times
    service: Times
    lag: Times
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


def _inside(times: Times) -> Times:
    return times.where(flags(times.keys, "in_window"))


def _unsent_requests(unsent: pd.DataFrame) -> pd.DataFrame:
    """Each is one request of its first step that got no answer."""
    rows = added_up(unsent.assign(count=1), ("flow", "endpoint", "cause"), ("count",))
    nothing = {"base": None, "cache": None, "pop": None, "answered": False, "received_bytes": 0}
    return rows.assign(sent=False, in_window=True, behaviour=OUTSIDE, **nothing)


def _with_causes(arrived: pd.DataFrame) -> pd.DataFrame:
    """Arrivals with the reason of each that was not sent; one that no process accounted for is `lost`."""
    causes = category(arrived["cause"])
    unexplained = causes.isna() & ~flags(arrived, "sent")
    if unexplained.any():
        known = causes.cat.categories.union([LOST], sort=False)
        causes = causes.cat.set_categories(known).mask(unexplained, LOST)
    return arrived.assign(cause=causes, flow=category(arrived["flow"]))


def _sessions(ends: pd.DataFrame, arrived: pd.DataFrame) -> pd.DataFrame:
    """Sessions of these arrivals, with all their steps, whenever those ran.

    A session is good when it was sent, has a step on record and none failed.
    """
    arrival, done_s = arrived["index"].to_numpy(dtype=np.int64), np.full(len(arrived), np.nan)
    row = np.searchsorted(arrival, ends["arrival"])  # both ascend
    own = np.flatnonzero(arrival.take(row, mode="clip") == ends["arrival"]) if len(arrived) else row[:0]
    row = row[own]
    done_s[row] = seconds(ends, "done_s")[own]
    failed = ~flags(arrived, "sent") | np.isnan(done_s)
    failed[row] |= (flags(ends, "failed") | (ends["requests"].to_numpy() == 0))[own]
    return pd.DataFrame(
        {
            "flow": arrived["flow"].array,
            "session_s": np.where(failed, np.nan, done_s - seconds(arrived, "intended_s")),
            "failed": failed,
            "sent": flags(arrived, "sent"),
            "cause": arrived["cause"].array,
        }
    )
