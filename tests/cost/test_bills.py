"""Bills of a month: hand sums with volume tiers and free units, many usages as one, old prices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from cost_builders import BOOK, TB, item, usage

from tidegauge.collect.prices.packaged import read_prices_document
from tidegauge.cost.bill import Bill, add_up, make_bill, scale_to_month
from tidegauge.cost.price_book import parse_price_book
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage
from tidegauge.errors import TidegaugeError

US = {"geo": "us"}


def bill(
    of: Usage, *, today: date = date(2026, 11, 23), age_days_max: int = 365, book: PriceBook = BOOK
) -> Bill:
    return make_bill(of, book, today=today, free_tier=True, tiers=True, age_days_max=age_days_max)


def test_the_three_totals_of_twelve_terabytes() -> None:
    totals = bill(usage(item("cloudfront", "egress_byte", 12 * TB, US))).totals
    assert totals["list"] == Decimal("1044.48")  # 12 x 1,024 x 0.085
    assert totals["tiered"] == Decimal("1034.24")  # 10 x 1,024 x 0.085 + 2 x 1,024 x 0.080
    assert totals["tiered_free"] == Decimal("947.2")  # the first terabyte, 87.04, is free


def test_hours_of_usage_fill_the_tiers_of_one_month() -> None:
    hour = replace(usage(item("cloudfront", "egress_byte", TB, US, flow="view")), window_s=Decimal(3600))
    whole = add_up([hour] * 12)
    assert whole.window_s == 12 * 3600
    assert [each.quantity for each in whole.items] == [12 * TB]
    assert bill(whole).totals["tiered_free"] == Decimal("947.2")


def test_flows_stay_apart_when_usages_are_added_up() -> None:
    one = usage(item("sqs", "fifo_request", 3, flow="upload"), item("sqs", "fifo_request", 4, flow=None))
    two = usage(item("sqs", "fifo_request", "0.5", flow="upload"))
    assert [(each.flow, each.quantity) for each in add_up([one, two]).items] == [
        ("upload", Decimal("3.5")),
        (None, Decimal(4)),
    ]


def test_usage_of_two_regions_is_no_bill() -> None:
    with pytest.raises(TidegaugeError, match="eu-west-1, us-east-1"):
        add_up([usage(), replace(usage(), region="eu-west-1")])


def test_a_minute_scaled_to_a_month_is_43800_minutes() -> None:
    minute = usage(item("sqs", "fifo_request", 10))  # 730 h x 60
    assert scale_to_month(minute, BOOK).items[0].quantity == 438_000


def test_a_missing_price_leaves_no_total() -> None:
    assert set(bill(usage(item("sqs", "carrier_pigeon", 1))).totals.values()) == {None}


@pytest.mark.parametrize(
    ("today", "named"),
    [
        (date(2025, 7, 31), []),  # of July 2024: its last day is 365 days ago
        (date(2025, 8, 1), ["waf request: of 2024-07, more than 365 days ago"]),
    ],
)
def test_a_price_is_old_from_the_day_after_its_age(today: date, named: list[str]) -> None:
    assert list(bill(usage(item("waf", "request", 1)), today=today).old_prices) == named


def test_a_price_without_a_day_is_always_named() -> None:
    undated = json.loads(read_prices_document("us-east-1"))
    undated["sources"]["O"]["date"] = None
    book = parse_price_book(json.dumps(undated))
    assert bill(usage(item("lambda_edge", "gb_second", 1)), book=book).old_prices == (
        "lambda_edge gb_second: nobody recorded its day",
    )
