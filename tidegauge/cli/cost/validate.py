"""`tidegauge cost validate`: an estimate audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from tidegauge.cli.cost.options import prices_option
from tidegauge.cli.cost.tables import print_what_ifs
from tidegauge.cli.numbers import FiniteRange
from tidegauge.cli.output import json_option, people, print_json, printable, say
from tidegauge.cli.paths import InputFile
from tidegauge.cost.bill import PRICE_AGE_DAYS_MAX
from tidegauge.cost_record import DOUBT
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode
from tidegauge.results.audit import audit_estimate


@click.command(name="validate")
@click.argument("estimate", metavar="ESTIMATE.toml", type=InputFile())
@click.option(
    "--template",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of CloudFormation templates that is held against; default: the estimate's architecture.",
)
@click.option(
    "--run",
    "run_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="A run whose usage, scaled to the scenario, is held against too; its report then shows the audit.",
)
@click.option(
    "--tolerance",
    type=FiniteRange(0),
    help="The deviation up to which the exit code is 0; default: the estimate's.",
)
@click.option(
    "--max-age-days",
    default=PRICE_AGE_DAYS_MAX,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="Name prices that are older than this.",
)
@prices_option
@json_option
def validate_command(
    estimate: Path,
    template: Path | None,
    run_dir: Path | None,
    tolerance: float | None,
    max_age_days: int,
    prices_file: Path | None,
    as_json: bool,
) -> int:
    """Audit a cost estimate: its arithmetic and units, the price book, the architecture, a run.

    Each line is corrected by the best evidence there is: what the templates hold, what the run measured,
    what the scenario makes; else its own quantity at the book's price. Then comes what has no line at all.
    Volume tiers and free units count at the month's scale. Then come what-ifs: what other terms would save.
    What is billed without a known price or quantity is listed, and makes the total the least that it costs.
    Exit code 10 when the total deviates by more than the tolerance, 11 when it does not but is such a least.

    \b
    Example: tidegauge cost validate infra_under_test/estimates/seed.toml   (it comes with Tidegauge)
             tidegauge cost validate ESTIMATE.toml --template cloudformation --run runs/launch-day
    """
    document = audit_estimate(
        estimate,
        template=template,
        run_dir=run_dir,
        tolerance=tolerance,
        max_age_days=max_age_days,
        prices_file=prices_file,
    )
    if as_json:
        print_json(document)
    else:
        print_audit(document)
    if run_dir is not None:
        say(f"the run's report shows it after: tidegauge report {run_dir}")
    if document["corrected_total"] is None:
        return ExitCode.USAGE
    if not document["within_tolerance"]:
        return ExitCode.FAIL
    return ExitCode.PASS if document["complete"] else ExitCode.INCONCLUSIVE


def print_audit(document: Mapping[str, Any]) -> None:
    """An audit for people."""
    table = Table(box=None, pad_edge=False)
    table.add_column("line", overflow="fold")
    for heading in ("estimate", "corrected", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("by")
    for line in document["lines"]:
        table.add_row(
            printable(line["id"]),
            *(_dollars(line[key]) for key in ("estimate", "corrected", "difference")),
            line["basis"],
        )
    for each in document["absent"]:
        if each["amount"] is not None and Decimal(each["amount"]):
            named = printable(f"absent: {each['service']} ({each['resource'] or 'measured'})")
            table.add_row(named, "", _dollars(each["amount"]), _dollars(each["amount"]), "")
    totals = (document["estimate_total"], document["corrected_total"])
    named = "total" if document["complete"] else "total, at least"
    table.add_row(named, *(_dollars(total) for total in totals), "", "", style="bold")
    people.print(table)
    for line in document["lines"]:
        _print_findings(line["id"], line["findings"])
    _print_findings("the whole", document["findings"])
    for claim in document["claims"]:
        _print_findings(f"“{claim['text']}”", claim["findings"])
    print_what_ifs(document)
    _print_unknown(document)
    _print_totals(document)


def _print_findings(title: str, findings: Sequence[Mapping[str, str]]) -> None:
    if findings:
        say(printable(title))
    for finding in findings:
        say(printable(f"  - {finding['message']}"))


def _print_unknown(document: Mapping[str, Any]) -> None:
    if document["unpriced"]:
        say("billed, but not priced")
    alike: dict[tuple[str, str], list[str]] = {}
    for each in document["unpriced"]:
        named = ".".join(part for part in (each["resource"], each["property"]) if part)
        alike.setdefault((each["type"], each["reason"]), []).append(named)
    for (kind, reason), names in alike.items():
        say(printable(f"  - {', '.join(names)} ({kind}): {reason}"))
    for sentence in document["old_prices"]:
        say(f"old price: {sentence}")
    _print_unsure(document)


def _print_unsure(document: Mapping[str, Any]) -> None:
    """Which prices of the corrected month are not official."""
    rows = [row for each in (*document["lines"], *document["absent"]) for row in each["priced"]]
    for confidence, word in DOUBT.items():
        unsure = [row for row in rows if row["confidence"] == confidence and Decimal(row["amount"])]
        names = dict.fromkeys(f"{row['service']} {row['unit']}" for row in unsure)
        if names:
            say(printable(f"{word} prices: {', '.join(names)}"))


def _print_totals(document: Mapping[str, Any]) -> None:
    if document["corrected_total"] is None:
        say("the corrected total is not known: see what has no price above")
        return
    engines = {"redis_oss": "Redis OSS", "valkey": "Valkey"}
    known = {engines[name]: total for name, total in document["totals"].items() if total is not None}
    on = ", ".join(f"{_dollars(total)} on {engine}" for engine, total in known.items())
    within = "within" if document["within_tolerance"] else "outside"
    least = "" if document["complete"] else "at least "
    deviation = document["deviation"]
    off = "for what costs nothing" if deviation is None else f"off by {float(deviation):.1%}"
    say(
        f"estimate {_dollars(document['estimate_total'])}, corrected "
        f"{least}{_dollars(document['corrected_total'])} a month ({on}): {off}, "
        f"{within} the tolerance of {float(document['tolerance']):.0%}"
    )


def _dollars(amount: str | None) -> str:
    return "unknown" if amount is None else usd(Fraction(amount))
