"""What an objective looks at: how many were due, and how many violate it under what is assumed of some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.durations import Durations
from tidegauge.analysis.observed import LOST, Observed
from tidegauge.analysis.rows import chosen_rows, counts, flags

SESSIONS = "sessions"  # the target of the default objective that looks at the sessions of all flows


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """How what the generator did to the figures is taken."""

    lost_good: bool = False  # arrivals that were lost with a process would have gone well


MEASURED = Assumption()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """The requests or sessions of a target: failed, lost and good ones, and the times of the good."""

    noun: str
    n: int
    failures: int  # lost ones aside
    lost: int
    times: Durations

    def violations(self, limit_s: float | None, assumption: Assumption) -> int:
        """How many failed or, where there is a limit, took longer."""
        slow = 0 if limit_s is None else self.times.longer_than(limit_s)
        return self.failures + (0 if assumption.lost_good else self.lost) + slow


def trials_of(target: str, observed: Observed) -> Trials:
    """Of an endpoint (flows pooled), `total`, `flow:NAME`, `session:NAME`, or SESSIONS."""
    kind, _, name = target.partition(":")
    if target == SESSIONS or (kind == "session" and name):
        return _session_trials(name or None, observed)
    flow = name if kind == "flow" and name else None
    endpoint = None if flow is not None or target == "total" else target
    requests = observed.requests.loc[chosen_rows(observed.requests, flow, endpoint)]
    n, failures, lost = _tally(requests)
    return Trials(
        noun="requests", n=n, failures=failures, lost=lost, times=observed.response.of(flow, endpoint)
    )


def _session_trials(flow: str | None, observed: Observed) -> Trials:
    n, failures, lost = _tally(observed.sessions.loc[chosen_rows(observed.sessions, flow)])
    return Trials(noun="sessions", n=n, failures=failures, lost=lost, times=observed.session.of(flow))


def _tally(rows: pd.DataFrame) -> tuple[int, int, int]:
    """How many there are, how many of them failed, and how many were lost."""
    count, lost = counts(rows), (rows["cause"] == LOST).to_numpy(dtype=np.bool_)
    failed = flags(rows, "failed") & ~lost
    return int(count.sum()), int(count[failed].sum()), int(count[lost].sum())
