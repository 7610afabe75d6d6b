"""Every what-if of a month: dollars saved a month, why, and how sure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.cost.money import text
from tidegauge.cost.prices import label
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if import (
    bundle,
    compute,
    delivery,
    dynamodb,
    edge,
    network,
    savings,
    storage,
    valkey,
)
from tidegauge.cost.what_if.break_even import BreakEven, find_break_even, in_words
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.commitments import Commitments
from tidegauge.cost.what_if.flat_rates import FlatRates
from tidegauge.cost.what_if.month import Month
from tidegauge.cost_record import DOUBT

SURE = ("L", "M", "H")  # from the least
RULES: tuple[Callable[[Month], Iterator[Change]], ...] = (
    valkey.on_valkey,
    compute.graviton,
    compute.spot,
    dynamodb.on_demand,
    dynamodb.provisioned,
    edge.hit_ratio,
    delivery.edge_functions,
    delivery.price_classes,
    storage.cheaper_classes,
    storage.intelligent_tiering,
    storage.log_class,
    network.gateway_endpoint,
    network.interface_endpoints,
)
COMMITTED: tuple[Callable[[Month, Commitments], Iterator[Change]], ...] = (
    savings.savings_plans,
    savings.reserved_nodes,
    savings.reserved_capacity,
    bundle.cloudfront_bundle,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One change to a month; `after` is None where it cannot be made, or the month does not say enough."""

    id: str
    title: str
    before: Fraction  # USD a month
    after: Fraction | None
    message: str
    confidence: str  # the lowest of the prices that moved
    assumptions: tuple[str, ...]
    break_even: BreakEven

    @property
    def saves(self) -> Fraction | None:
        """USD a month; negative where the change costs more."""
        return None if self.after is None else self.before - self.after


def what_ifs(month: Month, flat_rates: FlatRates, commitments: Commitments) -> tuple[WhatIf, ...]:
    """All what-ifs of `month`, the greatest saving first, those without a figure last."""
    before = month.total()
    if before is None:
        return ()
    found = [_what_if(month, before, change) for change in changes(month, flat_rates, commitments)]
    return tuple(sorted(found, key=lambda each: (each.saves is None, -(each.saves or 0))))


def changes(month: Month, flat_rates: FlatRates, commitments: Commitments) -> Iterator[Change]:
    """What there is to change of `month`."""
    yield from edge.flat_rate_plans(month, flat_rates)
    for rule in RULES:
        yield from rule(month)
    for committed in COMMITTED:
        yield from committed(month, commitments)


def what_if_rows(found: Sequence[WhatIf]) -> list[dict[str, object]]:
    """What-ifs as documents carry them: USD as decimal strings."""
    return [
        {
            "id": each.id,
            "title": each.title,
            "before": text(each.before),
            "after": None if each.after is None else text(each.after),
            "saves_usd_per_month": None if each.saves is None else text(each.saves),
            "message": each.message,
            "confidence": each.confidence,
            "assumptions": list(each.assumptions),
            "break_even": {
                "unit": each.break_even.unit or None,
                "quantity": _text(each.break_even.quantity),
                "times_now": _text(each.break_even.times_now),
                "pays": each.break_even.pays,
                "reason": each.break_even.reason or None,
            },
        }
        for each in found
    ]


def _text(value: Fraction | None) -> str | None:
    return None if value is None else text(value)


def _what_if(month: Month, before: Fraction, change: Change) -> WhatIf:
    after = None if change.items is None else month.total(change.items)
    moved = () if change.items is None else _moved(month.usage.items, change.items)
    doubts = _doubts(month, moved)
    even = find_break_even(change)
    said = [change.message, *([] if even.quantity is None else [in_words(even)])]
    said += [f"the price book has no {name}" for name in month.unpriced(moved)]
    for confidence, word in DOUBT.items():
        names = [name for name, found in doubts.items() if found == confidence]
        said += [f"{word} price: {', '.join(names)}"] if names else []
        said += [f"its terms are {word}"] if change.confidence == confidence else []
    return WhatIf(
        id=change.id,
        title=change.title,
        before=before,
        after=None if after is None else after + change.extra,
        message="; ".join(said),
        confidence=min([*doubts.values(), change.confidence], key=SURE.index),
        assumptions=change.assumptions,
        break_even=even,
    )


def _doubts(month: Month, moved: Sequence[UsageItem]) -> dict[str, str]:
    """{price: its confidence} of those that moved and are not official."""
    prices = (month.book.find(item.service, item.unit, dict(item.attributes)) for item in moved)
    return {
        label(price.service, price.unit, price.attributes): price.origin.confidence
        for price in prices
        if price is not None and price.origin.confidence != "H"
    }


def _moved(before: Sequence[UsageItem], after: Sequence[UsageItem]) -> list[UsageItem]:
    """Items that are on one side alone."""
    plain = [[replace(item, where=None) for item in side] for side in (before, after)]
    return [item for item in plain[0] if item not in plain[1]] + [
        item for item in plain[1] if item not in plain[0]
    ]
