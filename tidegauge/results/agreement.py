"""Where the kinds of rows in a run folder contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from tidegauge.analysis.agreement import (
    OUTCOME,
    ProcessArrivals,
    gaps_in_health,
    lost_without_a_death,
    sessions_without_rows,
    unlike_requests,
    unlike_totals,
)
from tidegauge.analysis.observed import Observed
from tidegauge.analysis.rows import added_up, counts, flags, joined
from tidegauge.results.frames import Frames
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder

COUNTED = "histograms.parquet"


def disagreements(
    folder: RunFolder, run: RunRecord, frames: Frames, observed: Observed, arrivals: ProcessArrivals
) -> list[str]:
    """A sentence for each pair of kinds that differ by more than what a dead process took with it."""
    kind = "samples" if run.plan.samples == "all" else "sessions"
    sent = int(counts(observed.sessions)[flags(observed.sessions, "sent")].sum())
    return [
        *_of_arrivals(folder, run, arrivals),
        *sessions_without_rows(sent, observed.unrecorded, kind, interrupted=run.interrupted),
        *([] if run.died else _of_requests(folder, run, frames)),
        *gaps_in_health(frames.health, arrivals, run.died, run.window.end_s),
    ]


def _of_arrivals(folder: RunFolder, run: RunRecord, arrivals: ProcessArrivals) -> list[str]:
    """Where all are missing, that alone is said."""
    alive = sum(due for process, due in arrivals.due.items() if process not in run.died)
    if not folder.arrivals.exists() and alive:
        return ["arrivals.parquet is missing: what became of arrivals without a row is not known."]
    return lost_without_a_death(arrivals, run.died)


def _of_requests(folder: RunFolder, run: RunRecord, frames: Frames) -> list[str]:
    traffic, which = frames.traffic, run.plan.samples
    if which == "all":
        return unlike_requests(traffic.requests, _counted(folder), ("samples/", COUNTED))
    total = int(counts(traffic.requests).sum())
    told = [("moments.parquet", int(traffic.moments["sent"].sum()), total)]
    if not run.interrupted:  # otherwise some sessions have not ended
        told.append(("sessions/", traffic.sessions.requests, total))
    reasons = [text for name, count, all_ in told for text in unlike_totals(count, all_, (name, COUNTED))]
    if which == "slow":
        stored = folder.read_rows("samples", ["cause"])[0]["cause"]
        failed = int(counts(traffic.requests)[traffic.requests["cause"].notna()].sum())
        reasons += unlike_totals(
            len(stored) - stored.null_count, failed, ("samples/", COUNTED), "failed requests"
        )
    return reasons


def _counted(folder: RunFolder) -> pd.DataFrame:
    """The requests that the histograms count, by OUTCOME."""

    def tables() -> Iterator[pd.DataFrame]:
        yield pd.DataFrame({**{name: pd.Series(dtype=object) for name in OUTCOME}, "count": []})
        for table in folder.read_counts("histograms", [*OUTCOME, "requests"]):
            yield table.to_pandas().rename(columns={"requests": "count"})

    return added_up(joined([added_up(rows, OUTCOME, ("count",)) for rows in tables()]), OUTCOME, ("count",))
