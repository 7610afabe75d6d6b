"""`tidegauge run`: a plan against a stack, to a summary and a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tidegauge.cli import preflight
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cli.preflight import RUNS, Prepared
from tidegauge.cli.scenarios import scenarios
from tidegauge.plan import load_plan, plan_document
from tidegauge.stack import load_stack
from tidegauge.workload.schedule import make_schedule


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
    preflight.check_alive(prepared.stack)
    preflight.check_disk(out or RUNS, plan)
    if dry_run:
        return _show(prepared, as_json)
    from tidegauge.cli.measure import exit_code  # what these load takes seconds: errors must not wait for it
    from tidegauge.cli.report import print_summary, write_report
    from tidegauge.cli.stages import carry_out

    folder, summary = carry_out(prepared, processes, out)
    write_report(folder)
    if as_json:
        print_json({**summary, "run_dir": str(folder.path)})
    else:
        print_summary(summary)
    say(f"run folder: {folder.path}")
    say(f"report:     {folder.report_html}")
    return exit_code(summary, folder.read_json(folder.run_json))


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
