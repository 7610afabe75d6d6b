"""The month that an audit arrives at, for what-ifs to change."""

from __future__ import annotations

from fractions import Fraction

from tidegauge.cost.audit.month_items import add
from tidegauge.cost.audit.result import Audit
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.what_if.month import Month


def what_if_month(audit: Audit, book: PriceBook) -> Month:
    """The corrected month with what the estimate says beside it.

    Tasks whose hours depend on load, and those that a claim would run on Spot, may be interrupted; without
    templates nobody knows, and all may.
    """
    shares = {claim.line: claim.value for claim in audit.estimate.claims if claim.kind == "spot_share"}
    notes = dict(audit.estimate.names)
    if shares:
        notes["spot_share"] = next(value for value in shares.values() if value is not None)
    interruptible = {
        id(line.item)
        for each in audit.lines
        if each.reading.line.id in shares
        or any(finding.code == "depends_on_load" for finding in each.findings)
        for line in each.priced
    }
    fixed = audit.evidence.fixed
    billed = add(line.amount_exact for line in audit.priced.lines)
    return Month(
        usage=audit.month,
        book=book.for_audits(),
        notes=notes,
        provisioned_tables=fixed.provisioned_tables if fixed else (),
        interruptible=None
        if fixed is None
        else frozenset(at for at, item in enumerate(audit.month.items) if id(item) in interruptible),
        kept=Fraction(0) if audit.total is None else audit.total - billed,
    )
