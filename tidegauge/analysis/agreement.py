"""Whether a run's rows tell the same: samples, histograms, arrivals and health know of each other.

Rows that are missing without a process that took them along have been removed or damaged since: what the
others say is then a part of the run, and nobody knows which.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tidegauge.analysis.generator import RECORD_SPAN_S
from tidegauge.analysis.rows import added_up, counts, joined, seconds

SLACK_S = 1.0  # beyond its span, and the stall of the event loop that it tells of, no record is late by that
OUTCOME = ("flow", "endpoint", "cause")


@dataclass(slots=True, kw_only=True)
class ProcessArrivals:
    """What arrivals say of each generator process: how many it had and lost, and when its last was due."""

    due: dict[int, int] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    last_sent_s: dict[int, float] = field(default_factory=dict)

    def add(self, arrivals: pd.DataFrame, lost: str) -> None:
        """Counts some arrivals: intended_s, process, sent, cause; `lost` is the cause of lost ones."""
        for number in np.unique(arrivals["process"]).tolist():
            own = arrivals.loc[arrivals["process"] == number]
            self.due[number] = self.due.get(number, 0) + len(own)
            self.lost[number] = self.lost.get(number, 0) + int((own["cause"] == lost).sum())
            sent_s = seconds(own.loc[own["sent"]], "intended_s")
            last_s = self.last_sent_s.get(number, -np.inf)
            self.last_sent_s[number] = max(last_s, float(sent_s.max(initial=-np.inf)))


def lost_without_a_death(arrivals: ProcessArrivals, died: tuple[int, ...]) -> list[str]:
    """Arrivals without an outcome, of processes that told their end."""
    return [
        f"arrivals.parquet has no outcome for {lost:,} of the {arrivals.due[process]:,} arrivals of process "
        f"{process}, which did not die."
        for process, lost in sorted(arrivals.lost.items())
        if lost and process not in died
    ]


def unlike_requests(one: pd.DataFrame, other: pd.DataFrame, names: tuple[str, str]) -> list[str]:
    """Where two kinds of rows count the same requests (OUTCOME, count) differently; `names`: of the kinds."""
    signed = [rows[[*OUTCOME]].assign(count=sign * counts(rows)) for rows, sign in ((one, 1), (other, -1))]
    difference = added_up(joined(signed), OUTCOME, ("count",))["count"].abs().sum()
    if not difference:
        return []
    return [
        f"{names[0]} tells of {int(one['count'].sum()):,} requests and {names[1]} of "
        f"{int(other['count'].sum()):,}; {int(difference):,} are in one of them alone."
    ]


def unlike_totals(one: int, other: int, names: tuple[str, str], noun: str = "requests") -> list[str]:
    """Where two kinds of rows tell of so many, and should of the same; `names`: of the kinds."""
    return [] if one == other else [f"{names[0]} tells of {one:,} {noun} and {names[1]} of {other:,}."]


def gaps_in_health(
    health: pd.DataFrame, arrivals: ProcessArrivals, died: tuple[int, ...], end_s: float
) -> list[str]:
    """Processes of whose state some seconds are not on record, though they sent until later."""
    reasons = []
    for process, last_s in sorted(arrivals.last_sent_s.items()):
        if process in died or not np.isfinite(last_s):
            continue
        missing_s = _unrecorded_s(health.loc[health["process"] == process], min(last_s, end_s))
        if missing_s > 0:
            reasons.append(f"health/ lacks about {missing_s:.3g} s of process {process}.")
    return reasons


def _unrecorded_s(own: pd.DataFrame, until_s: float) -> float:
    """Seconds until then without a record: each comes a second, and any stall, after the one before."""
    rows = own.sort_values("t_s")
    at_s = np.concatenate([[0.0], np.maximum(seconds(rows, "t_s"), 0.0), [until_s]])
    stall_s = np.concatenate([np.nan_to_num(seconds(rows, "loop_lag_ms")) / 1000.0, [0.0]])
    late_s = np.diff(at_s) - RECORD_SPAN_S - SLACK_S - stall_s
    return float((late_s + SLACK_S)[late_s > 0].sum())


def sessions_without_rows(sent: int, unrecorded: int, kind: str, *, interrupted: bool) -> list[str]:
    """Sessions that were sent and have no row of `kind`; where a run was ended by force, some have none."""
    if not unrecorded or (interrupted and unrecorded < sent):
        return []
    return [f"{unrecorded:,} of {sent:,} sessions that were sent have no row in {kind}/."]
