"""`tidegauge run`: a plan against a stack, to a summary and a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cli.paths import InputFile
from tidegauge.conduct import preflight
from tidegauge.conduct.addresses import LOOPBACK, check_free, free_port, parse_address
from tidegauge.conduct.fleet import Fleet, Remote
from tidegauge.conduct.flows import PythonFlow, load_plan_and_flows
from tidegauge.conduct.preflight import RUNS, Prepared
from tidegauge.dollars import usd
from tidegauge.stack import load_stack
from tidegauge.stored import document_of
from tidegauge.workload.schedule import make_schedule


@click.command(name="run")
@click.argument("plan_file", metavar="PLAN", type=InputFile())
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
@click.option(
    "--architecture", type=click.Path(path_type=Path), metavar="DIR",
    help="CloudFormation templates whose fixed hours go into the loaded cost. [default: the stack's]",
)  # fmt: skip
@click.option(
    "--budget", "budget_usd", type=FiniteRange(0, min_open=True), metavar="USD",
    help="End the run before CDN and API have cost so much, as the client counts it ([guards] budget_usd).",
)  # fmt: skip
@click.option("--web", is_flag=True, help="Serve Locust's web page of the run on a free loopback port.")
@click.option(
    "--master", metavar="[HOST:]PORT",
    help="Have workers elsewhere send it (tidegauge worker); listens on 127.0.0.1 unless HOST is given.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 1000), help="With --master: worker processes to wait for.")
@click.option(
    "--exchange", metavar="PLACE",
    help="With --master: s3://BUCKET/PREFIX or a shared folder, for the job and the workers' rows.",
)  # fmt: skip
@click.option(
    "--wait", "wait_s", default=300.0, show_default=True, type=FiniteRange(1, 86400), metavar="S",
    help="With --master: seconds to wait for the workers.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check everything, show what would be sent, send nothing.")
@json_option
def run_command(
    plan_file: Path,
    stack_file: Path,
    processes: int,
    overrides: tuple[str, ...],
    out: Path | None,
    architecture: Path | None,
    budget_usd: float | None,
    web: bool,
    master: str | None,
    workers: int | None,
    exchange: str | None,
    wait_s: float,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send the load of PLAN at a stack and judge it.

    Sessions arrive by the plan's seeded schedule, whatever the stack does; response times count from the
    intended moment. Exit code: 0 PASS, 10 FAIL, 11 INCONCLUSIVE, 12 INVALID, 130 interrupted (what was
    measured is kept and reported), 2 for a mistake, 13 refused by a guard.

    Ctrl-C once ends the arrivals and lets the sessions under way end; twice ends at once. --master: workers
    are neither authenticated nor is what they are told encrypted; listen in a private network only.

    \b
    Example: tidegauge run plan.toml --stack stack.toml --set arrivals.0.rate_per_s=80
             tidegauge run plans/mixed.toml --stack stack.toml   (it comes with Tidegauge)
    """
    remote = _remote(master, workers, exchange, wait_s, processes)
    if budget_usd is not None:
        overrides = (*overrides, f"guards.budget_usd={budget_usd}")
    plan, known = load_plan_and_flows(plan_file, overrides)
    stack = load_stack(stack_file)
    prepared = preflight.prepare(plan, stack, stack_file, known, plan_file.parent, architecture)
    preflight.check_reachable(prepared.stack)
    preflight.check_alive(prepared.stack)
    preflight.check_disk(out or RUNS, prepared.plan)
    if dry_run:
        return _show(prepared, known, as_json)
    from tidegauge.cli.live import LiveView
    from tidegauge.cli.report import print_summary
    from tidegauge.conduct.stages import carry_out  # what these load takes seconds: errors must not wait
    from tidegauge.results.report import write_report

    fleet = Fleet(processes=processes, web_port=free_port() if web else None, remote=remote)
    measured = carry_out(prepared, fleet, out, LiveView())
    report = write_report(measured)
    if as_json:
        print_json(document_of(measured.summary) | {"run_dir": str(measured.folder.path)})
    else:
        print_summary(measured.summary)
    say(f"run folder: {measured.folder.path}")
    say(f"report:     {report}")
    return measured.exit_code


def _remote(
    master: str | None, workers: int | None, exchange: str | None, wait_s: float, processes: int
) -> Remote | None:
    """What the options on other machines' workers say together (exit 2 when that makes no sense)."""
    if master is None:
        for name, value in (("--workers", workers), ("--exchange", exchange)):
            if value is not None:
                raise click.UsageError(f"{name} goes with --master")
        return None
    if workers is None or exchange is None:
        raise click.UsageError("--master needs --workers N and --exchange PLACE")
    if processes > 1:
        raise click.UsageError("with --master the workers send: give --processes to `tidegauge worker`")
    place = exchange if exchange.startswith("s3:") else str(Path(exchange).resolve())
    listen = parse_address(master, LOOPBACK)
    check_free(listen)
    return Remote(listen=listen, workers=workers, exchange=place, wait_s=wait_s)


def _show(prepared: Prepared, known: Mapping[str, PythonFlow], as_json: bool) -> int:
    from tidegauge.analysis.stall_advice import stall_advice
    from tidegauge.conduct.forecast import forecast  # numpy, which errors must not wait for

    trace = prepared.trace
    schedule = make_schedule(prepared.plan, prepared.assets, trace.sessions if trace else None)
    document: dict[str, Any] = {
        "dry_run": True,
        "sessions": len(schedule),
        "sessions_by_flow": {
            flow: int((schedule.flow_index == number).sum()) for number, flow in enumerate(schedule.flows)
        },
        "duration_s": prepared.plan.duration_s,
        "window_s": prepared.plan.duration_s - prepared.plan.warmup_s,
        "assets": prepared.assets,
        "forecast": forecast(prepared, schedule, known),
        "advice": stall_advice(prepared.plan.objectives, prepared.endpoints),
        "trace": document_of(trace.logs) if trace else None,
        "plan": document_of(prepared.plan),
    }
    if as_json:
        print_json(document)
    else:
        by_flow = ", ".join(f"{count} {flow}" for flow, count in document["sessions_by_flow"].items())
        say(f"would send {len(schedule)} sessions in {prepared.plan.duration_s:g} s: {by_flow}")
        notes = trace.notes if trace else ()
        for sentence in (*_expected(document["forecast"]), *document["advice"], *notes):
            say(sentence)
    return 0


def _expected(forecast: Mapping[str, Any]) -> Iterator[str]:
    """What is known of a run beforehand, in sentences."""
    peak = f"peak {forecast['peak_sessions_per_s']:.4g} sessions/s"
    if forecast["requests"] is not None:
        yield f"{peak}, {forecast['peak_requests_per_s']:.4g} requests/s; {forecast['requests']:,} requests"
    else:
        yield peak
    if forecast["cdn_bytes"] is not None:
        yield f"about {forecast['cdn_bytes'] / 1e6:,.4g} MB from the CDN"
    if forecast["usd"] is not None:
        yield f"about {usd(forecast['usd'])} for CDN and API, without storage, queues and workers"
    for gap in forecast["unknown"]:
        yield f"not known: {gap}"
