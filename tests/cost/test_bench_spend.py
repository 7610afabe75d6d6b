"""What a bench on rented tasks costs, against hand sums."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tidegauge.cost.bench_spend import TaskLoad, bench_spend, expected_s

# 2 vCPU and 4 GB of x86: 2 x 0.04048 + 4 x 0.004445
WORKER = TaskLoad(
    profile="w", usd_per_hour=Decimal("0.09874"), vcpu=2, cells=8, rounds=5, quality=True
)  # fmt: skip


def test_the_most_is_every_task_up_to_its_limit() -> None:
    spend = bench_spend([WORKER], tasks_each=5, limit_s=1800)
    assert spend.at_most_usd == Decimal("0.24685")  # 5 x half an hour


def test_the_expected_time_is_the_start_and_the_rounds_on_all_vcpus() -> None:
    assert expected_s(WORKER) == pytest.approx(57 + 8 * (6 * 5 + 5) / 2)


def test_a_task_is_billed_for_a_minute_at_least() -> None:
    short = TaskLoad(profile="s", usd_per_hour=Decimal(60), vcpu=16, cells=1, rounds=1, quality=False)
    assert bench_spend([short], tasks_each=1, limit_s=3600).expected_usd == 1


def test_a_missing_price_blocks_both_figures() -> None:
    unknown = TaskLoad(profile="u", usd_per_hour=None, vcpu=1, cells=1, rounds=1, quality=False)
    spend = bench_spend([WORKER, unknown], tasks_each=2, limit_s=600)
    assert (spend.tasks, spend.expected_usd, spend.at_most_usd, spend.unpriced) == (4, None, None, ("u",))
