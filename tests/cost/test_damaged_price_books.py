from __future__ import annotations

import json
from typing import Any

import pytest

from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.price_book import parse_price_book
from tidegauge.errors import TidegaugeError

ROW = {"service": "a", "unit": "b", "attributes": {}, "price": "1", "per": "1", "list_unit": "b",
       "sources": ["X"], "confidence": "H"}  # fmt: skip
TIERED = {key: value for key, value in ROW.items() if key != "price"}


def book(*rows: Any, **changes: Any) -> str:
    legal = {"schema_version": 1, "region": "r", "currency": "USD", "hours_per_month": "730",
             "free_pools": [], "sources": {"X": {"title": "x", "date": None}}, "prices": [*rows]}  # fmt: skip
    return json.dumps(legal | changes)


def test_a_small_book_is_read() -> None:
    price = parse_price_book(book(ROW)).find("a", "b", {})
    assert price is not None
    assert price.origin.price_date is None


def test_there_are_no_prices_of_an_unknown_region() -> None:
    with pytest.raises(TidegaugeError) as caught:
        read_prices("us-east-2")
    assert caught.value.hint == "did you mean 'us-east-1'?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "'schema_version' is missing"),
        (book(schema_version=2), "schema_version 2"),
        (book(ROW, ROW), "listed twice"),
        (book(ROW | {"price": 0.1}), "write it as a string"),
        (book(ROW | {"price": "-1"}), "not an amount"),
        (book(ROW | {"price": "NaN"}), "not an amount"),
        (book(ROW | {"price": "1E999999999"}), "not an amount"),
        (book(ROW | {"service": ["a"]}), "is not text"),
        (book(ROW | {"attributes": {"k": 1}}), "is not text"),
        (book(ROW | {"list_unit": None}), "is not text"),
        (book(ROW, region=1), "is not text"),
        (book(ROW, currency="CNY"), "not USD"),
        (book(ROW, hours_per_month="0"), "0 hours"),
        (book(ROW, sources={"X": {"title": "x", "date": "2024-13"}}), "month"),
        (book(ROW, sources={"X": {"title": "x", "date": "lately"}}), "isoformat"),
        (book(ROW | {"per": "0"}), "not a whole number"),
        (book(ROW | {"per": "2.5"}), "not a whole number"),
        (book(ROW | {"confidence": "?"}), "confidence"),
        (book(ROW | {"sources": ["Y"]}), "'Y' is missing"),
        (book(ROW | {"free_pool": "p"}), "free pool 'p'"),
        (book(TIERED | {"tiers": [{"name": "t", "up_to": "5", "price": "1"}]}), "open end"),
        (
            book(TIERED | {"tiers": [{"name": "t", "up_to": end, "price": "1"} for end in ("5", "4", None)]}),
            "open end",
        ),
    ],
)
def test_a_damaged_book_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(TidegaugeError) as caught:
        parse_price_book(text)
    assert message in caught.value.message
