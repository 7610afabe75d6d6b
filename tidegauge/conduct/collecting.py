"""Collects what AWS metered around a run, and makes its usage, cost and report anew with it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tidegauge.aws.clients import METRICS, Clients
from tidegauge.collect.metrics.parts import aws_parts
from tidegauge.conduct.metered import ask_aws
from tidegauge.cost.metering.aws_gaps import clock
from tidegauge.cost.metering.aws_metered import AwsMetered
from tidegauge.cost_record import CostSection
from tidegauge.errors import TidegaugeError
from tidegauge.results.measure import measure
from tidegauge.results.recovery import recover
from tidegauge.results.report import write_report
from tidegauge.results.run_usage import read_metered
from tidegauge.run_record import RunRecord
from tidegauge.stack import Stack, load_stack
from tidegauge.store import RunFolder
from tidegauge.summary import Summary

EVERY_S = 60.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What came, and the run's cost with it."""

    metered: AwsMetered
    cost: CostSection
    interrupted: bool  # while waiting for final figures


def collect(folder: RunFolder, stack_file: Path | None, *, wait: bool, tell: Tell) -> Collected:
    """Asks AWS about the run in `folder`, with `wait` until its figures are final.

    `stack_file` says what was metered, by default the run's own stack. Exit 2 where AWS refuses.
    """
    recover(folder)
    record = folder.read_run()
    parts = aws_parts(_stack(record, stack_file), str(stack_file or folder.run_json))
    if not folder.summary_json.exists():
        measure(folder)
    span, clients, interrupted = _span(record, folder.read_summary()), Clients(METRICS), False
    try:
        metered = ask_aws(folder, parts, span, clients, tell)
        if wait:
            metered = _until_final(metered, lambda: ask_aws(folder, parts, span, clients, tell), tell)
    except KeyboardInterrupt:
        kept = read_metered(folder)
        if kept is None:
            raise
        metered, interrupted = kept, True
    measured = measure(folder)
    write_report(measured)
    return Collected(metered=metered, cost=measured.summary.cost, interrupted=interrupted)


def _until_final(metered: AwsMetered, again: Callable[[], AwsMetered], tell: Tell) -> AwsMetered:
    """Asks every minute; bounded, as figures are final some time after the run, whatever they are."""
    deadline = time.monotonic() + max(metered.settled_unix_s - time.time(), 0.0) + 2 * EVERY_S
    while not metered.is_complete and time.monotonic() < deadline:
        tell(f"figures are final from {clock(metered.settled_unix_s)} UTC on; Ctrl-C keeps what came")
        time.sleep(min(EVERY_S, max(metered.settled_unix_s - time.time(), 1.0)))
        try:
            metered = again()
        except TidegaugeError as error:
            tell(f"{error.message}; asking again")
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
