"""Commitments, classes and the traffic at which a change costs as much as it saves: sums by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from audits import GUIDE, GUIDE_TEMPLATE, audited
from cost_builders import BOOK, GB, TB, item, usage

from tidegauge.collect.prices.packaged import read_commitments, read_flat_rates
from tidegauge.cost.audit.corrected_month import what_if_month
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.break_even import find_break_even
from tidegauge.cost.what_if.change import Change, Traffic
from tidegauge.cost.what_if.month import Month
from tidegauge.cost.what_if.result import WhatIf, changes, what_if_rows, what_ifs

FLAT_RATES, COMMITMENTS = read_flat_rates(), read_commitments()
US, STANDARD = {"geo": "us"}, {"storage_class": "standard"}
TASK = {"arch": "x86", "capacity": "on_demand"}
NODE = {"engine": "redis", "node_type": "cache.r6g.large"}


def month_of(*items: UsageItem, **notes: str) -> Month:
    return Month(
        usage=usage(*items), book=BOOK, notes={name: Fraction(value) for name, value in notes.items()}
    )


def asked(*items: UsageItem, **notes: str) -> dict[str, WhatIf]:
    return {each.id: each for each in what_ifs(month_of(*items, **notes), FLAT_RATES, COMMITMENTS)}


def large() -> Month:
    """A month in which every what-if has something to change, over several tiers."""
    return month_of(
        item("fargate", "vcpu_second", 9_108_000, TASK),
        item("fargate", "gb_second", 18_216_000, TASK),
        item("lambda", "gb_second", 5_000_000, {"arch": "x86"}),
        item("elasticache", "node_hour", 6 * 730 + 100, NODE),
        item("dynamodb", "read_capacity_unit_hour", 1050 * 730, {"table": "a"}),
        item("dynamodb", "write_capacity_unit_hour", 230 * 730, {"table": "a"}),
        item("cloudfront", "egress_byte", 20 * TB, US),
        item("cloudfront", "egress_byte", 15 * TB, {"geo": "sa"}),
        item("cloudfront", "https_request", 90_000_000, US),
        item("cloudfront", "https_request", 30_000_000, {"geo": "jp"}),
        item("lambda_edge", "request", 20_000_000),
        item("lambda_edge", "gb_second", 12_500),
        item("waf", "request", 120_000_000),
        item("s3", "storage_byte_month", 60 * TB, STANDARD),
        item("s3", "get_request", 5_000_000, STANDARD),
        item("s3", "put_request", 100_000, STANDARD),
        item("cloudwatch", "log_ingested_byte", 20 * GB),
        item("nat", "gateway_hour", 1460),
        item("nat", "processed_byte", 100 * GB),
        provisioned_reads_per_month="300000000",
        provisioned_writes_per_month="20000000",
        s3_cold_share="0.6",
        assets="300000",
    )


GUIDE_MONTH = what_if_month(audited(GUIDE, GUIDE_TEMPLATE), BOOK)
CHANGES = [
    (name, change)
    for name, month in (("large", large()), ("guide", GUIDE_MONTH))
    for change in changes(month, FLAT_RATES, COMMITMENTS)
]


@pytest.mark.parametrize("change", [pytest.param(each, id=f"{name}-{each.id}") for name, each in CHANGES])
def test_a_change_costs_less_on_one_side_of_its_break_even_alone(change: Change) -> None:
    even = find_break_even(change)
    if even.quantity is None:
        assert even.reason
        return
    assert change.traffic is not None
    at, below, above = (
        change.traffic.difference(even.quantity * Fraction(k, 1000)) for k in (1000, 999, 1001)
    )
    assert at is not None
    assert abs(at) < Fraction(1, 10**20)
    assert below is not None
    assert above is not None
    assert (above < 0 < below) if even.pays == "above" else (below < 0 < above)


@pytest.mark.parametrize("change", [pytest.param(each, id=f"{name}-{each.id}") for name, each in CHANGES])
def test_the_saving_is_the_difference_at_the_months_own_traffic(change: Change) -> None:
    if change.items is None or change.traffic is None or not change.traffic.now:
        return
    month = large() if ("large", change) in CHANGES else GUIDE_MONTH
    after, before = month.total(change.items), month.total()
    assert after is not None
    assert before is not None
    saved = after + change.extra - before
    assert change.traffic.difference(change.traffic.now) == pytest.approx(saved, abs=1e-12)


def test_a_savings_plan_pays_down_to_the_share_that_it_charges() -> None:
    found = asked(item("fargate", "vcpu_second", 3_600_000, TASK))
    assert found["savings_plan_1yr"].saves == Fraction("8.096")  # 1,000 h x .04048 x .2
    even = found["savings_plan_1yr"].break_even
    assert (even.quantity, even.times_now, even.pays) == (2_880_000, Fraction(4, 5), "above")
    assert found["savings_plan_3yr"].break_even.quantity == 1_800_000
    assert "its terms are unverified" in found["savings_plan_1yr"].message
    assert found["savings_plan_1yr"].confidence == "L"


def test_a_savings_plans_discount_may_be_a_note() -> None:
    found = asked(item("fargate", "vcpu_second", 3_600_000, TASK), savings_plan_discount="0.25")
    assert found["savings_plan_1yr"].saves == Fraction("10.12")
    assert found["savings_plan_3yr"].saves == Fraction("20.24")
    assert "unverified" not in found["savings_plan_1yr"].message


def test_lambdas_free_seconds_are_no_part_of_a_plan() -> None:
    found = asked(item("lambda", "gb_second", 1_400_000, {"arch": "x86"}))["savings_plan_1yr"]
    assert found.saves == Fraction("2.000004")  # 1M x .0000166667 x .12
    assert found.break_even.quantity == 1_280_000  # 400,000 + 880,000


def test_a_plan_has_nothing_to_pay_for_where_all_is_free() -> None:
    found = asked(item("lambda", "gb_second", 400_000, {"arch": "x86"}))["savings_plan_1yr"]
    assert (found.saves, found.message) == (None, "free units cover all that it would pay for")


@pytest.mark.parametrize("quantity", ["0", "1", "0.000000001", "1e30"])
def test_no_quantity_is_too_small_or_too_large_for_a_what_if(quantity: str) -> None:
    month = large()
    for row in month.usage.items:
        alone = item(row.service, row.unit, quantity, dict(row.attributes))
        for each in what_ifs(month_of(alone, s3_cold_share="0", assets="1"), FLAT_RATES, COMMITMENTS):
            assert (each.break_even.quantity is None) == bool(each.break_even.reason)
    alike = (item(row.service, row.unit, quantity, dict(row.attributes)) for row in month.usage.items)
    assert all(each.message for each in what_ifs(month_of(*alike), FLAT_RATES, COMMITMENTS))


def test_a_book_that_lacks_a_price_leaves_a_row_without_a_figure_that_says_so() -> None:
    month = large()
    own = {BOOK.find(row.service, row.unit, dict(row.attributes)) for row in month.usage.items}
    lean = replace(BOOK, prices={key: price for key, price in BOOK.prices.items() if price in own})
    found = {each.id: each for each in what_ifs(replace(month, book=lean), FLAT_RATES, COMMITMENTS)}
    assert {each.id for each in what_ifs(month, FLAT_RATES, COMMITMENTS)} == set(found)
    for name, lacking in (
        ("edge_functions", "cloudfront function_invocation"),
        ("s3_standard_ia", "s3 storage_byte_month {storage_class: standard_ia}"),
        ("s3_intelligent_tiering", "s3 monitored_object_month {storage_class: intelligent_tiering}"),
        ("plan_premium", "cloudfront plan_month {plan: premium}"),
        ("valkey", "elasticache node_hour {engine: valkey, node_type: cache.r6g.large}"),
        ("dynamodb_on_demand", "dynamodb read_request_unit"),
        ("interface_endpoints", "vpc interface_endpoint_hour"),
    ):
        assert found[name].saves is None, name
        assert f"the price book has no {lacking}" in found[name].message
        assert found[name].break_even.reason == "the month has no price at another traffic" or (
            name == "s3_intelligent_tiering"
        )
    assert found["savings_plan_1yr"].saves is not None


def test_a_usages_own_attributes_take_no_part_in_what_is_asked() -> None:
    odd = item("elasticache", "node_hour", 730, NODE | {"service": "x", "unit": "y"})
    assert asked(odd) == {}


def test_spot_and_arm_tasks_count_as_they_are_bought() -> None:
    spot = item("fargate", "vcpu_second", 3_600_000, {"arch": "arm", "capacity": "spot"})
    assert "savings_plan_1yr" not in asked(spot)
    arm = item("fargate", "vcpu_second", 3_600_000, {"arch": "arm", "capacity": "on_demand"})
    assert asked(arm, spot)["savings_plan_1yr"].saves == Fraction("6.476")  # 1,000 x .03238 x .2


def test_only_nodes_that_run_the_whole_month_are_reserved() -> None:
    found = asked(item("elasticache", "node_hour", 2 * 730 + 300, NODE))["reserved_nodes_1yr"]
    assert found.saves == Fraction("95.461224")  # 2 x 730 x .206 x .3174
    assert found.break_even.quantity == Fraction("996.596")  # 1,460 x .6826
    part = asked(item("elasticache", "node_hour", 700, NODE))["reserved_nodes_1yr"]
    assert (part.saves, part.break_even.reason) == (None, "no node runs the whole month")


def test_nodes_of_several_kinds_are_reserved_each_for_itself() -> None:
    valkey = item("elasticache", "node_hour", 600, NODE | {"engine": "valkey"})
    found = asked(item("elasticache", "node_hour", 900, NODE), valkey)["reserved_nodes_1yr"]
    assert found.message.startswith("1 node, no upfront: $102.65 a month, used or not, instead of $150.38")


def test_capacity_is_reserved_in_blocks_of_a_hundred() -> None:
    found = asked(item("dynamodb", "read_capacity_unit_hour", 1050 * 730, {"table": "a"}))
    # 10 blocks at .46 of 94.90; the other 50 units stay, of which 25 are free: as before, all but 94.90 x .54
    assert found["reserved_capacity_1yr"].saves == Fraction("51.246")
    assert found["reserved_capacity_1yr"].message.startswith("1,000 read units, partly upfront")
    none = asked(item("dynamodb", "write_capacity_unit_hour", 99 * 730))["reserved_capacity_3yr"]
    assert none.saves is None
    assert "blocks of 100 units" in none.break_even.reason


def test_the_bundle_pays_from_what_it_costs_on() -> None:
    found = asked(item("cloudfront", "egress_byte", 10 * TB, US))["cloudfront_bundle"]
    assert found.saves == Fraction("235.008")  # 9,216 GB x .085 x .3
    assert found.break_even.quantity == Fraction("7475.2") * GB  # 1,024 + 548.352 / .085


def test_the_bundles_credit_pays_for_waf_requests_up_to_a_tenth() -> None:
    egress, requests = item("cloudfront", "egress_byte", 2 * TB, US), item("waf", "request", 20_000_000)
    assert asked(egress, requests)["cloudfront_bundle"].saves == Fraction("32.2048")  # 26.112 + 6.0928 of 12


def test_what_is_free_needs_no_bundle() -> None:
    found = asked(item("cloudfront", "egress_byte", GB, US))["cloudfront_bundle"]
    assert found.saves is None
    assert "free units cover" in found.break_even.reason


@pytest.mark.parametrize(
    ("plan", "gigabytes"),
    [
        ("plan_pro", 1024 + 15 / Fraction("0.085")),
        ("plan_business", 1024 + 200 / Fraction("0.085")),
        ("plan_premium", Fraction(12_948)),  # 10,240 GB are 783.36; 216.64 / .08 beyond
    ],
)
def test_a_plan_pays_from_the_bytes_that_cost_as_much(plan: str, gigabytes: Fraction) -> None:
    even = asked(item("cloudfront", "egress_byte", 3 * TB, US))[plan].break_even
    assert even.quantity == gigabytes * GB
    assert (even.unit, even.pays, even.reason) == ("cloudfront egress_byte", "above", "")


def test_a_plan_never_pays_for_traffic_that_it_does_not_allow() -> None:
    # 11 requests a KB: 10M requests are free, and those that cost $15 do not fit in Pro
    found = asked(item("cloudfront", "https_request", 9_000_000, US))["plan_pro"]
    assert found.break_even.quantity is None
    assert found.break_even.reason == "the traffic at which both cost the same is more than it allows"


def test_edge_functions_cost_less_at_any_traffic() -> None:
    found = asked(item("lambda_edge", "request", 10_000_000), item("lambda_edge", "gb_second", 6_250))
    assert found["edge_functions"].saves == Fraction("5.5125625")  # 6 + .3125625... - 8M x .1 / 1M
    assert found["edge_functions"].break_even.reason == "it costs less at any traffic"
    assert "assumed price: cloudfront function_invocation" in found["edge_functions"].message


def test_a_price_class_serves_what_it_leaves_out_from_the_us() -> None:
    found = asked(
        item("cloudfront", "egress_byte", 20 * TB, {"geo": "sa"}),
        item("cloudfront", "https_request", 20_000_000, {"geo": "jp"}),
    )
    # 9,216 x (.11 - .085) + 10,240 x (.105 - .08); 10M x (.012 - .010) / 10,000
    assert found["price_class_200"].saves == Fraction("486.4")
    assert found["price_class_100"].saves == Fraction("488.4")
    assert "South America" in found["price_class_200"].message
    assert "Japan" not in found["price_class_200"].message
    assert found["price_class_100"].break_even.reason == "it costs less at any traffic beyond the free units"


def test_logs_cost_half_in_the_class_for_infrequent_access() -> None:
    found = asked(item("cloudwatch", "log_ingested_byte", 25 * GB))["logs_infrequent_access"]
    assert found.saves == 5  # (25 - 5) x (.50 - .25)
    assert found.break_even.reason == "it costs less at any traffic beyond the free units"


def test_infrequent_access_pays_below_the_reads_that_eat_up_its_saving() -> None:
    found = asked(
        item("s3", "storage_byte_month", 1000 * GB, STANDARD),
        item("s3", "get_request", 100_000, STANDARD),
        s3_retrieved_gb_per_month="100",
    )
    # 1,000 x .0105 - 100 x .01 - 100,000 x .0006 / 1000
    assert found["s3_standard_ia"].saves == Fraction("9.44")
    assert found["s3_standard_ia"].break_even.quantity == Fraction("10.5") / Fraction("1.06") * 100_000
    assert found["s3_standard_ia"].break_even.pays == "below"
    # 1,000 x .019 - 100 x .03 - 100,000 x .0096 / 1000
    assert found["s3_glacier_instant"].saves == Fraction("15.04")


def test_what_nobody_reads_is_cheaper_whatever_is_kept() -> None:
    found = asked(item("s3", "storage_byte_month", 1000 * GB, STANDARD))["s3_standard_ia"]
    assert (found.saves, found.break_even.reason) == (
        Fraction("10.5"),
        "nothing is read: it costs less whatever is kept",
    )


def test_reads_of_unknown_size_are_asked_for() -> None:
    kept, gets = item("s3", "storage_byte_month", GB, STANDARD), item("s3", "get_request", 10, STANDARD)
    found = asked(kept, gets)["s3_standard_ia"]
    assert found.saves is None
    assert "give s3_retrieved_gb_per_month" in found.message


def test_intelligent_tiering_pays_where_enough_stays_unread() -> None:
    kept = item("s3", "storage_byte_month", 1000 * GB, STANDARD)
    found = asked(kept, s3_cold_share="0.5", assets="1000000")["s3_intelligent_tiering"]
    assert found.saves == Fraction("2.75")  # 500 x .0105 - 1M x .0025 / 1000
    assert "where more than 23.8% stays unread" in found.message  # 2.5 / 10.5
    assert "give assets and s3_cold_share" in asked(kept)["s3_intelligent_tiering"].message


def test_on_demand_tables_pay_below_what_their_capacity_costs() -> None:
    found = asked(
        item("dynamodb", "read_capacity_unit_hour", 125 * 730, {"table": "a"}),
        provisioned_reads_per_month="10000000",
        provisioned_writes_per_month="0",
    )["dynamodb_on_demand"]
    assert found.break_even.quantity == 75_920_000  # 100 x 730 x .00013 / (.125 / 1M): 25 units are free
    assert found.break_even.pays == "below"


def test_a_month_without_a_price_elsewhere_has_no_break_even() -> None:
    traffic = Traffic(unit="a b", now=Fraction(1), difference=lambda _units: None)
    found = find_break_even(Change(id="x", title="x", items=(), message="x", traffic=traffic))
    assert (found.quantity, found.reason) == (None, "the month has no price at another traffic")


def test_a_kink_at_the_break_even_is_found() -> None:
    def difference(units: Fraction) -> Fraction:
        return 3 - units if units < 3 else (3 - units) * 1000

    traffic = Traffic(unit="a b", now=Fraction(1), difference=difference)
    assert find_break_even(Change(id="x", title="x", items=(), message="", traffic=traffic)).quantity == (
        pytest.approx(3, abs=1e-30)
    )


def test_rows_carry_the_break_even_or_its_reason() -> None:
    rows = {row["id"]: row for row in what_if_rows(what_ifs(large(), FLAT_RATES, COMMITMENTS))}
    assert rows["savings_plan_1yr"]["break_even"] != rows["graviton"]["break_even"]
    assert rows["graviton"]["break_even"] == {
        "unit": "fargate vcpu_second",
        "quantity": None,
        "times_now": None,
        "pays": None,
        "reason": "it costs less at any traffic",
    }
    assert all(
        (row["break_even"]["quantity"] is None) == (row["break_even"]["reason"] is not None)  # type: ignore[index]
        for row in rows.values()
    )
