"""The fixed cost as the rows of documents: plain values, USD as decimal strings."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.architecture.fixed import FixedCost, FixedItem
from tidegauge.cost.money import text


def fixed_cost_document(fixed: FixedCost) -> dict[str, object]:
    """The fixed cost as summary.json carries it."""
    hourly = fixed.hourly_exact
    return {
        "hourly": None if hourly is None else text(hourly),
        "monthly": None if fixed.monthly is None else text(fixed.monthly),
        "hours_per_month": text(fixed.hours_per_month),
        "items": [_item_row(item, fixed.hours_per_month) for item in fixed.items],
        "missing": [
            {
                "file": missing.file,
                "resource": missing.resource,
                "resource_type": missing.resource_type,
                "reason": missing.reason,
            }
            for missing in fixed.missing
        ],
        "billed_by_use": list(fixed.billed_by_use),
        "no_charge": list(fixed.no_charge),
        "provisioned_tables": sorted(fixed.provisioned_tables),
    }


def _item_row(item: FixedItem, hours_per_month: Decimal) -> dict[str, object]:
    return {
        "file": item.file,
        "resource": item.resource,
        "resource_type": item.resource_type,
        "service": item.service,
        "unit": item.unit,
        "attributes": dict(item.attributes),
        "quantity": text(item.quantity),
        "list_price": text(item.list_price),
        "list_unit": item.list_unit,
        "hourly": text(item.hourly_exact),
        "monthly": text(item.hourly_exact * Fraction(hours_per_month)),
        "price_date": item.origin.price_date,
        "source": item.origin.source,
        "confidence": item.origin.confidence,
        "note": item.origin.note,
    }
