"""`tidegauge cost prices`: the price book shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.table import Table

from tidegauge.cli.cost.options import prices_option
from tidegauge.cli.cost.prices_refresh import refresh_command
from tidegauge.cli.output import json_option, people, print_json, printable
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.prices import list_legal
from tidegauge.errors import TidegaugeError
from tidegauge.stack import DEFAULT_REGION


def _show(region: str, service: str | None, prices_file: Path | None, as_json: bool) -> int:
    book = read_prices(region, prices_file)
    rows = [row for row in list_legal(book) if service in (None, row["service"])]
    if not rows:
        known = {str(row["service"]) for row in list_legal(book)}
        raise TidegaugeError(
            f"the price book has no service '{service}'", "known: " + ", ".join(sorted(known))
        )
    if as_json:
        print_json({"schema_version": 1, "region": book.region, "currency": book.currency, "prices": rows})
        return 0
    table = Table(box=None, pad_edge=False)
    for heading in ("service", "unit", "attributes", "USD", "a", "date", "source"):
        number = heading == "USD"  # a price is never cut short
        table.add_column(heading, justify="right" if number else "left", no_wrap=number)
    for row in rows:
        table.add_row(*map(printable, _shown(row)))
    people.print(table)
    return 0


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    tiers = row["tiers"]
    more = f" … {tiers[-1]['list_price']}" if len(tiers) > 1 else ""
    return (
        row["service"],
        row["unit"],
        " ".join(f"{key}={value}" for key, value in row["attributes"].items()),
        f"{row['list_price']}{more}",
        row["list_unit"],
        row["price_date"] or "undated",
        f"{row['confidence']}: {row['source']}",
    )


_show_once = json_option(_show)


@click.group(name="prices", invoke_without_command=True)
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="The region whose book is shown.")
@click.option("--service", help="Only the prices of this service.")
@prices_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout; all else on stderr."
)
@click.pass_context
def prices_group(
    context: click.Context, region: str, service: str | None, prices_file: Path | None, as_json: bool
) -> None:
    """List every legal (service, unit, attributes) with its price, tiers, free units, date and source.

    These names are what usage.json and estimates are written in. Confidence: H is official text or price-list
    data, M consistent secondary sources, L an unverified assumption.
    """
    if context.invoked_subcommand is None:
        _show_once(region=region, service=service, prices_file=prices_file, as_json=as_json)
    given = [
        name
        for name in context.params
        if context.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
    ]
    if given:
        raise click.UsageError(f"options of '{context.invoked_subcommand}' stand after it", context)


prices_group.add_command(refresh_command)
