"""A new price book out of an old one and of what is offered now."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.offered import Key, ListUnit, NotOffered, Offered, OfferedTier, Share
from tidegauge.cost.price_refresh import Refresh, change_rows, refresh_book

GB = 2**30
OLD: dict[str, Any] = {
    "schema_version": 1,
    "region": "us-east-1",
    "currency": "USD",
    "hours_per_month": "730",
    "sources": {"X": {"title": "an old list", "date": "2024-07"}, "Y": {"title": "a guess", "date": None}},
    "free_pools": [{"name": "pool", "quantity": "100", "sources": ["X"], "confidence": "H"}],
    "prices": [
        {"service": "a", "unit": "second", "attributes": {}, "price": "0.04", "per": "3600",
         "list_unit": "hour", "sources": ["X"], "confidence": "H", "note": "per task"},
        {"service": "a", "unit": "trace", "attributes": {"k": "v"}, "price": "5", "per": "1000000",
         "list_unit": "1M", "free_pool": "pool", "sources": ["Y"], "confidence": "L", "note": "assumed"},
        {"service": "b", "unit": "plan", "attributes": {}, "price": "15", "per": "1", "list_unit": "plan",
         "sources": ["Y"], "confidence": "M"},
    ],
}  # fmt: skip
SECOND: Key = ("a", "second", ())
TRACE: Key = ("a", "trace", (("k", "v"),))
PLAN: Key = ("b", "plan", ())


def offer(*tiers: tuple[int | None, str], sku: str = "SKU1") -> Offered:
    return Offered(
        tiers=tuple(
            OfferedTier(up_to=None if end is None else Decimal(end), usd_per_unit=Fraction(usd))
            for end, usd in tiers
        ),
        offer="AmazonA",
        sku=sku,
        published="2026-11-02",
    )


def refreshed(answers: dict[Key, Offered | NotOffered], **changes: Any) -> Refresh:
    options: dict[str, Any] = {"region": "us-east-1", "everywhere": set(), "new": {}, "shares": {}}
    return refresh_book(OLD, answers, **(options | changes))


def row(refresh: Refresh, key: Key) -> dict[str, Any]:
    found: dict[str, Any] = next(
        row for row in refresh.document["prices"] if (row["service"], row["unit"]) == key[:2]
    )
    return found


def fates(refresh: Refresh) -> dict[Key, str]:
    return {change.key: change.fate for change in refresh.changes}


def test_an_offered_price_takes_the_offers_day_and_sku_and_is_official() -> None:
    refresh = refreshed({SECOND: offer((None, "0.00001"))})
    new = row(refresh, SECOND)
    assert refresh.document["sources"][new["sources"][0]] == {
        "title": "AWS price list AmazonA, SKU SKU1",
        "date": "2026-11-02",
    }
    assert (new["confidence"], new["note"]) == ("H", "per task")


def test_a_price_a_unit_becomes_the_price_a_list_unit() -> None:
    hourly = Offered(
        tiers=(OfferedTier(up_to=None, usd_per_unit=Fraction("0.041") / 3600),),
        offer="AmazonA",
        sku="S",
        published="2026-11-02",
    )
    refresh = refreshed({SECOND: hourly})
    assert row(refresh, SECOND)["price"] == "0.041"
    change = next(change for change in refresh.changes if change.key == SECOND)
    assert (change.old, change.new, change.relative) == ("0.04", "0.041", Fraction(1, 40))  # +2.5 %


def test_a_price_that_no_offer_carries_keeps_its_day_and_is_named() -> None:
    refresh = refreshed({})
    assert row(refresh, PLAN) == OLD["prices"][2]
    assert fates(refresh) == {SECOND: "kept", TRACE: "kept", PLAN: "kept"}


def test_a_price_that_vanished_from_its_offer_stays_at_its_old_day() -> None:
    refresh = refreshed({SECOND: NotOffered(kind="vanished", why="AmazonA of 2026-11-02 has no X")})
    assert row(refresh, SECOND)["sources"] == ["X"]
    assert change_rows(refresh.changes)[0] == {
        "service": "a", "unit": "second", "attributes": {}, "fate": "vanished", "old": "0.04", "new": "0.04",
        "relative": 0.0, "why": "AmazonA of 2026-11-02 has no X",
    }  # fmt: skip


def test_an_unchanged_price_is_as_before_and_younger() -> None:
    refresh = refreshed({TRACE: offer((None, "0.000005"))})
    assert fates(refresh)[TRACE] == "same"
    assert "note" not in row(refresh, TRACE)  # it spoke of an assumption, and this is the price


def test_free_units_at_the_start_are_no_tier_of_the_book() -> None:
    refresh = refreshed({TRACE: offer((100, "0"), (None, "0.000005"))})
    assert (row(refresh, TRACE)["price"], fates(refresh)[TRACE]) == ("5", "same")
    other = refreshed({TRACE: offer((500, "0"), (None, "0.000005"))})
    assert "500 units a month for nothing; this book takes off 100" in row(other, TRACE)["note"]


def test_tiers_are_written_with_their_ends() -> None:
    refresh = refreshed({TRACE: offer((2_000_000, "0.000005"), (None, "0.000004"))})
    assert row(refresh, TRACE)["tiers"] == [
        {"name": "up to 2 × 1M", "up_to": "2000000", "price": "5"},
        {"name": "the rest", "up_to": None, "price": "4"},
    ]
    assert fates(refresh)[TRACE] == "changed"


def test_another_regions_book_starts_without_prices_that_are_not_offered_there() -> None:
    refresh = refreshed({SECOND: offer((None, "0.00001"))}, region="eu-west-1", everywhere={PLAN[:2]})
    assert refresh.document["region"] == "eu-west-1"
    assert [row["unit"] for row in refresh.document["prices"]] == ["second", "plan"]
    assert fates(refresh) == {SECOND: "added", TRACE: "left_out", PLAN: "kept"}


def test_a_price_new_to_the_book_is_added_with_the_list_unit_of_its_rule() -> None:
    new: Key = ("c", "request", (("arch", "arm"),))
    refresh = refreshed({new: offer((None, "0.0000002"))}, new={new: ListUnit(per=10**6, name="1M requests")})
    added = row(refresh, new)
    assert (added["price"], added["per"], added["list_unit"]) == ("0.2", "1000000", "1M requests")
    assert fates(refresh)[new] == "added"


def test_a_share_of_an_offered_price_follows_it_and_stays_an_assumption() -> None:
    refresh = refreshed(
        {SECOND: offer((None, "0.00001"))}, shares={TRACE: Share(of=SECOND, factor=Fraction("0.3"))}
    )
    new = row(refresh, TRACE)
    assert (new["price"], new["confidence"], new["note"]) == ("3", "L", "assumed")  # .3 x .00001 x 1M
    assert refresh.document["sources"][new["sources"][0]]["date"] == "2026-11-02"
    assert fates(refresh)[TRACE] == "changed"
    assert fates(refreshed({}, shares={TRACE: Share(of=SECOND, factor=Fraction("0.3"))}))[TRACE] == "kept"
