"""A reconciliation as `cost reconcile --json` prints it: money as exact decimal strings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction

from tidegauge.cost.audit.month_items import add
from tidegauge.cost.money import text
from tidegauge.cost.reconcile.billed import Bill, MappedRows
from tidegauge.cost.reconcile.lines import Line
from tidegauge.cost.reconcile.result import Reconciliation


def reconciliation_document(
    done: Reconciliation, *, region: str, expected_of: Mapping[str, object]
) -> dict[str, object]:
    """`expected_of` says which run or estimate it was held against."""
    bill, expected = done.bill, done.expected
    return {
        "schema_version": 1,
        "currency": "USD",
        "region": region,
        "expected_from": dict(expected_of),
        "bill": {
            "format": bill.layout,
            "files": list(bill.files),
            "ignored": list(bill.ignored),
            "total": text(bill.total),
            "left_out": [
                {"why": each.why, "rows": each.rows, "amount": text(each.amount)} for each in bill.left_out
            ],
        },
        "period": _period(bill),
        "bill_total": text(bill.held),
        "expected_total": text(expected.total),
        "difference": text(bill.held - expected.total),
        "causes": {cause: text(amount) for cause, amount in done.causes.items()},
        "unexplained": text(done.unexplained),
        "deviation": None if done.deviation is None else text(done.deviation),
        "tolerance": text(done.tolerance),
        "within_tolerance": done.is_within_tolerance,
        "verdict": done.verdict,
        "complete": not done.doubts,
        "doubts": list(done.doubts),
        "lines": [_line(line) for line in done.lines],
        "unmapped": [_unmapped(each) for each in done.unmapped],
        "unpriced": list(expected.unpriced),
        "notes": [*bill.notes, *expected.notes],
    }


def _period(bill: Bill) -> dict[str, object]:
    return {
        "start": _moment(bill.start),
        "end": _moment(bill.end),
        "hours": _hours(bill.start, bill.end),
        "used_from": _moment(bill.used_from),
        "used_until": _moment(bill.used_until),
    }


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _hours(start: dt.datetime, end: dt.datetime) -> float:
    return (end - start).total_seconds() / 3600


def _line(line: Line) -> dict[str, object]:
    return {
        "service": line.service,
        "unit": line.unit,
        "attributes": dict(line.attributes),
        "billed": text(line.billed),
        "expected": text(line.expected),
        "difference": text(line.difference),
        "billed_quantity": _or_null(line.billed_quantity),
        "expected_quantity": _or_null(line.expected_quantity),
        "cause": line.parts[0].cause if line.parts else None,
        "parts": [
            {"cause": part.cause, "amount": text(part.amount), "message": part.message} for part in line.parts
        ],
        "tags": _by_tags(line.rows),
    }


def _or_null(value: Fraction | None) -> str | None:
    return None if value is None else text(value)


def _by_tags(rows: Sequence[MappedRows]) -> list[dict[str, object]]:
    """The billed amount by the resources' tags; nothing where no row has any."""
    tags = dict.fromkeys(each.rows.tags for each in rows)
    if not any(tags):
        return []
    return [
        {"tags": dict(tag), "billed": text(add(each.rows.amount for each in rows if each.rows.tags == tag))}
        for tag in sorted(tags)
    ]


def _unmapped(each: MappedRows) -> dict[str, object]:
    return {
        "service": each.rows.product,
        "usage_type": each.rows.usage_type,
        "operation": each.rows.operation,
        "quantity": text(each.rows.quantity),
        "unit": each.rows.unit,
        "billed": text(each.rows.amount),
        "why": each.why,
    }
