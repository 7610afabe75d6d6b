"""What the guide's stack is billed for beyond a first tier, the home region and the standard class."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cost_builders import BOOK, GB, TB, item, marginal, month, total
from cost_builders import usage as usage_of

from tidegauge.cost.lines import price_usage

UP_TO_FIVE_PETABYTES = 5120 * TB


def bill(service: str, unit: str, quantity: int, **attributes: str) -> Decimal:
    return total(month(item(service, unit, quantity, attributes)))


def after_free(service: str, unit: str, quantity: int, **attributes: str) -> Decimal:
    return total(month(item(service, unit, quantity, attributes), free_tier=True))


@pytest.mark.parametrize(
    ("geo", "beyond_gb", "tiers"),
    [  # tier by tier as infracost's golden files have them
        ("za", 27_097_120, "1126.40 4300.80 9216.00 28672.00 32194.56 209715.20 1083884.80"),
        ("sa", 37_097_120, "1126.40 4300.80 9216.00 28672.00 32194.56 209715.20 1483884.80"),
        ("jp", 47_097_120, "1167.36 3645.44 8806.40 30105.60 42926.08 293601.28 2825827.20"),
        ("au", 57_097_120, "1167.36 4014.08 9625.60 32972.80 48291.84 356515.84 4567769.60"),
        ("ap", 57_097_120, "1228.80 4096.00 9728.00 32256.00 42926.08 293601.28 3425827.20"),
        ("in", 67_097_120, "1116.16 3481.60 8396.80 28672.00 41852.928 314572.80 4830992.64"),
    ],
)
def test_egress_abroad_is_what_infracost_bills(geo: str, beyond_gb: int, tiers: str) -> None:
    billed = bill("cloudfront", "egress_byte", UP_TO_FIVE_PETABYTES + beyond_gb * GB, geo=geo)
    assert billed == sum(map(Decimal, tiers.split()))


@pytest.mark.parametrize(
    ("geo", "http", "https", "to_origin"),
    [  # a million requests of a kind, and 100 GB to the origin
        ("za", "0.9", "1.2", "6"),
        ("sa", "1.6", "2.2", "12.5"),
        ("jp", "0.9", "1.2", "6"),
        ("au", "0.9", "1.25", "8"),
        ("ap", "0.9", "1.2", "6"),
        ("in", "0.9", "1.2", "16"),
    ],
)
def test_requests_abroad(geo: str, http: str, https: str, to_origin: str) -> None:
    assert bill("cloudfront", "http_request", 10**6, geo=geo) == Decimal(http)
    assert bill("cloudfront", "https_request", 10**6, geo=geo) == Decimal(https)
    assert bill("cloudfront", "origin_transfer_byte", 100 * GB, geo=geo) == Decimal(to_origin)


@pytest.mark.parametrize(
    ("service", "unit", "attributes", "quantity", "usd"),
    [
        ("apigateway", "websocket_message", {}, 1_500_000_000, "1400"),  # 1,000 x 1 + 500 x .8
        ("route53", "query", {}, 1_100_000_000, "420"),  # 1,000 x .4 + 100 x .2
        ("route53", "latency_query", {}, 1_200_000_000, "660"),  # 1,000 x .6 + 200 x .3
        ("route53", "geo_query", {}, 1_500_000_000, "875"),  # 1,000 x .7 + 500 x .35
        ("route53", "alias_query", {}, 10**9, "0"),
        ("sqs", "standard_request", {}, 250 * 10**9, "82000"),  # 100k x .4 + 100k x .3 + 50k x .24
        ("sqs", "fifo_request", {}, 250 * 10**9, "107500"),  # 100k x .5 + 100k x .4 + 50k x .35
        # 2^20 GB x .01 + 4 x 2^20 x .006 + 2^20 x .004
        ("vpc", "interface_endpoint_byte", {}, 6 * 1024 * TB, "39845.888"),
        ("cloudwatch", "custom_metric_month", {}, 1_500_000, "74500"),  # 3,000 + 24,000 + 37,500 + 10,000
        ("s3", "storage_byte_month", {"storage_class": "intelligent_tiering"}, 600 * TB, "13465.6"),
        ("s3", "storage_byte_month", {"storage_class": "intelligent_tiering_archive_instant"}, 500 * GB, "2"),
        ("s3", "storage_byte_month", {"storage_class": "glacier_instant"}, 500 * GB, "2"),
        ("s3", "put_request", {"storage_class": "intelligent_tiering"}, 20_000, "0.1"),
        ("s3", "get_request", {"storage_class": "intelligent_tiering"}, 50_000, "0.02"),
        ("s3", "transition_request", {"storage_class": "glacier_instant"}, 50_000, "1"),
        ("s3", "retrieved_byte", {"storage_class": "glacier_instant"}, 100 * GB, "3"),
        ("s3", "restore_request", {"storage_class": "deep_archive"}, 60_000, "6"),
        ("dynamodb", "replicated_write_request_unit", {"table": "Users"}, 3_000_000, "1.875"),
        ("dynamodb", "replicated_write_capacity_unit_hour", {}, 20 * 730, "9.49"),
        ("dynamodb", "backup_byte_month", {}, 460 * GB, "46"),
        ("cloudfront", "kvs_read", {}, 10_000_000, "0.3"),
        ("cloudfront", "dedicated_ip_certificate_month", {}, 12, "7200"),
        ("cloudfront", "plan_month", {"plan": "premium_200tb"}, 1, "3500"),
        ("cloudwatch", "log_ingested_byte", {"log_class": "infrequent_access"}, 20 * GB, "5"),
        ("cloudwatch", "composite_alarm_month", {}, 4, "2"),
    ],
)
def test_higher_tiers_and_other_classes(
    service: str, unit: str, attributes: dict[str, str], quantity: int, usd: str
) -> None:
    assert bill(service, unit, quantity, **attributes) == Decimal(usd)


@pytest.mark.parametrize(
    ("service", "unit", "free", "next_unit_usd"),
    [
        ("dynamodb", "stream_read", 2_500_000, "0.0000002"),
        ("dynamodb", "read_capacity_unit_hour", 25 * 730, "0.00013"),
        ("dynamodb", "write_capacity_unit_hour", 25 * 730, "0.00065"),
        ("dynamodb", "replicated_write_capacity_unit_hour", 25 * 730, "0.00065"),
        ("kms", "request", 20_000, "0.000003"),
        ("cloudwatch", "custom_metric_month", 10, "0.3"),
        ("cloudfront", "kvs_read", 2_000_000, "0.00000003"),
    ],
)
def test_a_free_pool_ends_with_its_last_unit(service: str, unit: str, free: int, next_unit_usd: str) -> None:
    assert after_free(service, unit, free) == 0
    assert after_free(service, unit, free + 1) == Decimal(next_unit_usd)


def test_25_gigabytes_of_tables_are_free() -> None:
    assert after_free("dynamodb", "storage_byte_month", 25 * GB) == 0
    assert after_free("dynamodb", "storage_byte_month", 29 * GB) == 1


def test_marginal_cost_knows_no_free_pool() -> None:
    assert total(marginal(item("dynamodb", "stream_read", 10**6))) == Decimal("0.2")


def test_an_audit_counts_on_no_free_units_that_the_whole_account_shares() -> None:
    audited = BOOK.for_audits()
    rows = usage_of(
        item("kms", "request", 20_000),
        item("dynamodb", "write_capacity_unit_hour", 100 * 730),
        item("cloudfront", "https_request", 10_000_000, {"geo": "us"}),
    )
    # 2 x .03 + 73,000 x .00065; the edge's 10M requests are free there too
    assert price_usage(rows, audited, marginal=False, free_tier=True).total == Decimal("47.51")
