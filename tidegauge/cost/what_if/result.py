"""Every what-if of a month: dollars saved a month, why, and how sure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tidegauge.cost.money import text
from tidegauge.cost.usage import UsageItem
from tidegauge.cost.what_if import compute, dynamodb, edge, network, valkey
from tidegauge.cost.what_if.change import Change
from tidegauge.cost.what_if.flat_rates import FlatRates
from tidegauge.cost.what_if.month import Month

SURE = ("L", "M", "H")  # from the least
RULES: tuple[Callable[[Month], Iterator[Change]], ...] = (
    valkey.on_valkey,
    compute.graviton,
    compute.spot,
    dynamodb.on_demand,
    dynamodb.provisioned,
    edge.hit_ratio,
    network.gateway_endpoint,
    network.interface_endpoints,
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

    @property
    def saves(self) -> Fraction | None:
        """USD a month; negative where the change costs more."""
        return None if self.after is None else self.before - self.after


def what_ifs(month: Month, flat_rates: FlatRates) -> tuple[WhatIf, ...]:
    """All what-ifs of `month`, the greatest saving first, those without a figure last."""
    before = month.total()
    if before is None:
        return ()
    changes = [*edge.flat_rate_plans(month, flat_rates), *(each for rule in RULES for each in rule(month))]
    found = [_what_if(month, before, change) for change in changes]
    return tuple(sorted(found, key=lambda each: (each.saves is None, -(each.saves or 0))))


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
        }
        for each in found
    ]


def _what_if(month: Month, before: Fraction, change: Change) -> WhatIf:
    after = None if change.items is None else month.total(change.items)
    moved = () if change.items is None else _moved(month.usage.items, change.items)
    prices = (month.book.find(item.service, item.unit, dict(item.attributes)) for item in moved)
    confidences = [price.origin.confidence for price in prices if price is not None]
    return WhatIf(
        id=change.id,
        title=change.title,
        before=before,
        after=after,
        message=change.message,
        confidence=min([*confidences, change.confidence], key=SURE.index),
        assumptions=change.assumptions,
    )


def _moved(before: Sequence[UsageItem], after: Sequence[UsageItem]) -> list[UsageItem]:
    """Items that are on one side alone."""
    plain = [[replace(item, where=None) for item in side] for side in (before, after)]
    return [item for item in plain[0] if item not in plain[1]] + [
        item for item in plain[1] if item not in plain[0]
    ]
