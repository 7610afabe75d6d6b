"""The stages of a run, from its folder to its summary."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tidegauge.cli import local_stack, preflight, provenance
from tidegauge.cli.launch import GeneratorReport, run_generator
from tidegauge.cli.measure import check_measured, measure
from tidegauge.cli.output import people
from tidegauge.cli.preflight import RUNS, Prepared
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import plan_document
from tidegauge.records import SCHEMA_VERSION
from tidegauge.store import DiskFull, RunFolder
from tidegauge.workload.schedule import DEFAULT_ALPHA


def carry_out(prepared: Prepared, processes: int, out: Path | None) -> tuple[RunFolder, dict[str, Any]]:
    """Sends, collects and measures; the report is the caller's to write."""
    plan = prepared.plan
    started = dt.datetime.now(dt.UTC)
    run_id = _run_id(started, plan.name)
    path = out or RUNS / run_id
    preflight.check_disk(path, plan)
    folder = RunFolder.create(path)
    before = local_stack.snapshot(prepared.stack)
    run = _resolved(prepared, run_id, started, processes, before)
    folder.write_json(folder.run_json, run)
    report = _send(folder, prepared, processes)
    folder.reserve.unlink(missing_ok=True)
    try:
        return folder, _conclude(folder, run, prepared, report, before)
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
    run: dict[str, Any],
    prepared: Prepared,
    report: GeneratorReport,
    before: local_stack.Snapshot | None,
) -> dict[str, Any]:
    """From the last request to the summary."""
    _finish(folder, run, report)
    if before is not None:
        began = run["start_unix_s"] or dt.datetime.fromisoformat(run["started_at"]).timestamp()
        local_stack.collect(folder, prepared.stack, before, began)
    return measure(folder)


def _send(folder: RunFolder, prepared: Prepared, processes: int) -> GeneratorReport:
    plan = prepared.plan
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
    progress = Progress(
        *columns, TimeElapsedColumn(), console=people, transient=True, disable=not people.is_terminal
    )
    with progress:
        bar = progress.add_task(f"sending {plan.name}", total=plan.duration_s, state="starting")
        latest: dict[int, dict[str, Any]] = {}

        def show(event: dict[str, Any]) -> None:
            latest[event["process"]] = event
            sent = sum(row["sent"] for row in latest.values())
            open_now = sum(row["in_flight"] for row in latest.values())
            refused = sum(row["unsent"] for row in latest.values())
            state = f"{sent} sessions sent, {open_now} in flight" + (
                f", {refused} refused" if refused else ""
            )
            progress.update(bar, completed=max(event["t_s"], 0), state=state)

        hang_s = plan.duration_s + plan.drain_s + 60.0
        return run_generator(folder, prepared.files, processes, hang_s, show)


def _finish(folder: RunFolder, run: dict[str, Any], report: GeneratorReport) -> None:
    """What only the end of the sending knows, into run.json."""
    run["fatal"] = report.fatal
    run["start_unix_s"] = report.start_unix_s
    run["interrupted"] = report.interrupted_s is not None
    if report.interrupted_s is not None:
        run["window"]["end_s"] = min(run["window"]["end_s"], report.interrupted_s)
    else:
        run["died"] = sorted(set(range(run["processes"])) - report.finished)
    folder.write_json(folder.run_json, run)
    check_measured(folder, run, ExitCode.INTERRUPTED)


def _resolved(
    prepared: Prepared, run_id: str, started: dt.datetime, processes: int, before: local_stack.Snapshot | None
) -> dict[str, Any]:
    plan, stack = prepared.plan, prepared.stack
    notes = []
    if plan.popularity is None and prepared.assets:
        notes.append(
            f"no [popularity] in the plan: zipf with alpha {DEFAULT_ALPHA} over {prepared.assets} assets"
        )
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run_id,
        "started_at": started.isoformat(timespec="seconds"),
        "seed": plan.seed,
        "processes": processes,
        "connections": plan.connections,
        "window": {"start_s": plan.warmup_s, "end_s": plan.duration_s},
        "start_unix_s": None,  # until the end of the sending is on record
        "interrupted": False,
        "died": [],
        "fatal": [],
        "notes": notes,
        "local": stack.local is not None,
        "cache_state_before": before.cache_state if before else "unknown",
        "parts": before.parts if before else [],
        "catalogue": str(prepared.catalogue.resolve()) if prepared.catalogue else None,
        "assets": prepared.assets,
        "architecture": str(prepared.architecture.resolve()) if prepared.architecture else None,
        "endpoints": [list(pair) for pair in prepared.endpoints],
        "plan": plan_document(plan),
        "stack": asdict(stack),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "git_commit": provenance.git_commit(),
    }


def _run_id(started: dt.datetime, name: str) -> str:
    """By second and name; runs that begin within the same second are numbered."""
    first = f"{started:%Y%m%dT%H%M%S}-{_slug(name)}"
    names = itertools.chain([first], (f"{first}-{number}" for number in itertools.count(2)))
    return next(name for name in names if not (RUNS / name).exists())


def _slug(name: str) -> str:
    kept = "".join(char if char.isalnum() and char.isascii() else "-" for char in name.lower())
    return kept.strip("-")[:40] or "run"
