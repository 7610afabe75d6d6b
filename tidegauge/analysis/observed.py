"""What was observed in the window of a run: requests, unsent arrivals, sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.kept_arrays import Keep, in_memory
from tidegauge.analysis.rows import added_up, category, flags, joined, seconds
from tidegauge.analysis.session_ends import SessionEnds
from tidegauge.analysis.times import Times
from tidegauge.analysis.traffic import Traffic, Window
from tidegauge.behaviours import OUTSIDE
from tidegauge.request_counts import second_of

LOST = "lost"  # the cause of an arrival that no process accounted for


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a window holds, and the whole run's arrivals.

    `requests`: rows of alike requests sent, or of arrivals that were not (`sent`): the columns of Traffic's,
    `failed` and `sent`. Times of requests: Traffic's in the window. `sessions`: rows of alike arrivals:
    block, flow, sent, answered, failed, cut (and nothing else failed), cause, count. `session`: how long the
    good ones took; `session_cut`: how long the cut ones had lasted; and both without their requests' lag.
    `unrecorded`: how many of those that were sent have no row. `due`: arrivals of the whole run, by the
    `second` of the intended time, flow and `sent`.
    """

    window: Window
    requests: pd.DataFrame
    response: Times
    service: Times
    lag: Times
    cut_response: Times
    cut_service: Times
    sessions: pd.DataFrame
    session: Times
    session_unlagged: Times
    session_cut: Times
    session_cut_unlagged: Times
    unrecorded: int
    due: pd.DataFrame

    @property
    def unlagged(self) -> Times:
        """Response times of good requests, each without its own lag."""
        return _without_lag(self.response, self.service)

    @property
    def cut_unlagged(self) -> Times:
        """How long requests that were cut had lasted, each without its own lag."""
        return _without_lag(self.cut_response, self.cut_service)


def _without_lag(response: Times, service: Times) -> Times:
    """A scheduled request took its service time and its lag; one that followed an answer had no lag."""
    own = service.where(flags(service.keys, "scheduled"))
    followed = response.where(~flags(response.keys, "scheduled"))
    keys = ["block", "flow", "endpoint"]
    return Times.joined([Times(keys=part.keys[keys], blocks=part.blocks) for part in (own, followed)])


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
        **{name: _inside(getattr(traffic, name)) for name in _OF_REQUESTS},
        sessions=added_up(joined([part.sessions for part in parts]), *_SESSIONS),
        **{name: Times.joined([part.times[name] for part in parts]) for name in _OF_SESSIONS},
        unrecorded=sum(part.unrecorded for part in parts),
        due=added_up(joined([part.due for part in parts]), *_DUE),
    )


_OF_REQUESTS = ("response", "service", "lag", "cut_response", "cut_service")
_OF_SESSIONS = ("session", "session_unlagged", "session_cut", "session_cut_unlagged")
# Keys and sums of what a part is added up to.
_UNSENT = (("block", "flow", "endpoint", "cause"), ("count",))
_SESSIONS = (("block", "flow", "sent", "answered", "failed", "cut", "cause"), ("count",))
_DUE = (("second", "flow", "sent"), ("count",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some arrivals, added up: as in Observed; `unsent`: those of the window, by flow, endpoint and cause."""

    unsent: pd.DataFrame
    sessions: pd.DataFrame
    times: Mapping[str, Times]  # those of _OF_SESSIONS
    unrecorded: int
    due: pd.DataFrame


def _part(arrivals: pd.DataFrame, traffic: Traffic, keep: Keep) -> _Part:
    intended_s = seconds(arrivals, "intended_s")
    due = arrivals.assign(second=second_of(intended_s), count=1)
    due["block"] = blocks_of(traffic.window).of_times(intended_s)
    arrived = _with_causes(due.loc[traffic.window.contains(intended_s)])
    sessions, times = _sessions(traffic.sessions, arrived, keep)
    return _Part(
        unsent=added_up(arrived.loc[~flags(arrived, "sent")], *_UNSENT),
        sessions=added_up(sessions, *_SESSIONS),
        times=times,
        unrecorded=int(np.count_nonzero(sessions["unrecorded"])),
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


def _sessions(ends: SessionEnds, arrived: pd.DataFrame, keep: Keep) -> tuple[pd.DataFrame, dict[str, Times]]:
    """Sessions of these arrivals, with all their steps, whenever those ran; and the times of _OF_SESSIONS.

    A session is good when it was sent, has a step on record and none failed. It was answered when it was
    sent and each of its requests got an answer, good or not.
    """
    ended, sent = ends.of(arrived["index"].to_numpy(dtype=np.int64)), flags(arrived, "sent")
    unrecorded = sent & np.isnan(ended.done_s)
    failed = ended.failed | ~sent | unrecorded
    lasted_s = ended.done_s - seconds(arrived, "intended_s")
    chosen = {"session": ~failed, "session_cut": ended.cut & sent}
    times = {}
    for name, own in chosen.items():
        rows, keys = arrived.loc[own], ("block", "flow")
        times[name] = Times.of_samples(rows, keys, lasted_s[own], keep)
        times[f"{name}_unlagged"] = Times.of_samples(rows, keys, (lasted_s - ended.lag_s)[own], keep)
    told = {"cut": chosen["session_cut"], "answered": ended.answered & sent, "unrecorded": unrecorded}
    return arrived.assign(failed=failed, **told), times
