"""`tidegauge cost price`: usage turned into a bill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import click
from rich.table import Table

from tidegauge.cli.cost.options import prices_option
from tidegauge.cli.output import json_option, people, print_json, printable, say
from tidegauge.cost.bill import PRICE_AGE_DAYS_MAX, Bill, bill_document, make_bill
from tidegauge.cost.lines import MissingPrice
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.prices import label
from tidegauge.cost.usage import UsageItem
from tidegauge.dollars import usd
from tidegauge.errors import ExitCode
from tidegauge.results.month import read_month

TOTALS = {
    "list": "at every first tier, without free tier",
    "tiered": "with volume tiers",
    "tiered_free": "with volume tiers, less the free tier",
}


@click.command(name="price")
@click.argument("usage", metavar="USAGE.json...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--free-tier/--no-free-tier", default=True, show_default=True, help="Take off the month's free units."
)
@click.option(
    "--tiers/--no-tiers",
    default=True,
    show_default=True,
    help="Fill volume tiers over the month; without, every unit costs the first tier's list price.",
)
@click.option("--month", is_flag=True, help="Scale the usage from its window to a month of 730 hours first.")
@click.option(
    "--max-age-days",
    default=PRICE_AGE_DAYS_MAX,
    show_default=True,
    type=click.IntRange(0, 36_500),
    help="Name prices that are older than this under the total.",
)
@prices_option
@json_option
def price_command(
    usage: tuple[Path, ...],
    free_tier: bool,
    tiers: bool,
    month: bool,
    max_age_days: int,
    prices_file: Path | None,
    as_json: bool,
) -> int:
    """Turn usage into lines (service, unit, quantity, tier, price, amount) that sum exactly.

    Several files are one month: their quantities are added up before tiers and free units are applied. The
    totals under the other rules are shown beside. A price that is missing makes the total null and the exit
    code 2.

    \b
    Example: tidegauge cost price runs/launch-day/usage.json --month
             tidegauge cost price hours/*.json --no-free-tier --json
    """
    used, book = read_month(usage, month=month, prices_file=prices_file)
    bill = make_bill(
        used,
        book,
        today=datetime.now(UTC).date(),
        free_tier=free_tier and tiers,
        tiers=tiers,
        age_days_max=max_age_days,
    )
    if as_json:
        print_json(bill_document(bill))
    else:
        _print_bill(bill)
    for missing in bill.priced.missing:
        say(f"no price: {_place(missing, used.items)}{missing.reason}; {missing.hint}".rstrip("; "))
    return ExitCode.USAGE if bill.priced.missing else ExitCode.PASS


def _place(missing: MissingPrice, items: Sequence[UsageItem]) -> str:
    """File, line and key of the first item that has no price."""
    named = (missing.service, missing.unit, missing.attributes)
    found = (item.where for item in items if (item.service, item.unit, item.attributes) == named)
    where = next(found, None)
    return "" if where is None else f"{where}: "


def _print_bill(bill: Bill) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("tier", overflow="fold")
    for heading in ("quantity", "price", "amount"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in bill.priced.lines:
        table.add_row(
            printable(f"{line.item.flow or 'shared'}: {_unit_name(line.item)}"),
            line.tier,
            f"{to_decimal(Fraction(line.quantity) / line.per):,.6g}",
            f"${text(line.list_price)} / {line.list_unit}",
            usd(line.amount_exact),
        )
    people.print(table)
    for name, total in bill.totals.items():
        shown = "unknown" if total is None else usd(Fraction(total))
        mark = "→" if name == bill.rule else " "
        say(f"{mark} {shown:>14}  {TOTALS[name]}")
    for sentence in bill.old_prices:
        say(f"old price: {sentence}")
    for sentence in bill.unsure_prices:
        say(sentence)


def _unit_name(item: UsageItem) -> str:
    return label(item.service, item.unit, item.attributes)
