"""The seed's cost lines, corrected by hand from the published prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from cost_builders import BOOK, GB, TB, item, marginal, month, total

from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.prices import list_legal

X86 = {"arch": "x86", "capacity": "on_demand"}
US = {"geo": "us"}
STANDARD = {"storage_class": "standard"}


def test_two_api_tasks_cost_36_dollars_a_month() -> None:
    seconds = 2 * 730 * 3600
    # 2 (0.5 x 0.04048 + 1 x 0.004445) 730 = 2 x 0.024685 x 730
    bill = month(
        item("fargate", "vcpu_second", str(Decimal(seconds) / 2), X86),
        item("fargate", "gb_second", seconds, X86),
    )
    assert total(bill) == Decimal("36.0401")


def test_three_workers_for_300_hours_cost_88_dollars() -> None:
    seconds = 3 * 300 * 3600
    # 3 (2 x 0.04048 + 4 x 0.004445) 300 = 900 x 0.09874
    bill = month(
        item("fargate", "vcpu_second", 2 * seconds, X86), item("fargate", "gb_second", 4 * seconds, X86)
    )
    assert total(bill) == Decimal("88.866")


def test_worker_scratch_space_costs_8_dollars() -> None:
    # 3 x 80 GB x 300 h x 0.000111
    bill = month(item("fargate", "ephemeral_gb_second", 3 * 80 * 300 * 3600))
    assert total(bill) == Decimal("7.992")


def test_two_tebibytes_of_egress_cost_87_dollars_after_the_free_one() -> None:
    # (2,048 - 1,024) x 0.085
    bill = month(item("cloudfront", "egress_byte", 2 * TB, US), free_tier=True)
    assert total(bill) == Decimal("87.04")


def test_two_tebibytes_of_egress_cost_174_dollars_gross() -> None:
    # 2,048 x 0.085
    assert total(month(item("cloudfront", "egress_byte", 2 * TB, US))) == Decimal("174.08")


def test_seven_billion_gb_seconds_of_lambda_fill_two_tiers() -> None:
    # 6e9 x .0000166667 + 1e9 x .000015
    bill = month(item("lambda", "gb_second", 7_000_000_000, {"arch": "x86"}))
    assert total(bill) == Decimal("100000.2") + Decimal("15000")


def test_egress_from_the_region_is_dearer_than_from_the_edge_and_100_gb_are_free() -> None:
    # (10,240 - 100) x .09 + 1,024 x .085: free units fill the first tier's beginning
    out = item("data_transfer", "internet_byte", 11 * TB)
    assert total(month(out, free_tier=True)) == Decimal("912.6") + Decimal("87.04")


def test_600_tebibytes_of_storage_fill_three_tiers() -> None:
    # 51,200 x .023 + 460,800 x .022 + 102,400 x .021
    bill = month(item("s3", "storage_byte_month", 600 * TB, STANDARD))
    assert total(bill) == Decimal("1177.6") + Decimal("10137.6") + Decimal("2150.4")


def test_ten_million_https_requests_are_free_or_ten_dollars() -> None:
    requests = item("cloudfront", "https_request", 10_000_000, US)
    assert total(month(requests, free_tier=True)) == 0
    assert total(month(requests)) == Decimal("10")  # 1,000 x 0.0100


@pytest.mark.parametrize(
    ("service", "unit", "attributes", "quantity", "usd"),
    [
        ("s3", "get_request", STANDARD, 5_000_000, "2"),  # 5,000 x 0.0004
        ("s3", "put_request", STANDARD, 100_000, "0.5"),  # 100 x 0.005
        ("s3", "storage_byte_month", STANDARD, 800 * GB, "18.4"),  # 11.50 + 2.30 + 4.60
        ("s3", "monitored_object_month", {"storage_class": "intelligent_tiering"}, 100_000, "0.25"),
        ("apigateway", "http_request", {}, 1_000_000, "1"),
        ("apigateway", "connection_minute", {}, 1_000_000, "0.25"),
        ("dynamodb", "write_request_unit", {}, 48_000_000, "30"),  # the seed's $30
        ("dynamodb", "read_request_unit", {"table": "Assets"}, 240_000_000, "30"),
        ("sqs", "standard_request", {}, 1_000_000, "0.4"),
        ("sqs", "fifo_request", {}, 1_000_000, "0.5"),
        ("secretsmanager", "secret_month", {}, 5, "2"),
        ("cloudwatch", "log_ingested_byte", {}, 20 * GB, "10"),
        ("alb", "lcu_hour", {}, 730, "5.84"),
        ("lambda_edge", "request", {}, 20_000_000, "12"),
        ("lambda_edge", "gb_second", {}, 12_500, "0.625125"),  # 20M x 5 ms x 0.125 GB x 0.00005001
        ("waf", "request", {}, 10_000_000, "6"),
        ("ec2", "instance_second", {"instance_type": "g4dn.xlarge"}, 1800, "0.263"),
        ("s3", "put_request", {"storage_class": "deep_archive"}, 60_000, "3"),
        ("s3", "retrieved_byte", {"storage_class": "glacier_flexible"}, 50_000 * GB, "500"),
        ("lambda", "gb_second", {"arch": "x86"}, 17_500, "0.29166725"),  # x 0.0000166667
        ("elasticache", "node_hour", {"engine": "redis", "node_type": "cache.r6g.large"}, 6 * 730, "902.28"),
        ("elasticache", "node_hour", {"engine": "valkey", "node_type": "cache.r6g.large"}, 4380, "721.824"),
        ("elasticache", "node_hour", {"engine": "redis", "node_type": "cache.t3.medium"}, 730, "49.64"),
        ("nat", "gateway_hour", {}, 2 * 730, "65.7"),
        ("vpc", "public_ipv4_hour", {}, 4 * 730, "14.6"),
        ("dynamodb", "read_capacity_unit_hour", {}, 1000 * 730, "94.9"),
        ("dynamodb", "write_capacity_unit_hour", {}, 100 * 730, "47.45"),
    ],
)
def test_a_line_of_the_seed_costs_what_the_price_list_says(
    service: str, unit: str, attributes: dict[str, str], quantity: int, usd: str
) -> None:
    assert total(marginal(item(service, unit, quantity, attributes))) == Decimal(usd)


def test_spot_is_assumed_at_three_tenths_of_on_demand_and_says_so() -> None:
    spot = {"arch": "x86", "capacity": "spot"}
    line = marginal(item("fargate", "vcpu_second", 3600, spot)).lines[0]
    assert line.amount == Decimal("0.012144")  # 0.3 x 0.04048
    assert line.origin.confidence == "M"
    assert "assumption" in line.origin.note


def test_a_third_of_an_hour_three_times_is_an_hour_to_the_last_digit() -> None:
    bill = marginal(*[item("fargate", "vcpu_second", 1200, X86, flow=name) for name in "abc"])
    assert total(bill) == Decimal("0.04048")


def test_one_byte_of_egress_costs_all_its_33_decimals() -> None:
    # 0.085 / 2^30 = 0.085 x 5^30 / 10^30, and 85 x 5^30 = 79162418842315673828125
    bill = marginal(item("cloudfront", "egress_byte", 1, US))
    assert total(bill) == Decimal("79162418842315673828125").scaleb(-33)


def test_an_endless_decimal_keeps_fifty_digits() -> None:
    assert to_decimal(Fraction(1, 3)) == Decimal("0." + "3" * 50)


@pytest.mark.parametrize(
    ("value", "written"),
    [(Fraction(0), "0"), (Fraction(1200), "1200"), (Fraction(-5, 4), "-1.25"), (Decimal("1E+3"), "1000")],
)
def test_money_is_written_in_plain_digits(value: Fraction | Decimal, written: str) -> None:
    assert text(value) == written


def test_every_price_says_source_confidence_and_list_unit() -> None:
    rows = list_legal(BOOK)
    assert len(rows) > 100
    assert all(row["source"] and row["list_unit"] and row["confidence"] in ("H", "M", "L") for row in rows)


@pytest.mark.parametrize("region", ["us-east-1", "cloudflare"])
def test_every_price_and_every_free_pool_has_a_day(region: str) -> None:
    book = read_prices(region)
    assert [price for price in book.prices.values() if not price.origin.price_date] == []
    assert [pool for pool in book.free_pools.values() if not pool.origin.price_date] == []


def test_prices_that_nobody_confirmed_are_marked() -> None:
    sure = {(row["service"], row["unit"]): row["confidence"] for row in list_legal(BOOK)}
    assert sure["s3", "rtc_byte"] == sure["ssm", "standard_parameter_month"] == "L"
    assert sure["cloudfront", "origin_shield_request"] == sure["cloudwatch", "custom_metric_month"] == "M"
    assert sure["cloudfront", "kvs_read"] == sure["cloudfront", "plan_month"] == "M"


def test_the_legal_list_shows_tiers_and_free_units() -> None:
    egress = next(row for row in list_legal(BOOK) if row["unit"] == "egress_byte" and row["attributes"] == US)
    tiers = egress["tiers"]
    assert isinstance(tiers, list)
    assert [tier["list_price"] for tier in tiers] == [
        "0.085",
        "0.08",
        "0.06",
        "0.04",
        "0.03",
        "0.025",
        "0.02",
    ]
    assert tiers[0]["up_to"] == "10995116277760"
    assert egress["free_quantity_per_month"] == "1099511627776"


def test_valkey_nodes_cost_eight_tenths_of_redis_nodes() -> None:
    nodes = {
        engine: BOOK.find("elasticache", "node_hour", {"engine": engine, "node_type": "cache.t3.medium"})
        for engine in ("redis", "valkey")
    }
    assert nodes["redis"]
    assert nodes["valkey"]
    assert nodes["redis"].tiers[0].list_price == Decimal("0.068")
    assert nodes["valkey"].tiers[0].list_price == Decimal("0.0544")
