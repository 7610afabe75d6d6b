"""A run folder's rows as the frames that analysis works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from tidegauge.analysis.kept_arrays import Keep
from tidegauge.analysis.traffic import (
    SAMPLE_COLUMNS,
    Stretch,
    Traffic,
    Window,
    traffic_of_counts,
    traffic_of_samples,
)
from tidegauge.disk import DiskFull
from tidegauge.request_counts import KEYS, MOMENTS, TIMES, entries_of
from tidegauge.results.arrivals import merge_arrivals
from tidegauge.row_files import COUNTS
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import phase_borders_s

SESSION_COLUMNS = ("arrival", "done_s", "lag_s", "failed", "cut", "answered", "requests")
TORN_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What a run folder holds; `notes` say what is missing of it."""

    traffic: Traffic
    health: pd.DataFrame
    notes: list[str]


def read_frames(folder: RunFolder, run: RunRecord, keep: Keep) -> Frames:
    """The frames of a run, its processes' parts merged first where that is still to be done.

    `keep` takes what is needed of each row.
    """
    notes = _merge_parts(folder, run)
    traffic, torn = _read_traffic(folder, run, keep)
    health, torn["health"] = folder.read_rows("health")
    torn |= {kind: folder.torn_parts(kind) for kind in ("outcomes", *COUNTS)}
    return Frames(
        traffic=traffic,
        health=health.to_pandas(),
        notes=[*notes, *(_torn_note(kind, names) for kind, names in torn.items() if names)],
    )


def _merge_parts(folder: RunFolder, run: RunRecord) -> list[str]:
    """Makes one file each of the processes' outcomes and counts; returns notes on what could not be."""
    notes = []
    if not folder.arrivals.exists():
        merge_arrivals(folder, run)
    for kind in COUNTS:
        if not folder.merged(kind).exists():
            try:
                folder.merge_counts(kind)
            except DiskFull:  # what the parts hold is read from them
                notes.append(f"There was no room to merge {kind}/ into one file; its parts are kept.")
    return notes


def _read_traffic(folder: RunFolder, run: RunRecord, keep: Keep) -> tuple[Traffic, dict[str, list[str]]]:
    """What was sent, from the samples where all are stored, from the histograms otherwise; and torn files."""
    window = Window(
        warmup_s=run.window.start_s,
        end_s=run.window.end_s,
        borders_s=tuple(phase_borders_s(run.plan)),
        told_by_s=0.0 if run.plan.samples == "all" else 1.0,
    )
    kind, columns = (
        ("samples", SAMPLE_COLUMNS) if run.plan.samples == "all" else ("sessions", SESSION_COLUMNS)
    )
    torn: list[str] = []
    rows = (table.to_pandas() for table in folder.read_batches(kind, columns, torn))
    if kind == "samples":
        traffic = traffic_of_samples(rows, window, run.stack.behaviour, keep)
    else:
        moments = pa.concat_tables([MOMENTS.empty_table(), *folder.read_counts("moments", MOMENTS.names)])
        traffic = traffic_of_counts(read_stretches(folder), moments.to_pandas(), rows, window, keep)
    return traffic, {kind: torn}


def _torn_note(kind: str, names: Sequence[str]) -> str:
    shown = ", ".join(names[:TORN_SHOWN]) + (" …" if len(names) > TORN_SHOWN else "")
    return f"Rows are missing: {len(names)} files of {kind}/ cannot be read ({shown})."


def read_stretches(folder: RunFolder) -> Iterator[Stretch]:
    """What was counted, a table at a time: a long run's need not all be in memory at once."""
    rows = [*KEYS.names, "requests", "sent_bytes", "received_bytes"]
    lists = [f"{time}_{part}" for time in TIMES for part in ("bucket", "count")]
    yield _stretch(COUNTS["histograms"].empty_table(), rows)
    for table in folder.read_counts("histograms", [*rows, *lists]):
        yield _stretch(table, rows)


def _stretch(table: Any, rows: list[str]) -> Stretch:
    return Stretch(
        rows=table.select(rows).to_pandas(), times={time: entries_of(table, time) for time in TIMES}
    )
