"""Tables that several verbs of `cost` print."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.table import Table

from tidegauge.cli.output import people, printable, say
from tidegauge.dollars import usd

SURE = {"H": "prices are official", "M": "some prices are assumed", "L": "some prices are unverified"}


def print_what_ifs(document: Mapping[str, Any]) -> None:
    """What other terms would save, for people."""
    if not document["what_ifs"]:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("what if", overflow="fold")
    table.add_column("saves a month", justify="right", no_wrap=True)
    table.add_column("sure", no_wrap=True)
    table.add_column("because", overflow="fold")
    for row in document["what_ifs"]:
        saved = row["saves_usd_per_month"]
        shown = "–" if saved is None else usd(Fraction(saved))
        table.add_row(printable(row["title"]), shown, row["confidence"], printable(row["message"]))
    people.print(table)
    for each in document["elsewhere"]:
        kept = sum(Decimal(row["there"]) for row in each["rows"] if row["fate"] == "kept")
        there, here = (usd(Fraction(each[side])) for side in ("there", "aws"))
        say(
            f"on {each['name']}: {there} instead of {here} a month, {usd(Fraction(kept))} of it for what "
            f"has no counterpart and stays; {SURE[each['confidence']]}; {'; '.join(each['assumptions'])}"
        )
