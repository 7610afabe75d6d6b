"""`tidegauge collect`: what AWS metered around a run, for its cost."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from tidegauge.aws.clients import METRICS, Clients
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.collect.metrics.parts import aws_parts
from tidegauge.conduct.metered import ask_aws
from tidegauge.cost.metering.aws_gaps import clock
from tidegauge.cost.metering.aws_metered import AwsMetered
from tidegauge.cost_record import CostSection
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.results.spend import read_metered
from tidegauge.run_record import RunRecord
from tidegauge.stack import Stack, load_stack
from tidegauge.store import RunFolder
from tidegauge.summary import Summary

EVERY_S = 60.0


@click.command(name="collect")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--stack",
    "stack_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The stack file whose [aws] says what was metered. [default: the run's own]",
)
@click.option(
    "--wait", is_flag=True, help="Ask every minute until the figures are final, 15 minutes at most."
)
@json_option
def collect_command(run: Path, stack_file: Path | None, wait: bool, as_json: bool) -> int:
    """Fetch what CloudWatch metered around RUN; make usage, cost and report anew with it.

    CloudWatch's figures come late: they are final 15 minutes after the run. Until then the cost stays unknown
    and the exit code is 11. What was fetched once is kept, so this may be repeated.
    """
    from tidegauge.results.measure import measure
    from tidegauge.results.recovery import recover
    from tidegauge.results.report import write_report

    folder = RunFolder.open(run)
    recover(folder)
    record = folder.read_run()
    stack = _stack(record, stack_file)
    parts = aws_parts(stack, str(stack_file or folder.run_json))
    if not folder.summary_json.exists():
        measure(folder)
    span = _span(record, folder.read_summary())
    interrupted, clients = False, Clients(METRICS)
    try:
        metered = ask_aws(folder, parts, span, clients, say)
        if wait:
            metered = _until_final(metered, lambda: ask_aws(folder, parts, span, clients, say))
    except KeyboardInterrupt:
        kept = read_metered(folder)
        if kept is None:
            raise
        metered, interrupted = kept, True
    measured = measure(folder)
    write_report(measured)
    result = _result(folder, metered, measured.summary.cost)
    if as_json:
        print_json(result)
    else:
        _tell(result)
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.PASS if metered.is_complete else ExitCode.INCONCLUSIVE


def _until_final(metered: AwsMetered, again: Callable[[], AwsMetered]) -> AwsMetered:
    """Asks every minute; bounded, as figures are final some time after the run, whatever they are."""
    deadline = time.monotonic() + max(metered.settled_unix_s - time.time(), 0.0) + 2 * EVERY_S
    while not metered.is_complete and time.monotonic() < deadline:
        say(f"figures are final from {clock(metered.settled_unix_s)} UTC on; Ctrl-C keeps what came")
        time.sleep(min(EVERY_S, max(metered.settled_unix_s - time.time(), 1.0)))
        try:
            metered = again()
        except TidegaugeError as error:
            say(f"{error.message}; asking again")
    return metered


def _stack(run: RunRecord, stack_file: Path | None) -> Stack:
    if run.stack.local is not None:
        raise TidegaugeError(
            "this run was against a local stack, which counts by itself", "its usage is in usage.json already"
        )
    return load_stack(stack_file) if stack_file else run.stack


def _span(run: RunRecord, summary: Summary) -> tuple[float, float]:
    """Unix seconds from the run's begin, warm-up included, to its last answer."""
    return run.began_unix_s, run.began_unix_s + run.window.end_s + (summary.drain_s or 0.0)


def _result(folder: RunFolder, metered: AwsMetered, cost: CostSection) -> dict[str, Any]:
    return {
        "run_dir": str(folder.path),
        "usage": str(folder.usage_json),
        "complete": metered.is_complete,
        "final_from": _iso(metered.settled_unix_s),
        "minutes": {"from": _iso(metered.first_minute_unix_s), "to": _iso(metered.end_minute_unix_s)},
        "empty": [series.name for series in metered.series if not series.minutes],
        "refused": list(metered.refused),
        "marginal_per_1k_requests": cost.marginal_per_1k_requests,
        "marginal_reason": cost.marginal_reason,
        "notes": list(cost.assumptions),
    }


def _tell(result: Mapping[str, Any]) -> None:
    for name in result["empty"]:
        say(f"nothing reported{'' if result['complete'] else ' yet'}: {name}")
    for refusal in result["refused"]:
        say(f"not answered in full: {refusal}")
    for note in result["notes"]:
        say(note)
    per_1k = result["marginal_per_1k_requests"]
    if per_1k is None:
        say(f"marginal cost unknown: {result['marginal_reason']}")
    else:
        say(f"marginal: {usd(Decimal(per_1k))} per 1,000 requests")
    say(f"usage: {result['usage']}")


def _iso(unix_s: float) -> str:
    return dt.datetime.fromtimestamp(unix_s, dt.UTC).isoformat(timespec="seconds")
