"""The stages of a run, from its folder to its summary."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tidegauge.aws.exchange import Exchange, open_exchange
from tidegauge.conduct import local_stack, preflight, provenance
from tidegauge.conduct.alarm_watch import watched_alarms
from tidegauge.conduct.figures import Figures
from tidegauge.conduct.fleet import Fleet, Remote, clock_notes, gather, program, send_job, workers_of
from tidegauge.conduct.flows import flow_sources
from tidegauge.conduct.follow import Bounds, GeneratorReport
from tidegauge.conduct.guards import Tripped, Watchdog, tripped_outside
from tidegauge.conduct.launch import Launch, no_start, run_generator
from tidegauge.conduct.lease import held_lease
from tidegauge.conduct.listener import Event, Listener
from tidegauge.conduct.preflight import RUNS, Prepared
from tidegauge.engine.role import Role
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.results.measure import Measured, check_measured, measure
from tidegauge.run_record import FatalEvent, MeasuredWindow, RunRecord, StoppedBy
from tidegauge.store import DiskFull, RunFolder
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
        run, report = _send(folder, run, prepared, fleet, listener, outside)
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


def _send(
    folder: RunFolder,
    run: RunRecord,
    prepared: Prepared,
    fleet: Fleet,
    listener: Listener,
    outside: Callable[[], Tripped | None],
) -> tuple[RunRecord, GeneratorReport]:
    plan, remote = prepared.plan, fleet.remote
    exchange = None
    role = Role(workers=fleet.size, page=fleet.web_port is not None)
    bounds = Bounds(run_s=plan.duration_s + plan.drain_s, drain_s=plan.drain_s)
    if remote is not None:
        exchange = open_exchange(remote.exchange, run.run_id)
        send_job(folder, run, exchange)
        role = _master_role(run, prepared, remote, page=role.page)
        bounds.start_s = remote.wait_s
        listener.say(f"waiting for {remote.workers} workers: tidegauge worker {remote.listen}")
    if fleet.web_port is not None:
        listener.say(f"Locust's page: http://127.0.0.1:{fleet.web_port}")
    launch = Launch(
        files=prepared.files,
        role=role,
        processes=fleet.processes,
        web_port=fleet.web_port,
        listen=remote.listen if remote else None,
    )
    figures = Figures(plan, prepared.stack, remote.workers if remote else 0)
    watchdog = Watchdog(
        plan.guards,
        spend_usd=lambda: figures.spend_usd,
        in_flight=lambda: figures.in_flight,
        outside=outside,
        clock=time.monotonic,
    )
    report = _listened(
        listener, figures, lambda hear: run_generator(folder, launch, bounds, hear, watchdog.look)
    )
    if report.start_unix_s is None and report.interrupted_s is None:
        raise _none_came(report, remote) if remote and report.exit_code in (0, -15) else no_start(folder)
    if exchange is not None and report.start_unix_s is not None:
        run = _bring_home(folder, run, report, exchange, listener)
    return run, report


def _listened(
    listener: Listener, figures: Figures, send: Callable[[Callable[[Event], None]], GeneratorReport]
) -> GeneratorReport:
    """What `send` reports; meanwhile its events go into the figures, and then to the listener."""

    def hear(event: Event) -> None:
        figures.take(event)
        listener.hear(event)

    listener.begin(figures)
    try:
        return send(hear)
    finally:
        listener.end()


def _master_role(run: RunRecord, prepared: Prepared, remote: Remote, *, page: bool) -> Role:
    return Role(
        workers=remote.workers,
        page=page,
        exchange=remote.exchange,
        run_id=run.run_id,
        program=program(flow_sources(prepared.files)),
    )


def _none_came(report: GeneratorReport, remote: Remote) -> TidegaugeError:
    if report.shares:
        reason = report.refused[-1]["reason"] if report.refused else "they left without a word"
        return TidegaugeError(
            f"no worker began to send: {reason}", "their own words are on their machines", ExitCode.INVALID
        )
    refused = (
        f"; {len(report.refused)} were refused: {report.refused[-1]['reason']}" if report.refused else ""
    )
    return TidegaugeError(
        f"{report.ready} of {remote.workers} workers were ready within {remote.wait_s:g} s{refused}",
        f"on each machine: tidegauge worker {remote.listen}; is that port open to them?",
    )


def _bring_home(
    folder: RunFolder, run: RunRecord, report: GeneratorReport, exchange: Exchange, listener: Listener
) -> RunRecord:
    """The workers' rows; a worker whose last ones don't come is taken for one that died."""
    workers = workers_of(report.shares)
    notes = clock_notes(workers)
    for note in notes:
        listener.say(note)
    report.finished -= gather(folder, exchange, report.finished, run.processes, listener.say)
    return replace(run, workers=workers, notes=(*run.notes, *notes))


def _finished(run: RunRecord, report: GeneratorReport) -> RunRecord:
    """The record with what only the end of the sending knows."""
    ended = run if report.end_s is None else run.ended_early(report.end_s)
    stopped = report.stopped_by
    died = () if report.cut else tuple(sorted(set(range(run.processes)) - report.finished))
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
