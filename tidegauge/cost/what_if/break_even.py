"""The traffic at which a change costs as much as it saves."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tidegauge.cost.what_if.change import Change, Traffic
from tidegauge.cost.what_if.month import GB
from tidegauge.cost.words import count

Point = tuple[Fraction, Fraction]  # units, USD after less before
DOUBLINGS = 24  # looked at up to 2^24 times the traffic, and down to a 2^24th
NOTHING = Fraction(1, 10**20)  # USD
HALVINGS = 200  # of a stretch that holds the break-even; tiers end it long before
UNKNOWN_PRICE = "the month has no price at another traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Units a month at which both cost the same; None where there are none, and `reason` says why."""

    unit: str
    quantity: Fraction | None
    times_now: Fraction | None
    pays: Literal["above", "below"] | None  # on which side of it the change saves
    reason: str


def find_break_even(change: Change) -> BreakEven:
    """Where the change begins or ceases to save, nearest to the month's own traffic."""
    traffic = change.traffic
    if traffic is None:
        return _none("", change.no_break_even)
    start = traffic.now or Fraction(GB if "byte" in traffic.unit else 1)
    at_start = _difference(traffic, start)
    if at_start is None:
        return _none(traffic.unit, UNKNOWN_PRICE)
    # The nearest points on either side at which the change makes a difference: it may make none at `start`.
    lower = upper = (start, at_start) if at_start else None
    for power in range(1, DOUBLINGS + 1):
        above, below = _point(traffic, start * 2**power), _point(traffic, start / 2**power)
        if _is_across(upper or lower, above):
            return _found(traffic, upper or lower, above)
        upper = above or upper
        if _is_across(lower or upper, below):
            return _found(traffic, below, lower or upper)
        lower = below or lower
    return _none(traffic.unit, _at_any(traffic, at_start, is_free_at_first=below is None))


def in_words(found: BreakEven) -> str:
    """`pays above 208.6 GB (nat processed_byte) a month`, or why there is no break-even."""
    if found.quantity is None:
        return found.reason
    if "byte" in found.unit:
        return f"pays {found.pays} {count(found.quantity / GB, 4)} GB ({found.unit}) a month"
    return f"pays {found.pays} {count(found.quantity)} {found.unit}s a month"


def _found(traffic: Traffic, low: Point | None, high: Point | None) -> BreakEven:
    assert low is not None
    assert high is not None
    quantity = _unrounded(_root(traffic, low, high))
    if traffic.at_most is not None and quantity > traffic.at_most:
        return _none(traffic.unit, "the traffic at which both cost the same is more than it allows")
    return BreakEven(
        unit=traffic.unit,
        quantity=quantity,
        times_now=quantity / traffic.now if traffic.now else None,
        pays="above" if high[1] < 0 else "below",
        reason="",
    )


def _none(unit: str, reason: str) -> BreakEven:
    return BreakEven(unit=unit, quantity=None, times_now=None, pays=None, reason=reason)


def _at_any(traffic: Traffic, difference: Fraction, *, is_free_at_first: bool) -> str:
    if not difference:
        return "both cost the same"
    beyond = " beyond the free units" if is_free_at_first else ""
    allowed = "" if traffic.at_most is None else " that it allows"
    return f"it costs {'less' if difference < 0 else 'more'} at any traffic{beyond}{allowed}"


def _point(traffic: Traffic, units: Fraction) -> Point | None:
    dollars = _difference(traffic, units)
    return (units, dollars) if dollars else None


def _is_across(one: Point | None, other: Point | None) -> bool:
    return one is not None and other is not None and one[1] * other[1] < 0


def _root(traffic: Traffic, low: Point, high: Point) -> Fraction:
    """Where a difference that is linear between tiers is 0: exact once a stretch lies in one tier."""
    for _ in range(HALVINGS):
        straight = low[0] + (high[0] - low[0]) * low[1] / (low[1] - high[1])
        for tried in (straight, (low[0] + high[0]) / 2):
            point = _point(traffic, tried)
            if point is None:
                return tried
            if not low[0] < tried < high[0]:
                continue
            low, high = (point, high) if _is_across(point, high) else (low, point)
    return (low[0] + high[0]) / 2


def _unrounded(units: Fraction) -> Fraction:
    """The plain fraction that quantities of 50 digits stand for."""
    plain = units.limit_denominator(10**12)
    return plain if abs(plain - units) < units / 10**30 else units


def _difference(traffic: Traffic, units: Fraction) -> Fraction | None:
    """USD after less before; what the 50 digits of endless decimals leave over is nothing."""
    dollars = traffic.difference(units)
    return Fraction(0) if dollars is not None and abs(dollars) < NOTHING else dollars
