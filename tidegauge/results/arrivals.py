"""Every intended session of a run, and what became of it: arrivals.parquet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from tidegauge.analysis.agreement import ProcessArrivals
from tidegauge.analysis.observed import LOST
from tidegauge.analysis.rows import Flags, flags
from tidegauge.histograms import Integers
from tidegauge.row_files import ARRIVALS, BATCH_ROWS
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import Schedule, make_schedule

TEXTS = ("flow", "cause", "endpoint")
COLUMNS = ("index", "intended_s", "process", "sent", *TEXTS)
UNTOLD_S = 1.0  # the outcomes of so long may be missing where a run was ended by force


def read_arrivals(folder: RunFolder, run: RunRecord, seen: ProcessArrivals) -> Iterator[pd.DataFrame]:
    """The intended sessions (COLUMNS) in batches; of an interrupted run, those until then.

    `seen` gets them too, but those whose outcome an interrupted run need not know.
    """
    end_s, told_s = (run.window.end_s, run.window.end_s - UNTOLD_S) if run.interrupted else (inf, inf)
    if folder.arrivals.exists():
        tables = folder.read_stretches(folder.arrivals, COLUMNS, TEXTS)
    else:
        tables = (table.select(COLUMNS) for table in _arrivals(folder, run, rebuilt=True)[0])
    for table in tables:
        arrivals = table.to_pandas()
        seen.add(arrivals[arrivals["intended_s"] <= told_s], LOST)
        yield arrivals[arrivals["intended_s"] <= end_s]


def merge_arrivals(folder: RunFolder, run: RunRecord) -> None:
    """Writes arrivals.parquet: every intended session, and what the generators said became of it.

    An arrival without an outcome is `lost`, and so is one that a process sent and then died with. Without any
    outcome nothing is written: the file was there, and is missing.
    """
    if folder.has_parts("outcomes"):
        tables, torn = _arrivals(folder, run, rebuilt=False)
        folder.write_stretches(folder.arrivals, ARRIVALS, tables)
        folder.remove_parts("outcomes", keep=torn)


def _arrivals(folder: RunFolder, run: RunRecord, *, rebuilt: bool) -> tuple[Iterator[Any], list[str]]:
    """The tables of ARRIVALS, and the names of torn files.

    `rebuilt`: of arrivals whose outcomes are missing, those whose session left a row were sent.
    """
    trace = folder.read_trace()
    schedule = make_schedule(run.plan, run.assets, trace)
    fates, torn = _fates(folder, len(schedule))
    if rebuilt:
        fates.find(_on_record(folder, run, len(schedule)))
    elif run.died:
        process = np.arange(len(schedule)) % run.processes
        fates.lose(fates.sent & np.isin(process, run.died) & ~_on_record(folder, run, len(schedule)))
    endpoints = None if trace is None else pa.array(trace["endpoint"], pa.string())
    return _tables(run, schedule, fates, endpoints), torn


@dataclass(frozen=True, slots=True)
class _Fates:
    """What became of each arrival: whether it was sent, and the number of the cause why not."""

    sent: Flags
    cause: NDArray[np.int8]
    causes: list[str | None]  # by number

    def lose(self, chosen: Flags) -> None:
        """The chosen were sent, but what came of it is not known."""
        self.sent[chosen] = False
        self.cause[chosen] = self.causes.index(LOST)

    def find(self, chosen: Flags) -> None:
        """The chosen were sent."""
        self.sent[chosen] = True
        self.cause[chosen] = self.causes.index(None)


def _fates(folder: RunFolder, count: int) -> tuple[_Fates, list[str]]:
    """By the first outcome of each arrival, `lost` without any; and the names of torn files."""
    numbers: dict[str | None, int] = {LOST: 0, None: 1}
    sent, cause = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.int8)
    told = np.zeros(count, dtype=np.bool_)
    torn: list[str] = []
    for table in folder.read_batches("outcomes", ("arrival", "sent", "cause"), torn):
        outcomes = table.to_pandas().drop_duplicates("arrival")
        outcomes = outcomes.loc[outcomes["arrival"] < count]
        outcomes = outcomes.loc[~told[outcomes["arrival"]]]
        causes = outcomes["cause"].cat
        number_of = [numbers.setdefault(name, len(numbers)) for name in causes.categories]
        arrival = outcomes["arrival"].to_numpy()
        told[arrival], sent[arrival] = True, flags(outcomes, "sent")
        cause[arrival] = np.array([*number_of, numbers[None]])[causes.codes]  # null is -1: the last
    return _Fates(sent, cause, list(numbers)), torn


def _on_record(folder: RunFolder, run: RunRecord, count: int) -> Flags:
    """Whether the session of each arrival left a row."""
    kind, column = ("samples", "session") if run.plan.samples == "all" else ("sessions", "arrival")
    recorded = np.zeros(count, dtype=np.bool_)
    for table in folder.read_batches(kind, (column,), []):
        found = table[column].to_numpy()
        recorded[found[found < count]] = True
    return recorded


def _tables(run: RunRecord, schedule: Schedule, fates: _Fates, endpoints: Any) -> Iterator[Any]:
    """The rows of ARRIVALS; `endpoints`: a replay's, None for the first of each flow."""
    first: dict[str, str] = {}
    for flow, endpoint in run.endpoints:
        first.setdefault(flow, endpoint)
    flows, causes = pa.array(schedule.flows, pa.string()), pa.array(fates.causes, pa.string())
    firsts = pa.array([first.get(flow) for flow in schedule.flows], pa.string())
    for start in range(0, len(schedule), BATCH_ROWS):
        rows = slice(start, start + BATCH_ROWS)
        index: Integers = np.arange(*rows.indices(len(schedule)), dtype=np.int64)
        flow, rank = pa.array(schedule.flow_index[rows]), schedule.asset_rank[rows]
        columns = {
            "index": index,
            "intended_s": schedule.intended_s[rows],
            "flow": flows.take(flow),
            "asset": pa.array(rank, mask=(rank < 0) | (run.assets == 0)),
            "process": index % run.processes,
            "sent": fates.sent[rows],
            "cause": causes.take(pa.array(fates.cause[rows])),
            "endpoint": firsts.take(flow) if endpoints is None else endpoints[rows],
        }
        yield pa.table(columns, schema=ARRIVALS)
