"""`tidegauge collect`: what AWS metered around a run, for its cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cost.metering.aws_metered import AwsMetered
from tidegauge.cost_record import CostSection, in_brackets
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode
from tidegauge.store import RunFolder


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
    from tidegauge.conduct.collecting import collect  # pandas takes a moment, which --help need not wait for

    folder = RunFolder.open(run)
    collected = collect(folder, stack_file, wait=wait, tell=say)
    result = _result(folder, collected.metered, collected.cost)
    if as_json:
        print_json(result)
    else:
        _tell(result)
    if collected.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.PASS if collected.metered.is_complete else ExitCode.INCONCLUSIVE


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
        "marginal_doubt": cost.marginal_doubt or None,
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
        unsure = in_brackets(result["marginal_doubt"] or "")
        say(f"marginal: {usd(Decimal(per_1k))} per 1,000 answered requests{unsure}")
    say(f"usage: {result['usage']}")


def _iso(unix_s: float) -> str:
    return dt.datetime.fromtimestamp(unix_s, dt.UTC).isoformat(timespec="seconds")
