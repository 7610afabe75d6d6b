"""An audit as the rows of documents: plain values, money as decimal strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.usage import Use
from tidegauge.cost.architecture.usage_names import NAMES
from tidegauge.cost.audit.absent import Absent
from tidegauge.cost.audit.claims import AuditedClaim
from tidegauge.cost.audit.result import Audit, AuditedLine
from tidegauge.cost.audit.said import Finding
from tidegauge.cost.doubts import doubts
from tidegauge.cost.line_rows import line_row
from tidegauge.cost.money import text
from tidegauge.cost.what_if.month import NOTES


def audit_document(
    audit: Audit,
    *,
    findings: Sequence[Finding],
    claims: Sequence[AuditedClaim],
    what_ifs: Sequence[dict[str, object]],
    elsewhere: Sequence[dict[str, object]],
    old_prices: Sequence[str],
) -> dict[str, object]:
    """What `cost validate --json` prints; `findings` come after the audit's own."""
    deviation = audit.deviation
    fixed = audit.evidence.fixed
    return {
        "schema_version": 1,
        "name": audit.estimate.name,
        "region": audit.estimate.region,
        "currency": "USD",
        "tolerance": text(audit.estimate.tolerance),
        "deviation": None if deviation is None else text(deviation),
        "within_tolerance": audit.is_within_tolerance,
        "estimate_total": text(audit.estimate_total),
        "corrected_total": None if audit.total is None else text(audit.total),
        "complete": audit.complete,
        "unpriced": [asdict(each) for each in audit.unpriced],
        "totals": {name: None if total is None else text(total) for name, total in audit.totals.items()},
        "fixed_monthly": None if fixed is None else text(fixed.monthly),
        "architecture": _architecture_rows(audit),
        "free": [asdict(each) for each in fixed.free] if fixed else [],
        "lines": [_line_row(line) for line in audit.lines],
        "absent": [_absent_row(each) for each in audit.absent],
        "findings": _finding_rows([*audit.findings, *findings]),
        "claims": [
            {"id": each.claim.id, "text": each.claim.text, "findings": _finding_rows(each.findings)}
            for each in claims
        ],
        "what_ifs": list(what_ifs),
        "elsewhere": list(elsewhere),
        "assumptions": _assumptions(audit),
        "old_prices": list(old_prices),
    }


def _architecture_rows(audit: Audit) -> list[dict[str, object]]:
    """Every resource of the templates that is billed: what it holds a month, and what it is used for."""
    fixed, rows = audit.evidence.fixed, dict[str, dict[str, Any]]()

    def row(name: str, kind: str, file: str) -> dict[str, Any]:
        new = {
            "resource": name,
            "resource_type": kind,
            "file": file,
            "fixed_monthly": Fraction(0),
            "usage": [],
        }
        return rows.setdefault(f"{file} {name}", new)

    for item in fixed.items if fixed else ():
        monthly = item.hourly_exact * Fraction(fixed.hours_per_month) if fixed else Fraction(0)
        row(item.resource, item.resource_type, item.file)["fixed_monthly"] += monthly
    for use in audit.evidence.uses:
        row(use.resource.name, use.resource.type, use.resource.file)["usage"].append(_use_row(use))
        for other in use.shared_with:
            row(other.name, other.type, other.file)["usage"].append(_shared_row(use))
    return [each | {"fixed_monthly": text(each["fixed_monthly"])} for each in rows.values()]


def _use_row(use: Use) -> dict[str, object]:
    return {
        "service": use.service,
        "unit": use.unit,
        "quantity": None if use.quantity is None else text(use.quantity),
        "needs": list(use.needs),
        "how": use.how,
    }


def _shared_row(use: Use) -> dict[str, object]:
    """The use of a resource whose figure is the total of several, and counts with the first of them."""
    quantity = None if use.quantity is None else "0"
    return {**_use_row(use), "quantity": quantity, "how": f"{use.how}, counted with {use.resource.name}"}


def _line_row(line: AuditedLine) -> dict[str, object]:
    written = line.reading.line
    return {
        "id": written.id,
        "text": written.text,
        "service": written.service,
        "unit": written.unit,
        "attributes": dict(written.attributes),
        "flow": written.flow,
        "formula": written.formula,
        "estimate": text(line.reading.amount),
        "corrected": text(line.corrected),
        "difference": text(line.corrected - line.reading.amount),
        "basis": line.basis,
        "findings": _finding_rows(line.findings),
        "priced": [line_row(each) for each in line.priced],
    }


def _absent_row(each: Absent) -> dict[str, object]:
    position = each.position
    units = dict.fromkeys(line.item.unit for line in each.priced)
    return {
        "resource": ", ".join(position.resources) or None,
        "resource_type": ", ".join(dict.fromkeys(position.resources.values())) or None,
        "service": position.service,
        "unit": ", ".join(units) or None,
        "amount": None if each.amount is None else text(each.amount),
        "needs": list(dict.fromkeys(position.needs)),
        "why": "; ".join(dict.fromkeys(position.why)),
        "priced": [line_row(line) for line in each.priced],
    }


def _finding_rows(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"code": finding.code, "message": finding.message} for finding in findings]


def _assumptions(audit: Audit) -> list[str]:
    """What the corrected total rests on, each once."""
    assumed = [
        f"{name} = {text(Fraction(value))}: {(NAMES | NOTES).get(name, 'as the estimate assumes')}"
        for name, value in audit.estimate.assumed.items()
    ]
    shaky = doubts(line for line in audit.priced.lines if line.quantity)
    held = audit.evidence.fixed.assumptions if audit.evidence.fixed else ()
    return list(dict.fromkeys([*assumed, *shaky, *held]))
