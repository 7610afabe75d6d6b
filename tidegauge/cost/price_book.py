"""A price book from its JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from tidegauge.cost.prices import FreePool, Origin, Price, PriceBook, Tier, sorted_attributes
from tidegauge.errors import TidegaugeError

SCHEMA_VERSION = 1
CONFIDENCES = ("H", "M", "L")
CURRENCY = "USD"
DIGITS_MAX = 40  # 1E999999999 is a short text, and a number that would fill the memory
ONLY_TIER = "all"  # the tier's name where a price has a single one


def parse_price_book(document: str, source: str = "the price book") -> PriceBook:
    """The book in `document`, or an error (exit 2) that says what is wrong with it; `source` names it."""
    try:
        data = json.loads(document)
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version {data['schema_version']} is not {SCHEMA_VERSION}")
        return _book(data)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        detail = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise TidegaugeError(
            f"{source} cannot be read: {detail:.200}", "compare it with the one of us-east-1"
        ) from None


def _book(data: Mapping[str, Any]) -> PriceBook:
    sources = data["sources"]
    pools = {
        row["name"]: FreePool(
            name=_text(row["name"]),
            quantity=_amount(row["quantity"]),
            origin=_origin(row, sources),
            in_audits=_yes_or_no(row.get("in_audits", True)),
        )
        for row in data["free_pools"]
    }
    prices: dict[tuple[str, str, tuple[tuple[str, str], ...]], Price] = {}
    for row in data["prices"]:
        price = _price(row, sources, pools)
        key = (price.service, price.unit, price.attributes)
        if key in prices:
            raise ValueError(f"{price.service} {price.unit} is listed twice")
        prices[key] = price
    hours = _amount(data["hours_per_month"])
    if not hours:
        raise ValueError("a month has 0 hours")
    if data["currency"] != CURRENCY:
        raise ValueError(f"its currency is {data['currency']!r:.20}, not {CURRENCY}")
    return PriceBook(
        region=_text(data["region"]),
        currency=CURRENCY,
        hours_per_month=hours,
        prices=prices,
        free_pools=pools,
    )


def _price(row: Mapping[str, Any], sources: Mapping[str, Any], pools: Mapping[str, FreePool]) -> Price:
    pool = row.get("free_pool")
    if pool is not None and pool not in pools:
        raise ValueError(f"free pool '{pool}' of {row['service']} {row['unit']} is not listed")
    per = _amount(row["per"])
    if per < 1 or per != per.to_integral_value():
        raise ValueError(f"'per' of {row['service']} {row['unit']} is not a whole number")
    return Price(
        service=_text(row["service"]),
        unit=_text(row["unit"]),
        attributes=sorted_attributes({_text(key): _text(value) for key, value in row["attributes"].items()}),
        optional_attributes=tuple(map(_text, row.get("optional_attributes", ()))),
        tiers=_tiers(row),
        per=int(per),
        list_unit=_text(row["list_unit"]),
        free_pool=pool,
        origin=_origin(row, sources),
    )


def _tiers(row: Mapping[str, Any]) -> tuple[Tier, ...]:
    if "tiers" not in row:
        return (Tier(name=ONLY_TIER, up_to=None, list_price=_amount(row["price"])),)
    tiers = tuple(
        Tier(
            name=_text(tier["name"]),
            up_to=None if tier["up_to"] is None else _amount(tier["up_to"]),
            list_price=_amount(tier["price"]),
        )
        for tier in row["tiers"]
    )
    ends = [tier.up_to for tier in tiers]
    bounds = [end for end in ends if end is not None]
    if len(bounds) != len(ends) - 1 or ends[-1] is not None or bounds != sorted(set(bounds)):
        raise ValueError(f"the tiers of {row['service']} {row['unit']} do not rise to an open end")
    return tiers


def _origin(row: Mapping[str, Any], sources: Mapping[str, Any]) -> Origin:
    named = [sources[source] for source in row["sources"]]
    if row["confidence"] not in CONFIDENCES:
        raise ValueError(f"confidence '{row['confidence']}' is not one of {', '.join(CONFIDENCES)}")
    dates = [_day_or_month(source["date"]) for source in named if source["date"] is not None]
    return Origin(
        source="; ".join(_text(source["title"]) for source in named),
        price_date=max(dates, default=None),  # the latest source that still gives this price
        confidence=row["confidence"],
        note=_text(row.get("note", "")),
    )


def _text(written: object) -> str:
    if not isinstance(written, str):
        raise TypeError(f"{written!r:.60} is not text")
    return written


def _yes_or_no(written: object) -> bool:
    if not isinstance(written, bool):
        raise TypeError(f"{written!r:.60} is neither true nor false")
    return written


def _day_or_month(written: object) -> str:
    dated = _text(written)
    date.fromisoformat(f"{dated}-01" if len(dated) == len("2024-07") else dated)
    return dated


def _amount(written: str) -> Decimal:
    if not isinstance(written, str):  # a JSON number would have passed through binary floating point
        raise TypeError(f"{written!r} is written as a number; write it as a string")
    value = Decimal(written)
    if not value.is_finite() or value < 0 or abs(value.adjusted()) > DIGITS_MAX:
        raise ValueError(f"{written!r} is not an amount")
    return value
