"""The sending of a run: its fleet is started and watched, and rows of other machines are brought home."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tidegauge.aws.exchange import Exchange, open_exchange
from tidegauge.conduct.figures import Figures
from tidegauge.conduct.fleet import Fleet, Remote, clock_notes, gather, program, send_job, workers_of
from tidegauge.conduct.flows import flow_sources
from tidegauge.conduct.follow import Bounds, GeneratorReport
from tidegauge.conduct.guards import Tripped, Watchdog
from tidegauge.conduct.launch import Launch, no_start, run_generator
from tidegauge.conduct.listener import Event, Listener
from tidegauge.conduct.preflight import Prepared
from tidegauge.engine.role import Role
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder


def send(
    folder: RunFolder,
    run: RunRecord,
    prepared: Prepared,
    fleet: Fleet,
    listener: Listener,
    outside: Callable[[], Tripped | None],
) -> tuple[RunRecord, GeneratorReport]:
    """Has the fleet send the run, and returns the record with who sent what, and how it went.

    `outside` says what has tripped elsewhere (exit 2 when no worker came, 12 when nothing was sent).
    """
    plan, remote = prepared.plan, fleet.remote
    exchange = None if remote is None else open_exchange(remote.exchange, run.run_id)
    role = Role(workers=fleet.size, page=fleet.web_port is not None)
    bounds = Bounds(run_s=plan.duration_s + plan.drain_s, drain_s=plan.drain_s)
    if remote is not None and exchange is not None:
        send_job(folder, run, exchange)
        role = _master_role(run, prepared, remote, page=role.page)
        bounds.start_s = remote.wait_s
        listener.say(f"waiting for {remote.workers} workers: tidegauge worker {remote.listen}")
    if fleet.web_port is not None:
        listener.say(f"Locust's page: http://127.0.0.1:{fleet.web_port}")
    report = _watched(folder, _launch(prepared, fleet, role), bounds, prepared, listener, outside)
    if report.start_unix_s is None and report.interrupted_s is None:
        raise _none_came(report, remote) if remote and report.exit_code in (0, -15) else no_start(folder)
    if exchange is not None and report.start_unix_s is not None:
        run = _bring_home(folder, run, report, exchange, listener)
    return run, report


def _launch(prepared: Prepared, fleet: Fleet, role: Role) -> Launch:
    return Launch(
        files=prepared.files,
        role=role,
        processes=fleet.processes,
        web_port=fleet.web_port,
        listen=fleet.remote.listen if fleet.remote else None,
    )


def _watched(
    folder: RunFolder,
    launch: Launch,
    bounds: Bounds,
    prepared: Prepared,
    listener: Listener,
    outside: Callable[[], Tripped | None],
) -> GeneratorReport:
    """Runs the generator; its events go into the figures, then to the listener and to the guards."""
    plan, workers = prepared.plan, launch.role.workers if launch.listen else 0
    figures = Figures(plan, prepared.stack, workers)
    watchdog = Watchdog(
        plan.guards,
        spend_usd=lambda: figures.spend_usd,
        in_flight=lambda: figures.in_flight,
        outside=outside,
        clock=time.monotonic,
    )

    def hear(event: Event) -> None:
        figures.take(event)
        listener.hear(event)

    listener.begin(figures)
    try:
        return run_generator(folder, launch, bounds, hear, watchdog.look)
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
