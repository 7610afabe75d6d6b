"""What was observed in the window of a run: requests, unsent arrivals, sessions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tidegauge.analysis.kept_arrays import Keep, in_memory
from tidegauge.analysis.rows import added_up, category, flags, joined, seconds
from tidegauge.analysis.session_ends import SessionEnds
from tidegauge.analysis.times import Times
from tidegauge.analysis.traffic import Traffic, Window
from tidegauge.behaviours import OUTSIDE
from tidegauge.histograms import Floats
from tidegauge.request_counts import second_of

LOST = "lost"  # the cause of an arrival that no process accounted for


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a window holds, and the whole run's arrivals.

    `requests`: rows of alike requests sent, or of arrivals that were not (`sent`): the columns of Traffic's,
    `failed` and `sent`. `response`, `service` and `lag`: Traffic's rows in the window. `sessions`: rows of
    alike arrivals: second, flow, sent, answered, failed, cause, count; `session`: how long good ones took.
    `due`: arrivals of the whole run, by the `second` of the intended time, flow and `sent`.
    """

    window: Window
    requests: pd.DataFrame
    response: Times
    service: Times
    lag: Times
    sessions: pd.DataFrame
    session: Times
    due: pd.DataFrame


def observe(traffic: Traffic, arrivals: Iterable[pd.DataFrame], keep: Keep = in_memory) -> Observed:
    """What the window holds of `traffic` and of the whole run's arrivals (columns as in the run folder).

    These come in one batch or more; `keep` takes what is needed of each.
    """
    parts = [_part(rows, traffic, keep) for rows in arrivals]
    unsent = added_up(joined([part.unsent for part in parts]), *_UNSENT)
    sent = traffic.requests.loc[flags(traffic.requests, "in_window")].assign(sent=True)
    requests = pd.concat([sent, _unsent_requests(unsent)], ignore_index=True)
    for column in ("flow", "endpoint", "cause"):
        requests[column] = requests[column].astype("category")
    return Observed(
        window=traffic.window,
        requests=requests.assign(failed=requests["cause"].notna()),
        response=_inside(traffic.response),
        service=_inside(traffic.service),
        lag=_inside(traffic.lag),
        sessions=added_up(joined([part.sessions for part in parts]), *_SESSIONS),
        session=Times.joined([part.session for part in parts]),
        due=added_up(joined([part.due for part in parts]), *_DUE),
    )


# Keys and sums of what a part is added up to.
_UNSENT = (("second", "flow", "endpoint", "cause"), ("count",))
_SESSIONS = (("second", "flow", "sent", "answered", "failed", "cause"), ("count",))
_DUE = (("second", "flow", "sent"), ("count",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some arrivals, added up: as in Observed; `unsent`: those of the window, by flow, endpoint and cause."""

    unsent: pd.DataFrame
    sessions: pd.DataFrame
    session: Times
    due: pd.DataFrame


def _part(arrivals: pd.DataFrame, traffic: Traffic, keep: Keep) -> _Part:
    intended_s = seconds(arrivals, "intended_s")
    due = arrivals.assign(second=second_of(intended_s), count=1)
    arrived = _with_causes(due.loc[traffic.window.contains(intended_s)])
    sessions, session_s = _sessions(traffic.sessions, arrived)
    good = ~flags(sessions, "failed")
    return _Part(
        unsent=added_up(arrived.loc[~flags(arrived, "sent")], *_UNSENT),
        sessions=added_up(sessions, *_SESSIONS),
        session=Times.of_samples(sessions.loc[good], ("second", "flow"), session_s[good], keep),
        due=added_up(due, *_DUE),
    )


def _inside(times: Times) -> Times:
    return times.where(flags(times.keys, "in_window"))


def _unsent_requests(unsent: pd.DataFrame) -> pd.DataFrame:
    """Each is one request of its first step that got no answer."""
    nothing: dict[str, Any] = {"base": None, "cache": None, "pop": None, "answered": False}
    nothing |= {"sent_bytes": 0, "received_bytes": 0}
    return unsent.assign(sent=False, in_window=True, behaviour=OUTSIDE, **nothing)


def _with_causes(arrived: pd.DataFrame) -> pd.DataFrame:
    """Arrivals with the reason of each that was not sent; one that no process accounted for is `lost`."""
    causes = category(arrived["cause"])
    unexplained = causes.isna() & ~flags(arrived, "sent")
    if unexplained.any():
        known = causes.cat.categories.union([LOST], sort=False)
        causes = causes.cat.set_categories(known).mask(unexplained, LOST)
    return arrived.assign(cause=causes, flow=category(arrived["flow"]))


def _sessions(ends: SessionEnds, arrived: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
    """Sessions of these arrivals, with all their steps, whenever those ran; and how long each took.

    A session is good when it was sent, has a step on record and none failed. It was answered when it was
    sent and each of its requests got an answer, good or not.
    """
    found, sent = ends.of(arrived["index"].to_numpy(dtype=np.int64)), flags(arrived, "sent")
    failed = found.failed | ~sent | np.isnan(found.done_s)
    sessions = arrived.assign(failed=failed, answered=found.answered & sent)
    return sessions, found.done_s - seconds(arrived, "intended_s")
