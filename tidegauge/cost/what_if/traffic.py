"""How a change's saving depends on traffic, where both sides are made of priced units."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if.change import Traffic
from tidegauge.cost.what_if.month import Choice, Month, times

Items = tuple[UsageItem, ...]
Shares = Callable[[UsageItem], Fraction | None]


def of_units(service: str, *units: str) -> Choice:
    """Whether an item is of that service and one of those units."""
    return lambda item: item.service == service and item.unit in units


def with_items(month: Month, after: Items, unit: str, now: Fraction, grows: Choice) -> Traffic | None:
    """Traffic whose chosen items grow with it, before the change and after it; None where there is none."""
    if not now:
        return None
    return Traffic(
        unit=unit,
        now=now,
        difference=_difference(
            month,
            before=lambda units: month.grown(factor_of(units, now), grows),
            after=lambda units: (month.grown(factor_of(units, now), grows, after), Fraction(0)),
        ),
    )


def factor_of(units: Fraction, now: Fraction) -> Fraction:
    """How many times the present traffic `units` are; of none at all there is no other."""
    return units / now if now else Fraction(1)


def beyond_commitment(month: Month, shares: Shares, factor: Fraction) -> Items:
    """What stays on demand of a month at `factor` times its traffic, beside a commitment.

    `shares` says which share of an item's present units is committed to; None: it cannot be.
    """
    items = []
    for item in month.usage.items:
        share = shares(item)
        left = Fraction(1) if share is None else max(factor - share, Fraction(0))
        items += [times(item, left)] if left else []
    return tuple(items)


def with_commitment(month: Month, shares: Shares, extra: Fraction, unit: str, now: Fraction) -> Traffic:
    """A commitment that costs `extra` USD a month whatever is used; what it covers grows with traffic."""
    return Traffic(
        unit=unit,
        now=now,
        difference=_difference(
            month,
            before=lambda units: month.grown(factor_of(units, now), lambda item: shares(item) is not None),
            after=lambda units: (beyond_commitment(month, shares, factor_of(units, now)), extra),
        ),
    )


def between(
    month: Month,
    *,
    unit: str,
    now: Fraction,
    before: Callable[[Fraction], Items],
    after: Callable[[Fraction], Items],
) -> Traffic:
    """Traffic between two months that are given at any of it."""
    return Traffic(
        unit=unit,
        now=now,
        difference=_difference(month, before=before, after=lambda units: (after(units), Fraction(0))),
    )


def _difference(
    month: Month,
    *,
    before: Callable[[Fraction], Items],
    after: Callable[[Fraction], tuple[Items, Fraction]],
) -> Callable[[Fraction], Fraction | None]:
    def difference(units: Fraction) -> Fraction | None:
        items, extra = after(units)
        costs = month.total(items), month.total(before(units))
        return None if costs[0] is None or costs[1] is None else costs[0] + extra - costs[1]

    return difference
