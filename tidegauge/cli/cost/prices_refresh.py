"""`tidegauge cost prices refresh`: a new price book made from AWS's price list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import click

from tidegauge.aws.clients import PRICES, Clients, aws_errors
from tidegauge.cli.cost.options import prices_option
from tidegauge.cli.output import json_option, print_json, say
from tidegauge.collect.prices.fetch import gather_offers
from tidegauge.collect.prices.offer_map import (
    find_wanted,
    match_offers,
    new_list_units,
    shares,
)
from tidegauge.collect.prices.offers import Offer
from tidegauge.collect.prices.packaged import (
    packaged_regions,
    parse_book,
    read_offer_map,
    read_prices_document,
)
from tidegauge.cost.price_book import parse_price_book
from tidegauge.cost.price_refresh import Change, Refresh, change_rows, refresh_book
from tidegauge.cost.prices import label
from tidegauge.cost.words import things
from tidegauge.errors import TidegaugeError
from tidegauge.stack import DEFAULT_REGION

PRICING_API_REGION = "us-east-1"  # has the prices of all regions; not every region has the API
FATES = {
    "same": "as before",
    "changed": "changed",
    "added": "new in the book",
    "kept": "in no offer, kept with their old date",
    "unread": "not read, kept with their old date",
    "vanished": "no longer in their offer, kept with their old date: check them",
    "unclear": "not clear from their offer, kept with their old date: check them",
    "left_out": "not known for this region, left out",
}


@click.command(name="refresh")
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="The region whose prices are read.")
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder of offer files (index.csv or index.json, under any name) or GetProducts replies.",
)
@click.option("--pricing-api", is_flag=True, help="Ask pricing:GetProducts, with the credentials at hand.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write the new book here.")
@prices_option
@json_option
def refresh_command(
    region: str,
    folder: Path | None,
    pricing_api: bool,
    out: Path | None,
    prices_file: Path | None,
    as_json: bool,
) -> int:
    """Make a new price book from AWS's price list, and say what changed against the old one.

    The public offer files need no credentials; EC2's is some 300 MB. Without --out nothing is written. What
    the list does not carry (flat-rate plans, free units) keeps its old date, and is named. In a region
    that has no book yet, such prices are left out: they then block the totals that need them.

    \b
    Example: tidegauge cost prices refresh --out prices.json
             tidegauge cost price USAGE.json --prices prices.json
    """
    if folder is not None and pricing_api:
        raise TidegaugeError("--from and --pricing-api exclude each other", "give one of them, or neither")
    if out is not None and out.exists():
        raise TidegaugeError(f"{out} exists already", "name a new file; a price book is not overwritten")
    offer_map = read_offer_map()
    base = region if prices_file or region in packaged_regions() else DEFAULT_REGION
    document = read_prices_document(base, prices_file)
    wanted = find_wanted(offer_map, parse_book(document, prices_file).prices, region)
    client = None
    if pricing_api:
        with aws_errors("the pricing API cannot be asked", "docs/cost.md"):
            client = Clients(PRICES).of("pricing", PRICING_API_REGION)
    offers = gather_offers(wanted, region, folder=folder, client=client, say=say)
    refresh = refresh_book(
        json.loads(document),
        match_offers(wanted, offers, offer_map, region),
        region=region,
        everywhere={(each.service, each.unit) for each in offer_map.everywhere},
        new=new_list_units(offer_map),
        shares=shares(offer_map),
    )
    _report(refresh, offers, out, as_json)
    return 0


def _report(refresh: Refresh, offers: Sequence[Offer], out: Path | None, as_json: bool) -> None:
    text = json.dumps(refresh.document, indent=1, ensure_ascii=False) + "\n"
    parse_price_book(text)  # a book that could not be read again is never written
    if out is not None:
        _write(out, text)
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "region": refresh.document["region"],
                "out": None if out is None else str(out),
                "offers": {offer.code: offer.published for offer in offers},
                "counts": dict(Counter(change.fate for change in refresh.changes)),
                "changes": change_rows([change for change in refresh.changes if change.fate != "same"]),
            }
        )
        return
    _print_changes(refresh.changes)
    say("nothing was written: give --out FILE" if out is None else f"the new price book is {out}")


def _write(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise TidegaugeError(f"{out} cannot be written: {error.strerror}", "check the path") from None


def _print_changes(changes: Sequence[Change]) -> None:
    for fate, words in FATES.items():
        of_fate = [change for change in changes if change.fate == fate]
        if of_fate:
            say(f"{len(of_fate)} {words}")
        for why, number in Counter(change.why for change in of_fate if fate == "unread").items():
            say(f"  {things(Fraction(number), 'price')}: {why}")
        for change in of_fate if fate not in ("same", "unread") else ():
            moved = "" if change.relative is None else f" ({float(change.relative):+.1%})"
            values = f"{change.old or '–'} -> {change.new or '–'}{moved}" if change.old != change.new else ""
            detail = "; ".join(part for part in (values, change.why) if part)
            say(f"  {label(*change.key)}: {detail}")
