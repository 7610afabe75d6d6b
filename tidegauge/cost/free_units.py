"""Which usage a month's free units pay for, where several prices draw on one pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from tidegauge.cost.offered import Key
from tidegauge.cost.prices import Price, PriceBook


def price_key(price: Price) -> Key:
    """What a price is found by."""
    return price.service, price.unit, price.attributes


def allot_free_units(quantities: Mapping[Key, Fraction], book: PriceBook) -> dict[Key, Fraction]:
    """{price: its free units} of a month with `quantities` a price: the dearest units are free first.

    A price's free units are the beginning of its tiers. As tiers fall, no other assignment leaves less to
    pay; the order of the usage takes no part.
    """
    left = {pool.name: Fraction(pool.quantity) for pool in book.free_pools.values()}
    free: dict[Key, Fraction] = {}
    stretches = [
        (-unit_price, key, size)
        for key, quantity in quantities.items()
        for unit_price, size in _stretches(book.prices[key], quantity)
    ]
    for _, key, size in sorted(stretches):
        pool = book.prices[key].free_pool
        if pool is not None:
            taken = min(size, left[pool])
            free[key] = free.get(key, Fraction(0)) + taken
            left[pool] -= taken
    return free


def _stretches(price: Price, quantity: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """(USD a unit, units at that price) of each tier that `quantity` reaches into."""
    begin = Fraction(0)
    for tier in price.tiers:
        end = quantity if tier.up_to is None else min(quantity, Fraction(tier.up_to))
        if end > begin:
            yield price.unit_price(tier), end - begin
        begin = max(begin, end)
