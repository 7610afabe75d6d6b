"""`tidegauge cost reconcile`: a bill beside what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from tidegauge.cli.cost.options import prices_option
from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, people, print_json, printable, say
from tidegauge.cli.paths import InputFile
from tidegauge.cost.words import things
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.results.reconcile import reconcile_estimate, reconcile_run

CODES = {"PASS": ExitCode.PASS, "FAIL": ExitCode.FAIL, "INCONCLUSIVE": ExitCode.INCONCLUSIVE}
SHOWN_UNMAPPED = 20


@click.command(name="reconcile")
@click.argument("bill", metavar="BILL...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--run",
    "run_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The run whose usage and architecture were billed: its whole hours are held against it.",
)
@click.option("--estimate", type=InputFile(), help="The estimate whose month was billed.")
@click.option("--tag", metavar="KEY=VALUE", help="Only the charges of resources with this tag.")
@click.option(
    "--tolerance",
    type=FiniteRange(0),
    help="The unexplained share of the bill up to which the exit code is 0; default: the estimate's, or 0.1.",
)
@prices_option
@json_option
def reconcile_command(
    bill: tuple[Path, ...],
    run_dir: Path | None,
    estimate: Path | None,
    tag: str | None,
    tolerance: float | None,
    prices_file: Path | None,
    as_json: bool,
) -> int:
    """Lay a bill beside what a run or an estimate expected, price by price, and name each difference.

    BILL are the files of an AWS data export, or their folder: Cost and Usage Report 2.0 or FOCUS 1.x, as CSV,
    gzip or Parquet. What the terms of the bill explain (rounding, free tier, credits, refunds, taxes,
    support, discounts, commitments) is told apart from what was expected wrongly. Exit code 10 when more than
    the tolerance is unexplained, 11 when that cannot be said: usage types that no price is known for, or a
    bill that does not cover the hours.

    \b
    Example: tidegauge cost reconcile export/data --estimate infra_under_test/estimates/seed.toml
             tidegauge cost reconcile bill.csv.gz --run runs/launch-day --tag Project=media
    """
    if (run_dir is None) == (estimate is None):
        raise TidegaugeError("give a run or an estimate", "one of --run RUN and --estimate FILE")
    wanted = None if tag is None else _tag(tag)
    if run_dir is not None:
        document = reconcile_run(bill, run_dir, tag=wanted, tolerance=tolerance, prices_file=prices_file)
    else:
        assert estimate is not None
        document = reconcile_estimate(
            bill, estimate, tag=wanted, tolerance=tolerance, prices_file=prices_file
        )
    if as_json:
        print_json(document)
    else:
        _print(document)
    return CODES[document["verdict"]]


def _tag(written: str) -> tuple[str, str]:
    key, equals, value = written.partition("=")
    if not key or not equals or not value:
        raise TidegaugeError(f"--tag: '{written:.60}' is not KEY=VALUE", "as in --tag Project=media")
    return key, value


def _print(document: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("what", overflow="fold")
    for heading in ("billed", "expected", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("because", overflow="fold")
    lines = [line for line in document["lines"] if Fraction(line["billed"]) or Fraction(line["expected"])]
    for line in lines:
        parts = line["parts"]
        alone = len(parts) == 1
        because = "; ".join(
            f"{part['cause']}{'' if alone else ' ' + _dollars(part['amount'])}: {part['message']}"
            for part in parts
        )
        amounts = (_dollars(line[key]) for key in ("billed", "expected", "difference"))
        table.add_row(printable(_named(line)), *amounts, printable(because))
    totals = (_dollars(document[key]) for key in ("bill_total", "expected_total", "difference"))
    table.add_row("total", *totals, "", style="bold")
    people.print(table)
    if len(lines) < len(document["lines"]):
        say(
            f"lines of nothing billed and nothing expected, see --json: {len(document['lines']) - len(lines)}"
        )
    _print_unmapped(document)
    _print_bill(document)
    _print_verdict(document)


def _named(line: Mapping[str, Any]) -> str:
    inside = ", ".join(line["attributes"].values())
    return " ".join(part for part in (line["service"], line["unit"], f"({inside})" if inside else "") if part)


def _print_unmapped(document: Mapping[str, Any]) -> None:
    charged = [each for each in document["unmapped"] if Fraction(each["billed"])]
    charged.sort(key=lambda each: -abs(Fraction(each["billed"])))
    for each in charged[:SHOWN_UNMAPPED]:
        say(f"unmapped: {each['service']} {each['usage_type']}, {_dollars(each['billed'])}: {each['why']}")
    if len(charged) > SHOWN_UNMAPPED:
        say(f"unmapped: {len(charged) - SHOWN_UNMAPPED} more of smaller amounts, see --json")


def _print_bill(document: Mapping[str, Any]) -> None:
    bill, period = document["bill"], document["period"]
    files = things(Fraction(len(bill["files"])), "file")
    month = f"{period['start'][:10]} to {period['end'][:10]}"
    say(f"{bill['format']}, {month}, {files}: {_dollars(bill['total'])}")
    for each in bill["left_out"]:
        say(f"left out: {each['rows']:,} rows of {_dollars(each['amount'])}, {each['why']}")
    for sentence in (*bill["ignored"], *document["notes"]):
        say(f"note: {sentence}")
    for sentence in document["unpriced"]:
        say(f"no price: {sentence}")


def _print_verdict(document: Mapping[str, Any]) -> None:
    for cause, amount in document["causes"].items():
        say(f"{_dollars(amount):>14}  {cause}")
    deviation = document["deviation"]
    shown = "nothing comparable was billed" if deviation is None else f"{float(deviation):.1%} of the bill"
    within = "within" if document["within_tolerance"] else "outside"
    say(
        f"unexplained: {_dollars(document['unexplained'])}, {shown}: {within} the tolerance of "
        f"{float(document['tolerance']):.0%}"
    )
    for sentence in document["doubts"]:
        say(f"in doubt: {sentence}")


def _dollars(amount: str) -> str:
    return usd(Fraction(amount))
