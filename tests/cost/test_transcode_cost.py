"""What an asset's transcode costs, by hand sums from the published prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from cost_builders import BOOK

from tidegauge.cost.price_book import parse_price_book
from tidegauge.cost.transcode import (
    HourlyPrice,
    Terms,
    asset_cost,
    cost_fields,
    fargate_hour,
    instance_hour,
    unpriced,
)

NO_PRICES = parse_price_book(
    '{"schema_version": 1, "region": "x", "currency": "USD", "hours_per_month": "730", "sources": {}, '
    '"free_pools": [], "prices": []}'
)


def terms(**changed: int | Fraction) -> Terms:
    values: dict[str, Any] = {
        "jobs_per_task": 100,
        "cold_start_s": 57,
        "utilisation": 1,
        "views_per_asset": 0,
    }
    return Terms(**{name: Fraction(value) for name, value in (values | changed).items()})


def fargate(arch: str, vcpu: str, memory_gb: str, capacity: Any = "on_demand") -> HourlyPrice:
    return fargate_hour(BOOK, arch=arch, vcpu=Decimal(vcpu), memory_gb=Decimal(memory_gb), capacity=capacity)


@pytest.mark.parametrize(
    ("arch", "vcpu", "memory_gb", "capacity", "usd"),
    [
        ("x86", "2", "4", "on_demand", "0.09874"),  # 2 x 0.04048 + 4 x 0.004445
        ("x86", "0.25", "0.5", "on_demand", "0.0123425"),  # 0.01012 + 0.0022225
        ("arm", "1", "2", "on_demand", "0.0395"),  # 0.03238 + 2 x 0.00356
        ("x86", "2", "4", "spot", "0.029622"),  # 0.3 x 0.09874
        ("arm", "1", "2", "spot", "0.01185"),  # 0.3 x 0.0395
    ],
)
def test_an_hour_of_a_fargate_task(arch: str, vcpu: str, memory_gb: str, capacity: str, usd: str) -> None:
    assert fargate(arch, vcpu, memory_gb, capacity).usd == Fraction(usd)


def test_spot_is_an_assumption_with_a_band() -> None:
    hour = fargate("x86", "2", "4", "spot")
    assert "assumption" in hour.note
    assert hour.band == (Fraction("0.029622"), Fraction("0.04937"))  # 0.3 and 0.5 x 0.09874


def test_an_hour_of_a_gpu_instance_has_the_fee_of_managed_instances() -> None:
    hour = instance_hour(BOOK, "g4dn.xlarge")
    assert hour.usd == Fraction("0.58912")  # 0.526 x 1.12
    assert hour.parts == {"instance": Fraction("0.526"), "managed_instances_fee": Fraction("0.06312")}
    assert "unverified for GPU" in hour.note


def test_a_job_costs_its_time_and_its_share_of_the_start() -> None:
    cost = asset_cost(fargate("x86", "2", "4"), wall_s=3.6, bytes_out=0, terms=terms(), book=BOOK)
    assert cost.compute_usd == Fraction("0.00009874")  # a thousandth of an hour
    assert cost.cold_start_usd == Fraction("0.09874") / 3600 * Fraction("0.57")  # 57 s over 100 jobs
    assert cost.usd == Fraction("0.09874") / 3600 * Fraction("4.17")


def test_idle_time_is_paid_by_the_jobs() -> None:
    half = terms(utilisation=Fraction(1, 2), cold_start_s=0)
    cost = asset_cost(fargate("x86", "2", "4"), wall_s=3.6, bytes_out=0, terms=half, book=BOOK)
    assert cost.usd == Fraction("0.00019748")


def test_a_task_is_billed_for_a_minute_at_least() -> None:
    alone = terms(jobs_per_task=1, cold_start_s=20)
    cost = asset_cost(fargate("x86", "2", "4"), wall_s=10.0, bytes_out=0, terms=alone, book=BOOK)
    assert cost.usd == Fraction("0.09874") / 60
    assert cost.compute_usd == Fraction("0.09874") / 360
    longer = asset_cost(fargate("x86", "2", "4"), wall_s=50.0, bytes_out=0, terms=alone, book=BOOK)
    assert longer.usd == Fraction("0.09874") * 70 / 3600


def test_egress_is_every_viewers_bytes_and_no_part_of_the_cost() -> None:
    viewed = terms(views_per_asset=10)
    cost = asset_cost(fargate("x86", "2", "4"), wall_s=3.6, bytes_out=2**30, terms=viewed, book=BOOK)
    assert cost.egress_usd == Fraction("0.85")  # 10 GB at 0.085
    assert cost.usd is not None
    assert cost.usd < Fraction("0.001")


def test_an_unpriced_machine_costs_nothing_known() -> None:
    hour = unpriced("this machine's own cores have no list price")
    cost = asset_cost(hour, wall_s=1.0, bytes_out=2**30, terms=terms(views_per_asset=1), book=BOOK)
    fields = cost_fields(cost, hour)
    assert fields["cost_usd_per_asset"] is None
    assert fields["cost_reason"] == "this machine's own cores have no list price"
    assert cost.egress_usd == Fraction("0.085")


@pytest.mark.parametrize(
    "hour",
    [
        instance_hour(BOOK, "p9.huge"),
        instance_hour(NO_PRICES, "g5.xlarge"),
        fargate_hour(NO_PRICES, arch="x86", vcpu=Decimal(1), memory_gb=Decimal(2), capacity="on_demand"),
    ],
)
def test_a_missing_price_is_named_and_never_zero(hour: HourlyPrice) -> None:
    cost = asset_cost(hour, wall_s=1.0, bytes_out=1, terms=terms(), book=NO_PRICES)
    assert cost.usd is None
    assert cost.egress_usd is None
    assert cost.reason is not None
    assert "price book has no" in cost.reason


def test_money_leaves_as_decimal_strings_with_the_date_of_the_oldest_price() -> None:
    hour = instance_hour(BOOK, "g4dn.xlarge")
    fields: Any = cost_fields(
        asset_cost(hour, wall_s=36.0, bytes_out=0, terms=terms(cold_start_s=0), book=BOOK), hour
    )
    assert fields["cost_usd_per_asset"] == "0.0058912"
    assert fields["cost"]["usd_per_hour"] == "0.58912"
    assert fields["cost"]["prices_dated"] == "2026-07-20"


@pytest.mark.parametrize(
    "wrong", [{"jobs_per_task": Fraction(1, 2)}, {"utilisation": 0}, {"utilisation": 2}, {"cold_start_s": -1}]
)
def test_terms_without_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"task|utilisation"):
        terms(**wrong)
