"""Free units of a month: which usage they pay for, whatever the order of files and items."""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from cost_builders import BOOK, TB, item, month, total, usage
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.cost.bill import add_up
from tidegauge.cost.lines import FREE_TIER, PricedUsage, price_usage
from tidegauge.cost.prices import FreePool, Price, PriceBook, Tier
from tidegauge.cost.usage import Usage, UsageItem

US, EU = {"geo": "us"}, {"geo": "eu"}
FLOWS = ["upload", "view", None]
UNITS = [
    ("cloudfront", "http_request", US),
    ("cloudfront", "https_request", US),
    ("cloudfront", "https_request", EU),
    ("cloudfront", "egress_byte", US),
    ("cloudfront", "egress_byte", EU),
    ("sqs", "fifo_request", {}),
    ("sqs", "standard_request", {}),
    ("lambda", "gb_second", {"arch": "x86"}),
    ("lambda", "gb_second", {"arch": "arm"}),
]
MILLIONS = st.integers(0, 40).map(lambda some: some * 1_000_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    rows = draw(st.lists(st.tuples(st.sampled_from(UNITS), MILLIONS, st.sampled_from(FLOWS)), max_size=8))
    items = []
    for (service, unit, attributes), some, flow in rows:
        quantity = some * (TB // 4_000_000) if unit == "egress_byte" else some
        items.append(item(service, unit, quantity, attributes, flow))
    return usage(*items)


def bill(*files: Usage) -> PricedUsage:
    return price_usage(add_up(files), BOOK, marginal=False, free_tier=True)


def by_unit(priced: PricedUsage) -> dict[tuple[object, ...], Fraction]:
    found: dict[tuple[object, ...], Fraction] = {}
    for line in priced.lines:
        key = (line.item.flow, line.item.service, line.item.unit, line.item.attributes)
        found[key] = found.get(key, Fraction(0)) + line.amount_exact
    return found


def test_two_files_cost_the_same_in_either_order() -> None:
    """9M HTTPS and 11M HTTP share 10M: all HTTPS are free, 1M HTTP too, 10M are paid at .0075 / 10,000."""
    secure = usage(item("cloudfront", "https_request", 9_000_000, US))
    plain = usage(item("cloudfront", "http_request", 11_000_000, US))
    assert total(bill(secure, plain)) == total(bill(plain, secure)) == Decimal("7.5")


def test_the_dearest_place_is_free_first() -> None:
    """12M requests in Europe at .012 and 3M in the US at .01: 2M x .012 / 10,000 + 3M x .01 / 10,000."""
    priced = month(
        item("cloudfront", "https_request", 3_000_000, US),
        item("cloudfront", "https_request", 12_000_000, EU),
        free_tier=True,
    )
    assert total(priced) == Decimal("5.4")


@given(st.lists(usages(), min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_no_order_of_files_or_items_changes_what_a_flow_pays(files: list[Usage], chance: Random) -> None:
    as_given = bill(*files)
    shuffled = []
    for file in files:
        items = list(file.items)
        chance.shuffle(items)
        shuffled.append(replace(file, items=tuple(items)))
    chance.shuffle(shuffled)
    assert bill(*shuffled).total_exact == as_given.total_exact
    assert by_unit(bill(*shuffled)) == by_unit(as_given)


@given(usages())
@settings(deadline=None)
def test_free_units_are_all_spent_and_no_more(used: Usage) -> None:
    for pool in BOOK.free_pools.values():
        drawing = [each for each in used.items if _price(each).free_pool == pool.name]
        lines = [line for line in bill(used).lines if _price(line.item).free_pool == pool.name]
        free = sum(Fraction(line.quantity) for line in lines if line.tier == FREE_TIER)
        assert free == min(sum(Fraction(each.quantity) for each in drawing), Fraction(pool.quantity))


def _price(each: UsageItem) -> Price:
    price = BOOK.find(each.service, each.unit, dict(each.attributes))
    assert price is not None
    return price


def small_book(rates: list[list[int]], pool: int) -> PriceBook:
    """Prices of unit u0, u1, … in tiers of 3 units, which draw on one pool of a few units."""
    model = BOOK.prices["sqs", "fifo_request", ()]
    prices = {}
    for at, of_unit in enumerate(rates):
        tiers = tuple(
            Tier(
                name=f"tier {number}",
                up_to=None if number == len(of_unit) - 1 else Decimal(3 * number + 3),
                list_price=Decimal(rate),
            )
            for number, rate in enumerate(of_unit)
        )
        prices["sqs", f"u{at}", ()] = replace(model, unit=f"u{at}", per=1, tiers=tiers, free_pool="few")
    origin = BOOK.free_pools["sqs_requests"].origin
    pools = {"few": FreePool(name="few", quantity=Decimal(pool), origin=origin)}
    return replace(BOOK, prices=prices, free_pools=pools)


def paid(rates: list[int], free: int, quantity: int) -> int:
    """Units free + 1 to `quantity`, one by one at the price of their tier."""
    return sum(rates[min(unit // 3, len(rates) - 1)] for unit in range(free, quantity))


FALLING = st.lists(st.integers(0, 9), min_size=1, max_size=3).map(lambda rates: sorted(rates, reverse=True))


@given(st.lists(st.tuples(FALLING, st.integers(0, 8)), min_size=1, max_size=3), st.integers(0, 12))
@settings(deadline=None)
def test_no_other_assignment_of_free_units_is_cheaper(units: list[tuple[list[int], int]], pool: int) -> None:
    """Every assignment of whole free units to prices is tried; amounts are added unit by unit."""
    cheapest = min(
        sum(paid(rates, free, quantity) for (rates, quantity), free in zip(units, assigned, strict=True))
        for assigned in itertools.product(*(range(quantity + 1) for _, quantity in units))
        if sum(assigned) <= pool
    )
    items = [item("sqs", f"u{at}", quantity) for at, (_, quantity) in enumerate(units)]
    book = small_book([rates for rates, _ in units], pool)
    priced = price_usage(usage(*items), book, marginal=False, free_tier=True)
    assert priced.total_exact == cheapest


@pytest.mark.parametrize("first", ["view", "short_link"])
def test_flows_share_tiers_by_their_names_and_keep_their_lines(first: str) -> None:
    second = "short_link" if first == "view" else "view"
    priced = month(*(item("cloudfront", "egress_byte", 6 * TB, US, flow=flow) for flow in (first, second)))
    assert priced.lines[0].item.flow == first
    assert {(line.item.flow, line.tier): int(line.quantity) // TB for line in priced.lines} == {
        ("short_link", "first 10 TB"): 6,
        ("view", "first 10 TB"): 4,
        ("view", "next 40 TB"): 2,
    }
