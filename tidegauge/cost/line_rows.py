"""Priced lines as the rows of documents: plain values, money as decimal strings."""

from __future__ import annotations

from typing import Any

from tidegauge.cost.lines import CoveredItem, MissingPrice, PricedLine, PricedUsage
from tidegauge.cost.money import text
from tidegauge.cost_record import CostLine, CoveredUsage
from tidegauge.stored import document_of


def priced_document(priced: PricedUsage) -> dict[str, object]:
    """What `cost price --json` prints."""
    return {
        "lines": [line_row(line) for line in priced.lines],
        "total": None if priced.total is None else text(priced.total),
        "free_tier": priced.free_tier,
        "missing": [missing_row(missing) for missing in priced.missing],
        "covered_by_fixed": [document_of(covered_usage(covered)) for covered in priced.covered],
    }


def cost_line(line: PricedLine) -> CostLine:
    """A line as documents carry it."""
    return CostLine(
        service=line.item.service,
        unit=line.item.unit,
        attributes=dict(line.item.attributes),
        flow=line.item.flow,
        tier=line.tier,
        quantity=text(line.quantity),
        price=text(line.unit_price),
        list_price=text(line.list_price),
        list_unit=line.list_unit,
        amount=text(line.amount),
        provenance=line.item.provenance,
        price_date=line.origin.price_date,
        source=line.origin.source,
        confidence=line.origin.confidence,
        note=line.origin.note,
    )


def line_row(line: PricedLine) -> dict[str, Any]:
    """A line as a row of a document."""
    row: dict[str, Any] = document_of(cost_line(line))
    return row


def missing_row(missing: MissingPrice) -> dict[str, Any]:
    """A missing price as documents carry it."""
    return {
        "service": missing.service,
        "unit": missing.unit,
        "attributes": dict(missing.attributes),
        "flow": missing.flow,
        "reason": missing.reason,
        "hint": missing.hint,
    }


def covered_usage(covered: CoveredItem) -> CoveredUsage:
    """Covered usage as documents carry it."""
    return CoveredUsage(
        service=covered.item.service,
        unit=covered.item.unit,
        attributes=dict(covered.item.attributes),
        flow=covered.item.flow,
        quantity=text(covered.item.quantity),
        reason=covered.reason,
    )
