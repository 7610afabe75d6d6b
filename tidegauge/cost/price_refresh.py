"""A new price book from an old one and what a price list offers now, and what became of each price."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.offered import Key, ListUnit, NotOffered, Offered, OfferedTier, Share
from tidegauge.cost.prices import sorted_attributes

Fate = Literal["same", "changed", "added", "kept", "unread", "vanished", "unclear", "left_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one price."""

    key: Key
    fate: Fate
    old: str | None  # the first tier's list price, USD; null where there was none
    new: str | None
    why: str = ""

    @property
    def relative(self) -> Fraction | None:
        """New over old less one; null where one of them is not known or the old one is 0."""
        if self.old is None or self.new is None or not Fraction(self.old):
            return None
        return Fraction(self.new) / Fraction(self.old) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """A new book, as its document, and what became of every price."""

    document: dict[str, Any]
    changes: tuple[Change, ...]


def refresh_book(
    old: Mapping[str, Any],
    answers: Mapping[Key, Offered | NotOffered],
    *,
    region: str,
    everywhere: Collection[tuple[str, str]],
    new: Mapping[Key, ListUnit],
    shares: Mapping[Key, Share],
) -> Refresh:
    """The book `old` (a document that `parse_price_book` took) with what the price list offers in `region`.

    A price that the list does not carry keeps its old date; where `old` is the book of another region, it is
    left out instead, unless its (service, unit) is of `everywhere`: prices there say nothing about here.
    `shares` are assumed to be parts of offered prices, and follow them.
    """
    here = old["region"] == region
    pools = {pool["name"]: Decimal(pool["quantity"]) for pool in old["free_pools"]}
    known = {_key(row): row for row in old["prices"]}
    blank = {key: _blank(key, unit) for key, unit in new.items() if key not in known}
    rows: list[dict[str, Any]] = []
    changes: list[Change] = []
    for key, row in (known | blank).items():
        answer = answers.get(key)
        before = row if here and key in known else None
        base = answers.get(shares[key].of) if key in shares else None
        if isinstance(answer, Offered):
            refreshed, why = _refreshed(row, answer, pools)
            rows.append(refreshed)
            changes.append(_change(key, _fate(before, refreshed), before, refreshed, why))
        elif isinstance(base, Offered):
            refreshed = _as_share(row, base, shares[key].factor)
            rows.append(refreshed)
            why = f"assumed at {text(to_decimal(shares[key].factor))} x the offered price"
            changes.append(_change(key, _fate(before, refreshed), before, refreshed, why))
        elif key in known:
            stays = here or key[:2] in everywhere
            kind = answer.kind if answer else "kept"
            rows += [dict(row)] if stays else []
            why = answer.why if answer else "no offer carries it"
            changes.append(_change(key, kind if stays else "left_out", row, row if stays else None, why))
    offered = [answer for answer in answers.values() if isinstance(answer, Offered)]
    sources = dict(old["sources"]) | {_source_name(answer): _source(answer) for answer in offered}
    used = {name for row in (*rows, *old["free_pools"]) for name in row["sources"]}
    kept = {name: source for name, source in sources.items() if name in used}
    document = {**old, "region": region, "sources": kept, "prices": rows}
    return Refresh(document=document, changes=tuple(changes))


def _blank(key: Key, unit: ListUnit) -> dict[str, Any]:
    """A row without a price."""
    service, name, attributes = key
    row = {"service": service, "unit": name, "attributes": dict(attributes)}
    return row | {"per": str(unit.per), "list_unit": unit.name}


def _fate(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Fate:
    if before is None:
        return "added"
    return "same" if _written_tiers(before) == _written_tiers(after) else "changed"


def change_rows(changes: Collection[Change]) -> list[dict[str, object]]:
    """The changes as `cost prices refresh --json` prints them."""
    return [
        {
            "service": change.key[0],
            "unit": change.key[1],
            "attributes": dict(change.key[2]),
            "fate": change.fate,
            "old": change.old,
            "new": change.new,
            "relative": None if change.relative is None else float(change.relative),
            "why": change.why,
        }
        for change in changes
    ]


def _refreshed(
    row: Mapping[str, Any], offered: Offered, pools: Mapping[str, Decimal]
) -> tuple[dict[str, Any], str]:
    """The row at its offered price, and what it gives away that the book does not know."""
    free, paid = _without_free_start(offered.tiers)
    kept = {name: value for name, value in row.items() if name not in ("price", "tiers", "note")}
    written = _prices(paid, int(row["per"]), row)
    refreshed = {**kept, **written, "sources": [_source_name(offered)], "confidence": "H"}
    surplus = _free_note(free, pools.get(row.get("free_pool", ""), Decimal(0)))
    # A note on a price that was not official explains the doubt, which is over.
    notes = [row["note"]] if row.get("note") and row["confidence"] == "H" else []
    notes += [surplus] if surplus and surplus not in "".join(notes) else []
    if notes:
        refreshed["note"] = "; ".join(notes)
    return refreshed, surplus


def _as_share(row: Mapping[str, Any], base: Offered, factor: Fraction) -> dict[str, Any]:
    """The row at a share of another price: of that offer's day, and as unsure as it was."""
    tiers = tuple(replace(tier, usd_per_unit=tier.usd_per_unit * factor) for tier in base.tiers)
    kept = {name: value for name, value in row.items() if name not in ("price", "tiers")}
    return {**kept, **_prices(tiers, int(row["per"]), row), "sources": [_source_name(base)]}


def _free_note(offered: Decimal | None, taken_off: Decimal) -> str:
    if offered is None or offered == taken_off:
        return ""
    return f"the offer gives {text(offered)} units a month for nothing; this book takes off {text(taken_off)}"


def _without_free_start(tiers: tuple[OfferedTier, ...]) -> tuple[Decimal | None, tuple[OfferedTier, ...]]:
    """(how many units a month the list gives away, the tiers after them).

    Free units are a pool of their own in the book: a first tier at nothing would make every marginal cost 0.
    """
    if len(tiers) > 1 and not tiers[0].usd_per_unit:
        return tiers[0].up_to, tiers[1:]
    return None, tiers


def _prices(tiers: tuple[OfferedTier, ...], per: int, row: Mapping[str, Any]) -> dict[str, Any]:
    if len(tiers) == 1:
        return {"price": _list_price(tiers[0], per)}
    names = {tier["up_to"]: tier["name"] for tier in row.get("tiers", ())}
    written = []
    for tier in tiers:
        up_to = None if tier.up_to is None else text(tier.up_to)
        end = "the rest" if tier.up_to is None else f"up to {text(tier.up_to / per)} × {row['list_unit']}"
        written.append({"name": names.get(up_to, end), "up_to": up_to, "price": _list_price(tier, per)})
    return {"tiers": written}


def _list_price(tier: OfferedTier, per: int) -> str:
    return text(to_decimal(tier.usd_per_unit * per))


def _written_tiers(row: Mapping[str, Any]) -> list[tuple[Decimal | None, Decimal]]:
    if "tiers" not in row:
        return [(None, Decimal(row["price"]))]
    return [
        (None if tier["up_to"] is None else Decimal(tier["up_to"]), Decimal(tier["price"]))
        for tier in row["tiers"]
    ]


def _change(
    key: Key, fate: Fate, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, why: str
) -> Change:
    first = [text(_written_tiers(row)[0][1]) if row else None for row in (old, new)]
    return Change(key=key, fate=fate, old=first[0], new=first[1], why=why)


def _source_name(offered: Offered) -> str:
    return f"{offered.offer}/{offered.sku}"


def _source(offered: Offered) -> dict[str, str]:
    return {"title": f"AWS price list {offered.offer}, SKU {offered.sku}", "date": offered.published}


def _key(row: Mapping[str, Any]) -> Key:
    return row["service"], row["unit"], sorted_attributes(row["attributes"])
