"""How sentences say that a price is not official: assumed, or unverified."""

from __future__ import annotations

from collections.abc import Iterable

from tidegauge.cost.lines import FREE_TIER, PricedLine
from tidegauge.cost.prices import Origin, label
from tidegauge.cost_record import DOUBT, doubt, in_brackets

BASIS = {"M": "assumed, as consistent secondary sources have it", "L": "unverified"}


def in_words(origin: Origin) -> str:
    """`price list, 2026-09-25, H`, or `guides, 2026-09-25, M: assumed`."""
    named = f"{origin.source}, {origin.price_date or 'undated'}, {origin.confidence}"
    word = DOUBT.get(origin.confidence)
    return f"{named}: {word}" if word else named


def doubts(lines: Iterable[PricedLine]) -> tuple[str, ...]:
    """A sentence for each price and each free tier of `lines` that is not official, once."""
    return tuple(
        dict.fromkeys(doubt_of(_name(line), line.origin) for line in lines if line.origin.confidence in BASIS)
    )


def doubt_of(name: str, origin: Origin) -> str:
    """The sentence that `name` has a price which is not official."""
    return f"the price of {name} is {BASIS[origin.confidence]}: {origin.note or origin.source}"


def mark(lines: Iterable[PricedLine]) -> str:
    """What follows an amount in a sentence, by its least sure price: nothing or ` (assumed)`, say."""
    return in_brackets(doubt(line.origin.confidence for line in lines if line.quantity))


def _name(line: PricedLine) -> str:
    name = label(line.item.service, line.item.unit, line.item.attributes)
    return f"the free tier of {name}" if line.tier == FREE_TIER else name
