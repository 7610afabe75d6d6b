"""A bill: usage at its prices, what free and volume tiers took off, and which prices are old."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.doubts import doubts
from tidegauge.cost.line_rows import priced_document
from tidegauge.cost.lines import FREE_TIER, PricedLine, PricedUsage, price_usage
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.prices import PriceBook, label
from tidegauge.cost.usage import Usage, UsageItem
from tidegauge.errors import TidegaugeError

SECONDS_PER_HOUR = 3600
PRICE_AGE_DAYS_MAX = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Usage at the prices asked for, and its total under the other rules."""

    priced: PricedUsage
    rule: str  # the one of `totals` that `priced` follows
    totals: dict[str, Decimal | None]  # list, tiered, tiered_free: USD, None where a price is missing
    old_prices: tuple[str, ...]  # a sentence each
    unsure_prices: tuple[str, ...]  # a sentence each price that is assumed or unverified


def add_up(usages: Sequence[Usage]) -> Usage:
    """One usage of all: equal units of a flow are summed exactly, the windows follow each other."""
    regions = sorted({usage.region for usage in usages})
    if len(regions) != 1:
        raise TidegaugeError(
            f"the usage is of several regions: {', '.join(regions):.120}", "price each region by itself"
        )
    quantities: dict[UsageItem, Fraction] = {}
    for item in (item for usage in usages for item in usage.items):
        key = replace(item, quantity=Decimal(0))  # `where` takes no part: the first one stays
        quantities[key] = quantities.get(key, Fraction(0)) + Fraction(item.quantity)
    return Usage(
        region=regions[0],
        window_s=sum((usage.window_s for usage in usages), Decimal(0)),
        items=tuple(replace(item, quantity=to_decimal(sum_)) for item, sum_ in quantities.items()),
        unknown=tuple(dict.fromkeys(gap for usage in usages for gap in usage.unknown)),
        notes=tuple(dict.fromkeys(note for usage in usages for note in usage.notes)),
    )


def scale_to_month(usage: Usage, book: PriceBook) -> Usage:
    """`usage` going on for a month of the book's hours."""
    factor = Fraction(book.hours_per_month) * SECONDS_PER_HOUR / Fraction(usage.window_s)
    return replace(
        usage,
        window_s=to_decimal(Fraction(usage.window_s) * factor),
        items=tuple(
            replace(item, quantity=to_decimal(Fraction(item.quantity) * factor)) for item in usage.items
        ),
    )


def make_bill(
    usage: Usage, book: PriceBook, *, today: date, free_tier: bool, tiers: bool, age_days_max: int
) -> Bill:
    """The bill of `usage` as a month: with volume `tiers` or at each first tier, less `free_tier` or not."""
    by_rule = {
        "list": price_usage(usage, book, marginal=True),
        "tiered": price_usage(usage, book, marginal=False),
        "tiered_free": price_usage(usage, book, marginal=False, free_tier=True),
    }
    rule = "list" if not tiers else "tiered_free" if free_tier else "tiered"
    priced = by_rule[rule]
    return Bill(
        priced=priced,
        rule=rule,
        totals={name: each.total for name, each in by_rule.items()},
        old_prices=tuple(old_prices(priced, today, age_days_max)),
        unsure_prices=doubts(priced.lines),
    )


def bill_document(bill: Bill) -> dict[str, object]:
    """What `cost price --json` prints."""
    return {
        "schema_version": 1,
        "currency": "USD",
        **priced_document(bill.priced),
        "totals": {name: None if total is None else text(total) for name, total in bill.totals.items()},
        "old_prices": list(bill.old_prices),
        "unsure_prices": list(bill.unsure_prices),
    }


def old_prices(priced: PricedUsage, today: date, age_days_max: int) -> Iterable[str]:
    """A sentence a price that is older than `age_days_max`, or of no known day."""
    oldest = today - timedelta(days=age_days_max)
    for name, dated in sorted(_dates(priced)):
        if not dated:
            yield f"{name}: nobody recorded its day"
        elif _last_day(dated) < oldest:
            yield f"{name}: of {dated}, more than {age_days_max} days ago"


def _dates(priced: PricedUsage) -> Collection[tuple[str, str]]:
    """(what was priced, its date or nothing)."""
    return {(_name(line), line.origin.price_date or "") for line in priced.lines}


def _name(line: PricedLine) -> str:
    name = label(line.item.service, line.item.unit, line.item.attributes)
    return f"the free tier of {name}" if line.tier == FREE_TIER else name


def _last_day(dated: str) -> date:
    """The day, or the last one of a month: a price of 2024-07 may be as young as its 31st."""
    if len(dated) > len("2024-07"):
        return date.fromisoformat(dated)
    year, month = (int(part) for part in dated.split("-"))
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
