"""A run whose command was killed: what its generators had stored becomes an interrupted run."""

from __future__ import annotations

from dataclasses import replace

from tidegauge.errors import TidegaugeError
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import make_schedule

RECENT_S = 5.0  # a generator silent for longer had died before the others


def recover(folder: RunFolder) -> None:
    """Closes the books of a run whose end is not on record; others are left as they are.

    It is taken to have ended where the outcomes of its generators do: what was due later was not sent
    because nobody sent it, and tells nothing about the stack. What was sent and left no row is lost.
    """
    run = folder.read_run()
    if run.start_unix_s is not None or run.interrupted:
        return
    outcomes = folder.read_rows("outcomes")[0].to_pandas()
    if outcomes.empty:
        raise TidegaugeError(
            f"{folder.path} holds no outcome: its run was killed before anything was sent",
            "run the plan again",
        )
    intended_s = make_schedule(run.plan, run.assets, folder.read_trace()).intended_s
    last_s = outcomes.groupby("process")["arrival"].max().map(lambda arrival: float(intended_s[arrival]))
    folder.reserve.unlink(missing_ok=True)
    ended_s = last_s[last_s > last_s.max() - RECENT_S].min()
    note = "The command was killed in mid-run: this is what its generators had stored."
    died = tuple(range(run.processes))  # with what they had not stored
    folder.write_run(replace(run.ended_early(ended_s), died=died, notes=(*run.notes, note)))
