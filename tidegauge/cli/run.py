"""`tidegauge run`: a plan against a stack, to a summary and a verdict."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tidegauge.cli import local_stack, preflight, provenance
from tidegauge.cli.launch import GeneratorReport, run_generator
from tidegauge.cli.measure import exit_code, measure, merge_arrivals
from tidegauge.cli.output import json_option, people, print_json, say
from tidegauge.cli.preflight import Prepared
from tidegauge.cli.report import print_summary, write_report
from tidegauge.cli.scenarios import scenarios
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import load_plan, plan_document
from tidegauge.records import SCHEMA_VERSION
from tidegauge.stack import load_stack
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import DEFAULT_ALPHA, make_schedule


@click.command(name="run")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option(
    "--stack", "stack_file", required=True, type=click.Path(path_type=Path), help="Stack descriptor."
)
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="Generator processes."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the plan.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The run folder: empty or new. [default: runs/<id>]"
)
@click.option("--dry-run", is_flag=True, help="Check everything, show what would be sent, send nothing.")
@json_option
def run_command(
    plan_file: Path,
    stack_file: Path,
    processes: int,
    overrides: tuple[str, ...],
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send the load of PLAN at a stack and judge it.

    Sessions arrive by the plan's seeded schedule, whatever the stack does; response times count from the
    intended moment. Exit code: 0 PASS, 10 FAIL, 11 INCONCLUSIVE, 12 INVALID, 130 interrupted (what was
    measured is kept and reported), 2 for a mistake, 13 refused by a guard.

    \b
    Example: tidegauge run plans/mixed.toml --stack infra_under_test/stacks/local.toml
             tidegauge run plan.toml --stack s.toml --set arrivals.0.rate_per_s=80
    """
    known = scenarios()
    plan = load_plan(plan_file, overrides, frozenset(known))
    prepared = preflight.prepare(plan, load_stack(stack_file), stack_file, known)
    preflight.check_reachable(prepared.stack)
    if dry_run:
        return _show(prepared, as_json)
    folder, summary = carry_out(prepared, processes, out)
    if as_json:
        print_json({**summary, "run_dir": str(folder.path)})
    else:
        print_summary(summary)
    say(f"run folder: {folder.path}")
    say(f"report:     {folder.report_html}")
    return exit_code(summary, folder.read_json(folder.run_json))


def carry_out(prepared: Prepared, processes: int, out: Path | None) -> tuple[RunFolder, dict[str, Any]]:
    """The whole of a run, from its folder to its report."""
    plan = prepared.plan
    started = dt.datetime.now(dt.UTC)
    run_id = f"{started:%Y%m%dT%H%M%S}-{_slug(plan.name)}"
    path = out or Path("runs") / run_id
    preflight.check_disk(path, plan)
    folder = RunFolder.create(path)
    before = local_stack.snapshot(prepared.stack)
    run = _resolved(prepared, run_id, started, processes, before)
    folder.write_json(folder.run_json, run)
    report = _send(folder, prepared, processes)
    _finish(folder, run, prepared, report, processes)
    if before is not None:
        local_stack.collect(folder, prepared.stack, before, run["start_unix_s"] or started.timestamp())
    summary = measure(folder)
    write_report(folder)
    return folder, summary


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


def _finish(
    folder: RunFolder, run: dict[str, Any], prepared: Prepared, report: GeneratorReport, processes: int
) -> None:
    """What only the end of the sending knows, into run.json; the arrivals' fates into their file."""
    interrupted = report.interrupted_s is not None
    run["fatal"] = report.fatal
    run["start_unix_s"] = report.start_unix_s
    run["interrupted"] = interrupted
    if report.interrupted_s is not None and report.interrupted_s <= run["window"]["start_s"]:
        raise TidegaugeError(
            f"interrupted before anything was to be measured (warm-up: {prepared.plan.warmup_s:g} s)",
            f"the samples are in {folder.path}",
            ExitCode.INTERRUPTED,
        )
    if report.interrupted_s is not None:
        run["window"]["end_s"] = min(run["window"]["end_s"], report.interrupted_s)
    folder.write_json(folder.run_json, run)
    first: dict[str, str] = {}
    for flow, endpoint in prepared.endpoints:
        first.setdefault(flow, endpoint)
    merge_arrivals(folder, prepared.plan, prepared.assets, first, processes)


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
        "interrupted": False,
        "fatal": [],
        "notes": notes,
        "local": stack.local is not None,
        "cache_state_before": before.cache_state if before else "unknown",
        "parts": before.parts if before else [],
        "catalogue": str(prepared.catalogue.resolve()) if prepared.catalogue else None,
        "assets": prepared.assets,
        "endpoints": [list(pair) for pair in prepared.endpoints],
        "plan": plan_document(plan),
        "stack": asdict(stack),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "git_commit": provenance.git_commit(),
    }


def _show(prepared: Prepared, as_json: bool) -> int:
    schedule = make_schedule(prepared.plan, prepared.assets)
    document: dict[str, Any] = {
        "dry_run": True,
        "sessions": len(schedule),
        "sessions_by_flow": {
            flow: int((schedule.flow_index == number).sum()) for number, flow in enumerate(schedule.flows)
        },
        "duration_s": prepared.plan.duration_s,
        "window_s": prepared.plan.duration_s - prepared.plan.warmup_s,
        "assets": prepared.assets,
        "plan": plan_document(prepared.plan),
    }
    if as_json:
        print_json(document)
    else:
        by_flow = ", ".join(f"{count} {flow}" for flow, count in document["sessions_by_flow"].items())
        say(f"would send {len(schedule)} sessions in {prepared.plan.duration_s:g} s: {by_flow}")
    return 0


def _slug(name: str) -> str:
    kept = "".join(char if char.isalnum() and char.isascii() else "-" for char in name.lower())
    return kept.strip("-")[:40] or "run"
