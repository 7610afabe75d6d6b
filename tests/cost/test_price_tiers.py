from __future__ import annotations

from decimal import Decimal

import pytest
from cost_builders import BOOK, TB, item, marginal, month, total, usage

from tidegauge.cost.line_rows import priced_document
from tidegauge.cost.lines import price_usage
from tidegauge.errors import TidegaugeError

US = {"geo": "us"}


def test_ten_terabytes_stay_in_the_first_tier_and_one_byte_more_does_not() -> None:
    at_the_end = month(item("cloudfront", "egress_byte", 10 * TB, US))
    beyond = month(item("cloudfront", "egress_byte", 10 * TB + 1, US))
    assert [line.tier for line in at_the_end.lines] == ["first 10 TB"]
    assert [(line.tier, line.quantity) for line in beyond.lines] == [
        ("first 10 TB", Decimal(10 * TB)),
        ("next 40 TB", Decimal(1)),
    ]


def test_six_petabytes_reach_every_tier() -> None:
    bill = month(item("cloudfront", "egress_byte", 6 * 1024 * TB, US))
    # GB: 10,240 x .085 + 40,960 x .08 + 102,400 x .06 + 358,400 x .04 + 536,576 x .03
    #     + 4,194,304 x .025 + 1,048,576 x .02
    # = 870.40 + 3,276.80 + 6,144 + 14,336 + 16,097.28 + 104,857.60 + 20,971.52
    assert total(bill) == Decimal("166553.60")
    assert len(bill.lines) == 7


def test_the_api_gateway_discount_starts_after_300_million() -> None:
    bill = month(item("apigateway", "http_request", 300_000_001))
    assert total(bill) == Decimal("300.0000009")  # 300 x 1.00 + 0.90 / 1,000,000


def test_marginal_cost_stays_at_the_first_tier() -> None:
    # 20,480 GB x 0.085
    assert total(marginal(item("cloudfront", "egress_byte", 20 * TB, US))) == Decimal("1740.8")


def test_the_free_terabyte_fills_the_beginning_of_the_first_tier() -> None:
    bill = month(item("cloudfront", "egress_byte", 11 * TB, US), free_tier=True)
    # 1 TB free, 9,216 GB x 0.085 = 783.36, 1,024 GB x 0.080 = 81.92
    assert [line.tier for line in bill.lines] == ["free", "first 10 TB", "next 40 TB"]
    assert total(bill) == Decimal("865.28")


def test_http_and_https_requests_share_ten_million_free_ones() -> None:
    bill = month(
        item("cloudfront", "https_request", 9_000_000, US),
        item("cloudfront", "http_request", 3_000_000, US),
        free_tier=True,
    )
    assert total(bill) == Decimal("1.5")  # 2M HTTP at 0.0075 per 10,000


def test_no_usage_is_a_line_of_zero() -> None:
    bill = month(item("sqs", "fifo_request", 0))
    assert [(line.quantity, line.amount) for line in bill.lines] == [(Decimal(0), Decimal(0))]


def test_sixty_decimals_of_a_quantity_survive_the_tiers() -> None:
    many = "10995116277760." + "0" * 59 + "1"
    bill = month(item("cloudfront", "egress_byte", many, US))
    assert bill.lines[1].quantity == Decimal("1E-60")


def test_marginal_cost_refuses_a_free_tier() -> None:
    with pytest.raises(TidegaugeError, match="no free tier"):
        price_usage(usage(), BOOK, marginal=True, free_tier=True)


def test_a_missing_price_makes_the_total_null() -> None:
    bill = marginal(item("sqs", "fifo_request", 10), item("cloudfront", "https_requests", 10, US))
    shown = priced_document(bill)
    assert shown["total"] is None
    assert bill.missing[0].hint == "did you mean 'https_request'?"
    assert len(bill.lines) == 1


@pytest.mark.parametrize(
    ("service", "unit", "attributes", "reason", "hint"),
    [
        ("cloudfrnt", "https_request", US, "no service 'cloudfrnt'", "'cloudfront'"),
        ("s3", "put_request", {}, "no s3 put_request with no attributes", "known:"),
        ("s3", "put_request", {"storage_class": "standrd"}, "standrd", "standard"),
        ("sqs", "fifo_request", {"queue": "q"}, "no sqs fifo_request with", "no attributes"),
    ],
)
def test_what_has_no_price_is_named_with_the_nearest_known_one(
    service: str, unit: str, attributes: dict[str, str], reason: str, hint: str
) -> None:
    missing = marginal(item(service, unit, 1, attributes)).missing[0]
    assert reason in missing.reason
    assert hint in missing.hint


def test_usage_of_another_region_is_refused() -> None:
    with pytest.raises(TidegaugeError, match="eu-west-1"):
        price_usage(type(usage())(region="eu-west-1", window_s=Decimal(1), items=()), BOOK, marginal=True)


def test_a_provisioned_table_is_covered_and_has_no_price_of_zero() -> None:
    reads = item("dynamodb", "read_request_unit", 5, {"table": "ShareLinks"})
    bill = price_usage(usage(reads), BOOK, marginal=True, provisioned_tables=["ShareLinks"])
    assert bill.lines == ()
    assert bill.covered[0].item == reads
    shown = priced_document(bill)["covered_by_fixed"]
    assert isinstance(shown, list)
    assert "fixed cost" in shown[0]["reason"]


def test_storage_of_a_provisioned_table_is_still_billed() -> None:
    stored = item("dynamodb", "storage_byte_month", 2**30, {"table": "ShareLinks"})
    bill = price_usage(usage(stored), BOOK, marginal=True, provisioned_tables=["ShareLinks"])
    assert total(bill) == Decimal("0.25")


def test_a_line_carries_price_date_source_and_exact_strings() -> None:
    shown = priced_document(marginal(item("cloudfront", "https_request", 85000, US)))
    lines = shown["lines"]
    assert isinstance(lines, list)
    assert {key: lines[0][key] for key in ("quantity", "price", "amount", "price_date", "tier", "flow")} == {
        "quantity": "85000",
        "price": "0.000001",
        "amount": "0.085",
        "price_date": "2026-09-29",
        "tier": "all",
        "flow": "view",
    }
    assert shown["total"] == "0.085"
