"""What an objective looks at: how many were due, and how many violate it under what is assumed of some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from tidegauge.analysis.blocked_times import BlockedTimes
from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.dependence import Effective, effective_share
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.observed import LOST, Observed
from tidegauge.analysis.rows import Flags, chosen_rows, counts, flags
from tidegauge.analysis.shares import by_block
from tidegauge.histograms import Integers
from tidegauge.records import CUT

SESSIONS = "sessions"  # the target of the default objective that looks at the sessions of all flows


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """How what the generator did to the figures is taken."""

    without_lag: bool = False  # each would have been sent at its moment, and all else be equal
    lost_good: bool = False  # arrivals that were lost with a process would have gone well


MEASURED = Assumption()


class Violations(NamedTuple):
    """How many of an objective's requests or sessions violate it."""

    surely: int
    open: int  # were cut before that was decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasted:
    """How long some took: the good ones, and until then those that were cut."""

    good: BlockedTimes
    cut: Durations


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """The requests or sessions of a target: how many failed, were lost or cut, and how long all took.

    `failed_in` counts, by block of time, those that did not go well, whatever came of them; `lost_in` those
    of them that were lost.
    """

    noun: str
    n: int
    failures: int  # lost and cut ones aside
    lost: int
    cut: int
    measured: Lasted
    unlagged: Lasted
    cut_sent: Durations  # how long ago those that were cut had been sent; of sessions none
    failed_in: Integers
    lost_in: Integers

    def worth(self, limit_s: float | None, assumption: Assumption) -> Effective:
        """How many independent ones tell as much of the share that failed or, with a limit, took longer."""
        times = self._lasted(assumption).good
        failed = self.failed_in - self.lost_in if assumption.lost_good else self.failed_in
        if limit_s is None:
            return effective_share(failed, self.failed_in + times.requests, times.blocks)
        return times.beyond(limit_s, failed)[1]

    def _lasted(self, assumption: Assumption) -> Lasted:
        return self.unlagged if assumption.without_lag else self.measured

    def violations(self, limit_s: float | None, timeout_s: float, assumption: Assumption) -> Violations:
        """How many failed or, where there is a limit, took longer.

        One that was cut has violated a limit that it was older than; it has failed where it was older than
        its timeout. Otherwise it is open.
        """
        surely = self.failures + (0 if assumption.lost_good else self.lost)
        if limit_s is None:
            old = self.cut_sent.longer_than(timeout_s)
        else:
            lasted = self._lasted(assumption)
            old = lasted.cut.longer_than(limit_s)
            surely += lasted.good.all.longer_than(limit_s)
        return Violations(surely=surely + old, open=self.cut - old)


def trials_of(target: str, observed: Observed) -> Trials:
    """Of an endpoint (flows pooled), `total`, `flow:NAME`, `session:NAME`, or SESSIONS."""
    kind, _, name = target.partition(":")
    if target == SESSIONS or (kind == "session" and name):
        return _session_trials(name or None, observed)
    flow = name if kind == "flow" and name else None
    endpoint = None if flow is not None or target == "total" else target
    requests = observed.requests.loc[chosen_rows(observed.requests, flow, endpoint)]
    cut = (requests["cause"] == CUT).to_numpy(dtype=np.bool_)
    blocks = blocks_of(observed.window)
    of = (flow, endpoint)
    return Trials(
        noun="requests",
        **_tally(requests, cut),
        measured=Lasted(good=observed.response.blocked(blocks, *of), cut=observed.cut_response.of(*of)),
        unlagged=Lasted(good=observed.unlagged.blocked(blocks, *of), cut=observed.cut_unlagged.of(*of)),
        cut_sent=observed.cut_service.of(*of),
        failed_in=by_block(requests.loc[flags(requests, "failed")], blocks),
        lost_in=by_block(requests.loc[_lost(requests)], blocks),
    )


def _session_trials(flow: str | None, observed: Observed) -> Trials:
    sessions = observed.sessions.loc[chosen_rows(observed.sessions, flow)]
    blocks = blocks_of(observed.window)
    return Trials(
        noun="sessions",
        **_tally(sessions, flags(sessions, "cut")),
        measured=Lasted(good=observed.session.blocked(blocks, flow), cut=observed.session_cut.of(flow)),
        unlagged=Lasted(
            good=observed.session_unlagged.blocked(blocks, flow), cut=observed.session_cut_unlagged.of(flow)
        ),
        cut_sent=Durations([]),
        failed_in=by_block(sessions.loc[flags(sessions, "failed")], blocks),
        lost_in=by_block(sessions.loc[_lost(sessions)], blocks),
    )


def _tally(rows: pd.DataFrame, cut: Flags) -> dict[str, int]:
    """How many there are, and how many of them were lost, cut, or failed otherwise."""
    count, lost = counts(rows), _lost(rows)
    failed = flags(rows, "failed") & ~lost & ~cut
    chosen = {"failures": failed, "lost": lost, "cut": cut}
    return {"n": int(count.sum()), **{name: int(count[own].sum()) for name, own in chosen.items()}}


def _lost(rows: pd.DataFrame) -> Flags:
    return (rows["cause"] == LOST).to_numpy(dtype=np.bool_)
