"""What-ifs against sums made by hand from the price list; USD a month."""

from __future__ import annotations

from fractions import Fraction

import pytest
from audits import GUIDE, GUIDE_TEMPLATE, audited
from cost_builders import BOOK, GB, TB, item, usage

from tidegauge.collect.prices.packaged import (
    read_cloudflare_counterparts,
    read_commitments,
    read_flat_rates,
    read_prices,
)
from tidegauge.cost.audit.corrected_month import what_if_month
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.cloudflare import Elsewhere, on_cloudflare
from tidegauge.cost.what_if.month import Month
from tidegauge.cost.what_if.result import WhatIf, what_if_rows, what_ifs

ON_DEMAND = {"arch": "x86", "capacity": "on_demand"}
FLAT_RATES, COUNTERPARTS = read_flat_rates(), read_cloudflare_counterparts()
COMMITMENTS = read_commitments()
CLOUDFLARE = read_prices("cloudflare")
NAT = item("nat", "gateway_hour", 1460)


def asked(*items: UsageItem, **notes: str) -> dict[str, WhatIf]:
    month = Month(
        usage=usage(*items), book=BOOK, notes={name: Fraction(value) for name, value in notes.items()}
    )
    return {each.id: each for each in what_ifs(month, FLAT_RATES, COMMITMENTS)}


def saves(found: dict[str, WhatIf], name: str) -> Fraction | None:
    return found[name].saves


@pytest.fixture(scope="module")
def guide() -> dict[str, WhatIf]:
    return {
        each.id: each
        for each in what_ifs(what_if_month(audited(GUIDE, GUIDE_TEMPLATE), BOOK), FLAT_RATES, COMMITMENTS)
    }


@pytest.fixture(scope="module")
def moved() -> Elsewhere:
    found = on_cloudflare(what_if_month(audited(GUIDE, GUIDE_TEMPLATE), BOOK), CLOUDFLARE, COUNTERPARTS)
    assert found is not None
    return found


def test_every_what_if_of_the_guide_is_what_a_hand_makes_of_it(guide: dict[str, WhatIf]) -> None:
    by_hand = {
        "valkey": "180.456",  # 6 x 730 x (.206 - .1648)
        "spot": "43.54434",  # the workers' 88.866 x .7 x (1 - .3)
        # 9,108,000 vCPU-s x (.04048 - .03238) / 3600 + 18,216,000 GB-s x (.004445 - .00356) / 3600
        "graviton": "24.9711",
        "dynamodb_on_demand": "141.60",  # 142.35 - 1M x .125 / 1M - 1M x .625 / 1M
        "hit_ratio_higher": "0.2",  # 5 % of 10M edge requests x .0004 / 1000
        "hit_ratio_lower": "-0.2",
        "interface_endpoints": "-7.3",  # 1460 x .045 - 5 services x 2 zones x 730 x .01
        "plan_pro": "87.54",  # 87.04 + 15.00 of WAF + .50 of the zone - 15
        "plan_business": "-97.46",
        "plan_premium": "-897.46",
        "plan_free": None,
        "s3_endpoint": None,
        "reserved_nodes_1yr": "286.383672",  # 902.28 x (1 - .6826)
        "reserved_capacity_1yr": "76.869",  # (94.90 + 47.45) x .54
        "reserved_capacity_3yr": "109.6095",  # x .77
        "savings_plan_1yr": "24.98122",  # (36.0401 + 88.866) x .2
        "savings_plan_3yr": "62.45305",  # x .5
        "cloudfront_bundle": "32.112",  # 87.04 x .3 + 6.00 of WAF requests, at most 10 % of 60.928
        "edge_functions": "10.825125",  # 12.00 + .625125 - (20M - 2M) x .10 / 1M
        "price_class_100": "0",
        "price_class_200": "0",
        "s3_standard_ia": "-5.34",  # 800 x .0105 - 5M x .0006 / 1000 - 100k x .005 / 1000 - 1,024 GB x .01
        # 800 x .019 - 5M x .0096 / 1000 - 100k x .015 / 1000 - 1,024 x .03
        "s3_glacier_instant": "-65.02",
        "s3_intelligent_tiering": None,
    }
    found = {name: each.saves for name, each in guide.items()}
    assert found == {name: None if saved is None else Fraction(saved) for name, saved in by_hand.items()}
    assert {each.before for each in guide.values()} == {Fraction("1467.808225")}


def test_the_greatest_saving_comes_first_and_what_is_not_known_last(guide: dict[str, WhatIf]) -> None:
    known = [each.saves for each in guide.values()]
    assert next(iter(guide)) == "reserved_nodes_1yr"
    assert known[-3:] == [None, None, None]
    assert [each for each in known if each is not None] == sorted(
        (each for each in known if each is not None), reverse=True
    )


def test_what_a_plan_does_not_hold_is_said(guide: dict[str, WhatIf]) -> None:
    assert "Lambda@Edge" in guide["plan_pro"].message
    assert "do not fit: 1,000,000 requests and 100 GB" in guide["plan_free"].message
    assert guide["plan_pro"].confidence == "M"  # as the plans' prices


def test_capacity_pays_from_the_same_share_of_use_for_reads_and_writes(guide: dict[str, WhatIf]) -> None:
    # .00013 / (3600 x .125 / 1M) = .00065 / (3600 x .625 / 1M) = .2889
    assert "28.9%; 28.9%" in guide["dynamodb_on_demand"].message
    # 94.90 / (.125 / 1M), 47.45 / (.625 / 1M)
    assert (
        "759,200,000 read_request_units or 75,920,000 write_request_units"
        in guide["dynamodb_on_demand"].message
    )


def test_tables_whose_requests_nobody_knows_have_no_figure() -> None:
    found = asked(item("dynamodb", "read_capacity_unit_hour", 73000, {"table": "a"}))
    assert saves(found, "dynamodb_on_demand") is None
    assert "give provisioned_reads_per_month" in found["dynamodb_on_demand"].message


def test_on_demand_tables_are_priced_with_capacity() -> None:
    found = asked(
        item("dynamodb", "read_request_unit", 720_000_000, {"table": "a"}), capacity_utilisation="0.5"
    )
    # 90.00 on demand; 720M / 3600 s / .5 = 400,000 hours, of which 25 x 730 are free: 381,750 x .00013
    assert saves(found, "dynamodb_provisioned") == Fraction("90") - Fraction("49.6275")


def test_spot_takes_all_tasks_where_nobody_says_which() -> None:
    found = asked(item("fargate", "vcpu_second", 3_600_000, ON_DEMAND), spot_share="1")
    assert saves(found, "spot") == Fraction("40.48") * Fraction(7, 10)
    assert "all Fargate tasks may be interrupted" in found["spot"].assumptions
    assert "saves $0.00 at the on-demand price and $32.38 at a fifth of it" in found["spot"].message


def test_tasks_that_may_not_be_interrupted_stay_on_demand() -> None:
    tasks = usage(item("fargate", "vcpu_second", 3_600_000, ON_DEMAND))
    month = Month(usage=tasks, book=BOOK, interruptible=frozenset())
    assert "spot" not in {each.id for each in what_ifs(month, FLAT_RATES, COMMITMENTS)}


def test_endpoints_pay_once_enough_passes_through_nat() -> None:
    few = asked(NAT, item("nat", "processed_byte", 100 * GB))
    many = asked(NAT, item("nat", "processed_byte", 300 * GB))
    # 65.70 + 100 x .045 - 73.00 - 100 x .01; (73.00 - 65.70) / (.045 - .01) = 208.57 GB
    assert saves(few, "interface_endpoints") == Fraction("-3.8")
    assert saves(many, "interface_endpoints") == Fraction("3.2")
    assert "pays above 208.6 GB (nat processed_byte) a month" in few["interface_endpoints"].message
    assert saves(few, "s3_endpoint") == Fraction("4.5")


def test_a_share_of_nat_that_is_s3s_goes_through_the_gateway_endpoint() -> None:
    found = asked(NAT, item("nat", "processed_byte", 100 * GB), s3_share_of_nat="0.25")
    assert saves(found, "s3_endpoint") == Fraction("1.125")


def test_a_hit_ratio_of_one_cannot_rise() -> None:
    edge = item("cloudfront", "https_request", 20_000_000, {"geo": "us"})
    gets = item("s3", "get_request", 1_000_000, {"storage_class": "standard"})
    found = asked(edge, gets, hit_ratio="1")
    assert saves(found, "hit_ratio_higher") == 0
    assert saves(found, "hit_ratio_lower") == Fraction("-0.4")  # 1M GETs more


def test_points_that_are_cut_at_the_whole_are_counted_as_they_were_applied() -> None:
    edge = item("cloudfront", "https_request", 10_000_000, {"geo": "us"})
    gets = item("s3", "get_request", 390_000, {"storage_class": "standard"})
    found = asked(edge, gets)["hit_ratio_higher"]  # 96.1 % and 5 points would be more than there is
    assert found.title == "A hit ratio 3.9 points higher"
    assert (
        "from 96.1% to 100.0% (3.9 of 5 points, as 100% is the limit): 390,000 origin GETs" in found.message
    )
    assert found.saves == Fraction("0.156")  # 390,000 x .0004 / 1000


def test_points_that_are_cut_at_nothing_are_counted_as_they_were_applied() -> None:
    edge = item("cloudfront", "https_request", 10_000_000, {"geo": "us"})
    gets = item("s3", "get_request", 1_000_000, {"storage_class": "standard"})
    found = asked(edge, gets, hit_ratio="0.02")["hit_ratio_lower"]
    assert found.title == "A hit ratio 2 points lower"
    assert "(2 of 5 points, as 0% is the limit): 200,000 origin GETs" in found.message
    assert found.saves == Fraction("-0.08")


def test_no_more_gets_fall_away_than_there_are() -> None:
    edge = item("cloudfront", "https_request", 20_000_000, {"geo": "us"})
    gets = item("s3", "get_request", 100_000, {"storage_class": "standard"})
    found = asked(edge, gets, hit_ratio="0.5")["hit_ratio_higher"]
    assert found.title == "A hit ratio 0.5 points higher"
    assert "(0.5 of 5 points, as no more reaches the origin): 100,000 origin GETs" in found.message
    assert found.saves == Fraction("0.04")


def test_a_large_month_takes_the_lowest_level_of_premium_that_fits() -> None:
    egress = item("cloudfront", "egress_byte", 60 * TB, {"geo": "us"})
    found = asked(egress)["plan_premium"]
    # 9,216 GB x .085 + 40,960 x .08 + 10,240 x .06 = 783.36 + 3,276.80 + 614.40, less 1,450
    assert found.saves == Fraction("3224.56")
    assert "at its usage level of 750,000,000 requests and 75 TB" in found.message
    assert "cloudfront plan_month {plan: premium_75tb}" in found.message
    too_much = asked(item("cloudfront", "egress_byte", 601 * TB, {"geo": "us"}))["plan_premium"]
    assert too_much.saves is None
    assert "6,000,000,000 requests and 614,400 GB a month" in too_much.message


def test_the_hit_ratio_is_what_the_cache_results_say() -> None:
    hit = item("cloudfront", "https_request", 9_200_000, {"geo": "us", "cache": "hit"})
    miss = item("cloudfront", "https_request", 800_000, {"geo": "us", "cache": "miss"})
    found = asked(hit, miss, item("s3", "get_request", 800_000, {"storage_class": "standard"}))
    assert found["hit_ratio_higher"].message.startswith("from 92.0% to 97.0%: 500,000 origin GETs")
    assert saves(found, "hit_ratio_higher") == Fraction("0.2")


def test_a_month_without_any_of_it_asks_nothing() -> None:
    assert asked(item("sqs", "fifo_request", 100)) == {}


def test_a_month_without_a_price_has_no_what_ifs() -> None:
    assert asked(item("elasticache", "node_hour", 1, {"engine": "redis", "node_type": "cache.none"})) == {}


def test_rows_carry_money_as_strings(guide: dict[str, WhatIf]) -> None:
    row = next(row for row in what_if_rows(list(guide.values())) if row["id"] == "valkey")
    assert (row["before"], row["after"], row["saves_usd_per_month"]) == (
        "1467.808225",
        "1287.352225",
        "180.456",
    )


def test_the_guide_on_cloudflare_is_what_a_hand_makes_of_it(moved: Elsewhere) -> None:
    by_hand = {
        "s3": "11.85",  # (800 - 10) GB x .015; 100k and 5M operations are included
        "lambda_edge": "1.5",  # (20M x 5 ms + 1M API requests x 5 ms - 30M) x .02 / 1M
        "cloudfront": "0",  # (10M + 1M requests - 10M) x .30 / 1M, free ones first:
        "apigateway": "0.3",
        "fargate": "179.4186",  # (6.48M - 22,500) x .00002 + (12.96M - 90,000) x .0000025
        # + (259.2M - 720,000) x .00000007: the workers
        "Workers Paid plan": "5",
        "Pro plan of the zone": "25",
        "as estimated": "40.5",  # 30 + 10 + .50
        "cloudwatch": "2.4",
        "secretsmanager": "2",
        "kms": "1",
        "xray": "4.5",
    }
    found: dict[str, Fraction] = {}
    for part in moved.parts:
        found[part.service] = found.get(part.service, Fraction(0)) + part.there
    assert sum(found.values()) == moved.there == sum(map(Fraction, by_hand.values()))
    assert moved.here == Fraction("1467.808225")
    assert sum((part.here for part in moved.parts), Fraction(0)) == moved.here
    assert {name: each for name, each in found.items() if each} == {
        name: Fraction(each) for name, each in by_hand.items() if float(each)
    }


def test_what_has_no_counterpart_stays_at_its_price(moved: Elsewhere) -> None:
    kept = {part.service for part in moved.parts if part.fate == "kept"}
    assert kept == {"secretsmanager", "cloudwatch", "kms", "ssm", "xray", "as estimated"}
    assert moved.confidence == "M"


def test_tables_whose_requests_nobody_knows_stay() -> None:
    month = Month(usage=usage(item("dynamodb", "read_capacity_unit_hour", 19_250, {"table": "a"})), book=BOOK)
    found = on_cloudflare(month, CLOUDFLARE, COUNTERPARTS)
    assert found is not None
    assert (found.parts[0].fate, found.parts[0].there) == (
        "kept",
        Fraction("0.13"),
    )  # 18,250 of them are free
