"""The stages of a run, from its folder to its summary."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path

from tidegauge.conduct import local_stack, preflight, provenance
from tidegauge.conduct.alarm_watch import watched_alarms
from tidegauge.conduct.fleet import Fleet
from tidegauge.conduct.follow import GeneratorReport
from tidegauge.conduct.guards import tripped_outside
from tidegauge.conduct.lease import held_lease
from tidegauge.conduct.listener import Listener
from tidegauge.conduct.preflight import RUNS, Prepared
from tidegauge.conduct.sending import send
from tidegauge.disk import DiskFull
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.results.measure import Measured, check_measured, measure
from tidegauge.run_record import FatalEvent, MeasuredWindow, RunRecord, StoppedBy
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import DEFAULT_ALPHA


def carry_out(prepared: Prepared, fleet: Fleet, out: Path | None, listener: Listener) -> Measured:
    """Sends, collects and measures, and tells the listener; the report is the caller's to write."""
    plan = prepared.plan
    started = dt.datetime.now(dt.UTC)
    run_id = _run_id(started, plan.name)
    path = out or RUNS / run_id
    preflight.check_disk(path, plan)
    with (
        held_lease(prepared.stack, run_id) as lease_lost,
        watched_alarms(prepared.stack, plan.guards.alarms, listener.say) as alarm,
    ):
        folder = RunFolder.create(path)
        before = local_stack.snapshot(prepared.stack)
        run = _resolved(prepared, run_id, started, fleet.size, before)
        if prepared.trace is not None:
            folder.write_frame(folder.trace, prepared.trace.sessions)
        folder.write_run(run)
        outside = partial(tripped_outside, lease_lost, alarm)
        run, report = send(folder, run, prepared, fleet, listener, outside)
    folder.reserve.unlink(missing_ok=True)
    try:
        return _conclude(folder, run, prepared, report, before)
    except DiskFull as error:
        raise TidegaugeError(
            f"{error.message}; the samples until then are kept",
            f"free space, then: tidegauge report {folder.path}",
            ExitCode.INVALID,
        ) from None
    except KeyboardInterrupt:
        raise TidegaugeError(
            "interrupted while the results were being made",
            f"make them with: tidegauge report {folder.path}",
            ExitCode.INTERRUPTED,
        ) from None


def _conclude(
    folder: RunFolder,
    run: RunRecord,
    prepared: Prepared,
    report: GeneratorReport,
    before: local_stack.Snapshot | None,
) -> Measured:
    """From the last request to the summary."""
    run = _finished(run, report)
    folder.write_run(run)
    check_measured(folder, run, ExitCode.REFUSED if report.stopped_by else ExitCode.INTERRUPTED)
    if before is not None:
        local_stack.collect(folder, prepared.stack, before, run.began_unix_s)
    return measure(folder)


def _finished(run: RunRecord, report: GeneratorReport) -> RunRecord:
    """The record with what only the end of the sending knows."""
    ended = run if report.end_s is None else run.ended_early(report.end_s)
    stopped = report.stopped_by
    died = () if report.start_unix_s is None else tuple(sorted(set(range(run.processes)) - report.finished))
    return replace(
        ended,
        fatal=tuple(FatalEvent(cause=each["cause"], detail=each["detail"]) for each in report.fatal),
        start_unix_s=report.start_unix_s,
        stopped_by=None if stopped is None else StoppedBy(guard=stopped.guard, detail=stopped.detail),
        died=died,
    )


def _resolved(
    prepared: Prepared, run_id: str, started: dt.datetime, processes: int, before: local_stack.Snapshot | None
) -> RunRecord:
    plan, stack = prepared.plan, prepared.stack
    notes = list(prepared.trace.notes) if prepared.trace else []
    if plan.popularity is None and prepared.assets and plan.trace is None:
        notes.append(
            f"no [popularity] in the plan: zipf with alpha {DEFAULT_ALPHA} over {prepared.assets} assets"
        )
    return RunRecord(
        run_id=run_id,
        started_at=started.isoformat(timespec="seconds"),
        seed=plan.seed,
        processes=processes,
        connections=plan.connections,
        window=MeasuredWindow(start_s=plan.warmup_s, end_s=plan.duration_s),
        interrupted=False,
        fatal=(),
        notes=tuple(notes),
        local=stack.local is not None,
        cache_state_before=before.cache_state if before else "unknown",
        parts=before.parts if before else (),
        catalogue=str(prepared.catalogue.resolve()) if prepared.catalogue else None,
        assets=prepared.assets,
        architecture=str(prepared.architecture.resolve()) if prepared.architecture else None,
        endpoints=tuple(prepared.endpoints),
        trace=prepared.trace.logs if prepared.trace else None,
        plan=plan,
        stack=stack,
        versions=provenance.versions(),
        machine=provenance.machine(),
        git_commit=provenance.git_commit(),
    )


def _run_id(started: dt.datetime, name: str) -> str:
    """By second and name; runs that begin within the same second are numbered."""
    first = f"{started:%Y%m%dT%H%M%S}-{_slug(name)}"
    names = itertools.chain([first], (f"{first}-{number}" for number in itertools.count(2)))
    return next(name for name in names if not (RUNS / name).exists())


def _slug(name: str) -> str:
    kept = "".join(char if char.isalnum() and char.isascii() else "-" for char in name.lower())
    return kept.strip("-")[:40] or "run"
