"""`tidegauge cost what-if`: a month on other terms."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import click

from tidegauge.cli.cost.options import prices_option
from tidegauge.cli.cost.tables import print_what_ifs
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.cost.money import text
from tidegauge.cost.what_if.month import NOTES, Month
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode, TidegaugeError, nearest
from tidegauge.results.month import read_month, what_if_lists


@click.command(name="what-if")
@click.argument("usage", metavar="USAGE.json...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--month", is_flag=True, help="Scale the usage from its window to a month of 730 hours first.")
@click.option(
    "--note",
    "notes",
    metavar="NAME=NUMBER",
    multiple=True,
    help=f"A figure beside the usage; may be given again. Known: {', '.join(NOTES)}.",
)
@prices_option
@json_option
def what_if_command(
    usage: tuple[Path, ...], month: bool, notes: tuple[str, ...], prices_file: Path | None, as_json: bool
) -> int:
    """Say what other terms would save a month: plans, commitments, classes, engines, Spot, endpoints.

    Several files are one month. Every row is the whole month priced again, tiers and free units and all, so
    savings do not simply add up. Each says at which traffic both cost the same. The same month on
    Cloudflare's services stands below. A price that is missing makes the exit code 2.

    \b
    Example: tidegauge cost what-if runs/launch-day/usage.json --month
             tidegauge cost what-if month.json --note hit_ratio=0.92 --note spot_share=0.5
    """
    used, book = read_month(usage, month=month, prices_file=prices_file)
    asked = Month(usage=used, book=book, notes=dict(_note(each) for each in notes))
    total = asked.total()
    document = {
        "schema_version": 1,
        "currency": "USD",
        "total": None if total is None else text(total),
        **what_if_lists(asked),
    }
    if as_json:
        print_json(document)
    elif total is not None:
        print_what_ifs(document)
        say(f"the month as it is: {usd(total)}")
    if total is None:
        say("the month's total is not known: see `tidegauge cost price` for what has no price")
        return ExitCode.USAGE
    return ExitCode.PASS


def _note(written: str) -> tuple[str, Fraction]:
    name, _, number = written.partition("=")
    if name not in NOTES:
        raise TidegaugeError(f"--note: there is no figure '{name:.60}'", nearest(name, NOTES))
    try:
        value = Decimal(number)
    except ArithmeticError:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise TidegaugeError(f"--note {name}: '{number:.40}' is not a number from 0 up", f"as in {name}=0.5")
    return name, Fraction(value)
