"""Units spread over flows: parts that usage.json can hold, and equal items as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor

from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes
from tidegauge.cost.usage import Provenance, UsageItem

SHARE_PLACES = 18  # decimals of a flow's part


def cut(quantity: Fraction) -> Fraction:
    """`quantity` without the decimals that usage.json cannot hold; the last part gets what that leaves."""
    scale = 10**SHARE_PLACES
    return Fraction(floor(quantity * scale), scale)


def merged_items(items: Sequence[UsageItem]) -> Iterator[UsageItem]:
    """Items of the same kind as one, in order of first appearance."""
    sums: dict[tuple[str | None, str, str, Attributes, Provenance], Fraction] = {}
    for item in items:
        key = (item.flow, item.service, item.unit, item.attributes, item.provenance)
        sums[key] = sums.get(key, Fraction(0)) + Fraction(item.quantity)
    for (flow, service, unit, attributes, provenance), quantity in sums.items():
        yield UsageItem(
            flow=flow,
            service=service,
            unit=unit,
            attributes=attributes,
            quantity=to_decimal(quantity),
            provenance=provenance,
        )
