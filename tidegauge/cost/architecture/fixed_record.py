"""The fixed cost as documents carry it: USD as decimal strings."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tidegauge import cost_record
from tidegauge.cost.architecture.fixed import FixedCost, FixedItem
from tidegauge.cost.money import text
from tidegauge.cost_record import FixedHours, UnpricedPart, UnpricedResource


def fixed_hours(fixed: FixedCost) -> FixedHours:
    """The fixed cost as summary.json carries it."""
    return FixedHours(
        hourly=text(fixed.hourly_exact),
        monthly=text(fixed.monthly),
        hours_per_month=text(fixed.hours_per_month),
        items=tuple(_item(item, fixed.hours_per_month) for item in fixed.items),
        complete=fixed.complete,
        missing=tuple(
            UnpricedResource(
                file=missing.file,
                resource=missing.resource,
                resource_type=missing.resource_type,
                property=missing.property,
                reason=missing.reason,
            )
            for missing in fixed.missing
        ),
        billed_by_use=tuple(fixed.billed_by_use),
        no_charge=tuple(fixed.no_charge),
        provisioned_tables=tuple(sorted(fixed.provisioned_tables)),
    )


def unpriced_parts(fixed: FixedCost) -> tuple[UnpricedPart, ...]:
    """What the sums of the fixed cost lack."""
    return tuple(
        UnpricedPart(
            file=missing.file,
            resource=missing.resource,
            type=missing.resource_type,
            property=missing.property,
            reason=missing.reason,
        )
        for missing in fixed.missing
    )


def _item(item: FixedItem, hours_per_month: Decimal) -> cost_record.FixedItem:
    return cost_record.FixedItem(
        file=item.file,
        resource=item.resource,
        resource_type=item.resource_type,
        service=item.service,
        unit=item.unit,
        attributes=dict(item.attributes),
        quantity=text(item.quantity),
        list_price=text(item.list_price),
        list_unit=item.list_unit,
        hourly=text(item.hourly_exact),
        monthly=text(item.hourly_exact * Fraction(hours_per_month)),
        price_date=item.origin.price_date,
        source=item.origin.source,
        confidence=item.origin.confidence,
        note=item.origin.note,
    )
