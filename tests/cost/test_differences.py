"""Differences taken apart: each part by hand, and all of them always the whole."""

from __future__ import annotations

import datetime as dt
import itertools
from fractions import Fraction

import numpy as np
import pytest

from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.offered import Key
from tidegauge.cost.reconcile.billed import CREDIT, FREE_TIER, RESERVED, USAGE, Bill, BilledRows, MappedRows
from tidegauge.cost.reconcile.expected import Expected, ExpectedUnit
from tidegauge.cost.reconcile.result import Reconciliation, reconcile
from tidegauge.cost.usage import Usage

BOOK = read_prices("us-east-1")
CALLS: Key = ("sqs", "standard_request", ())
NODES: Key = ("elasticache", "node_hour", (("engine", "redis"), ("node_type", "cache.r6g.large")))
STORED: Key = ("s3", "storage_byte_month", (("storage_class", "standard"),))
GB = 2**30


def rows(
    key: Key | None,
    amount: str,
    quantity: str = "0",
    kind: str = USAGE,
    rate: str | None = None,
    holds: int = 1,
) -> MappedRows:
    billed = BilledRows(
        kind=kind,
        counts=kind in (USAGE, FREE_TIER, RESERVED),
        product="p",
        service="s",
        usage_type="t",
        operation="",
        unit="",
        description="",
        rate=None if rate is None else Fraction(rate),
        amount=Fraction(amount),
        quantity=Fraction(quantity),
        rows=1,
        amount_step=Fraction(1, 10**10),
        quantity_step=Fraction(1, 10**10),
    )
    return MappedRows(rows=billed, key=key, holds=holds)


def reconciled(
    billed: list[MappedRows],
    expected: list[tuple[Key, str, str]],
    *,
    is_marginal: bool = False,
    tolerance: str = ".1",
) -> Reconciliation:
    start, end = (dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (11, 12))
    bill = Bill(
        layout="CUR 2.0", start=start, end=end, used_from=start, used_until=end,
        groups=tuple(each.rows for each in billed), left_out=(), widest_s=0.0, files=(), ignored=(), notes=(),
    )  # fmt: skip
    wanted = Expected(
        source="estimate",
        is_marginal=is_marginal,
        usage=Usage(region="us-east-1", window_s=BOOK.hours_per_month * 3600, items=()),
        units=tuple(ExpectedUnit(key=k, quantity=Fraction(q), amount=Fraction(a)) for k, q, a in expected),
        sums=(),
        unknown=frozenset(),
        unpriced=(),
    )
    return reconcile(bill, billed, wanted, BOOK, tolerance=Fraction(tolerance))


def causes(done: Reconciliation) -> dict[str, str]:
    return {cause: str(amount) for cause, amount in done.causes.items()}


def test_more_storage_goes_through_the_months_tiers() -> None:
    """Expected 10 TB at .023; billed 60 TB: 50 TB at .023 and 10 TB at .022, as published."""
    expected = Fraction(10 * 1024) * Fraction("0.023")
    billed = Fraction(50 * 1024) * Fraction("0.023") + Fraction(10 * 1024) * Fraction("0.022")
    done = reconciled(
        [rows(STORED, str(billed), str(60 * 1024), holds=GB)], [(STORED, str(10 * 1024 * GB), str(expected))]
    )
    assert causes(done) == {"quantity": str(billed - expected)}


def test_a_run_that_is_billed_at_a_later_tier_is_told_so() -> None:
    done = reconciled(
        [rows(STORED, "0.022", "1", rate="0.022", holds=GB)], [(STORED, str(GB), "0.023")], is_marginal=True
    )
    assert causes(done) == {"volume_tier": "-1/1000"}
    assert done.verdict == "PASS"


def test_free_units_of_the_bill_and_of_the_book_are_held_against_each_other() -> None:
    """3M calls, 1M of them free by the book; the bill gives half a million: .20 more."""
    billed = [rows(CALLS, "0", "500000", FREE_TIER), rows(CALLS, "1", "2500000")]
    assert causes(reconciled(billed, [(CALLS, "3000000", "0.8")])) == {"free_tier": "1/5"}


def test_offsetting_differences_do_not_hide_each_other() -> None:
    """100 hours of nodes are missing, and as much is spent on storage: the totals are equal."""
    done = reconciled([rows(STORED, "20.6", "895.652173913", holds=GB)], [(NODES, "100", "20.6")])
    assert done.bill.held == done.expected.total
    assert (done.verdict, done.unexplained) == ("FAIL", Fraction("41.2"))


def test_credits_make_no_difference_to_the_verdict_whatever_their_size() -> None:
    done = reconciled(
        [rows(NODES, "20.6", "100"), rows(NODES, "-20.6", kind=CREDIT)], [(NODES, "100", "20.6")]
    )
    assert (done.bill.held, done.verdict, done.deviation) == (0, "PASS", 0)


def test_nothing_billed_of_what_was_expected_fails_without_a_deviation() -> None:
    done = reconciled([rows(NODES, "-5", kind=CREDIT)], [(NODES, "100", "20.6")])
    assert (done.verdict, done.deviation) == ("FAIL", None)


def test_nothing_expected_and_nothing_billed_passes() -> None:
    assert reconciled([], []).verdict == "PASS"


@pytest.mark.parametrize(("unmapped", "verdict"), [("30", "INCONCLUSIVE"), ("3", "FAIL")])
def test_unmapped_charges_decide_only_where_they_may_be_what_is_missing(unmapped: str, verdict: str) -> None:
    billed = [rows(NODES, "10.3", "50"), rows(None, unmapped)]
    assert reconciled(billed, [(NODES, "200", "41.2")]).verdict == verdict  # 30.90 are missing


@pytest.mark.parametrize("seed", range(40))
def test_parts_always_add_up_to_the_difference(seed: int) -> None:
    """Whatever is billed and expected: parts to lines, lines to the bill, causes to the whole difference."""
    draw = np.random.default_rng(seed)
    kinds = (USAGE, FREE_TIER, RESERVED, CREDIT)
    billed = [
        rows(
            key,
            "0"
            if kind == FREE_TIER
            else str(draw.integers(-(10**6) if kind == CREDIT else 0, 10**6) / 10**4),
            str(draw.integers(0, 10**7)),
            kind,
        )
        for key, kind in itertools.product((CALLS, NODES, STORED, None), kinds)
        if draw.random() < 0.6
    ]
    expected = [
        (key, str(draw.integers(0, 10**7)), str(draw.integers(0, 10**6) / 10**4))
        for key in (CALLS, NODES, STORED)
        if draw.random() < 0.7
    ]
    done = reconciled(billed, expected, is_marginal=bool(draw.random() < 0.5))
    assert sum(line.billed for line in done.lines) == done.bill.held
    assert sum(line.expected for line in done.lines) == done.expected.total
    for line in done.lines:
        assert sum(part.amount for part in line.parts) == line.difference
    assert sum(done.causes.values()) == done.bill.held - done.expected.total
    assert done.unexplained >= 0
