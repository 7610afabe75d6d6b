"""A bill held against a run or an estimate, as a document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tidegauge.collect.bills.mapping import map_rows
from tidegauge.collect.bills.reading import read_bill
from tidegauge.collect.bills.selecting import Span
from tidegauge.collect.prices.packaged import read_offer_map, read_prices
from tidegauge.cost.architecture.fixed import price_architecture
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.reconcile.billed import Bill
from tidegauge.cost.reconcile.document import reconciliation_document
from tidegauge.cost.reconcile.expected import Expected, expect_estimate, expect_run
from tidegauge.cost.reconcile.result import reconcile
from tidegauge.errors import TidegaugeError
from tidegauge.results.audit import audit_of, read_usage_of
from tidegauge.results.templates import read_templates
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder

HOUR = dt.timedelta(hours=1)
TOLERANCE = Fraction(1, 10)  # as an estimate's, where none is given


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a bill is held against, and how far that can be said."""

    bill: Bill
    expected: Expected
    book: PriceBook
    tolerance: Fraction
    doubts: tuple[str, ...]
    is_decidable: bool
    named: dict[str, object]


def reconcile_run(
    paths: Sequence[Path],
    run_dir: Path,
    *,
    tag: tuple[str, str] | None,
    tolerance: float | None,
    prices_file: Path | None,
) -> dict[str, Any]:
    """The bill's whole hours of a run beside the run's usage at list prices and its architecture's hours."""
    folder = RunFolder.open(run_dir)
    run, usage = folder.read_run(), read_usage_of(folder)
    book = read_prices(usage.region, prices_file)
    span = _hours_of(run)
    bill = read_bill(paths, hours=span, tag=tag)
    _require_charges(bill, tag)
    fixed = (
        None if run.architecture is None else price_architecture(read_templates(Path(run.architecture)), book)
    )
    hours = Fraction((span[1] - span[0]) // HOUR)
    doubts = tuple(_doubts_of_run(bill, span))
    return _document(
        _Held(
            bill=bill,
            expected=expect_run(usage, fixed, hours, book),
            book=book,
            tolerance=_share(tolerance, TOLERANCE),
            doubts=doubts,
            is_decidable=not doubts,
            named={"run": str(run_dir), **_named_hours(span), "window_s": run.window.duration_s},
        )
    )


def _named_hours(span: Span) -> dict[str, object]:
    start, end = span
    return {"from": start.isoformat(), "until": end.isoformat(), "hours": (end - start) // HOUR}


def reconcile_estimate(
    paths: Sequence[Path],
    estimate: Path,
    *,
    tag: tuple[str, str] | None,
    tolerance: float | None,
    prices_file: Path | None,
) -> dict[str, Any]:
    """The bill beside the month that the audit of an estimate arrives at, in the hours billed so far."""
    audit, book = audit_of(estimate, prices_file=prices_file)
    bill = read_bill(paths, tag=tag)
    _require_charges(bill, tag)
    until = _billed_until(bill)
    share = Fraction(int((until - bill.start).total_seconds()), int((bill.end - bill.start).total_seconds()))
    hours = Fraction(int((until - bill.start).total_seconds()), 3600)
    return _document(
        _Held(
            bill=bill,
            expected=expect_estimate(audit, hours, share, book),
            book=book,
            tolerance=_share(tolerance, audit.estimate.tolerance),
            doubts=tuple(_doubts_of_month(bill, until)),
            is_decidable=True,
            named={"estimate": str(estimate), "name": audit.estimate.name, "hours": float(hours)},
        )
    )


def _require_charges(bill: Bill, tag: tuple[str, str] | None) -> None:
    """Refuses a tag that leaves nothing: it is misspelt, or not among the cost allocation tags."""
    if tag is not None and not bill.groups:
        raise TidegaugeError(
            f"no charge of the bill has the tag {'='.join(tag):.100}",
            "is it activated as a cost allocation tag? for a run, its hours alone count",
        )


def _document(held: _Held) -> dict[str, Any]:
    keys = [each.key for each in held.expected.units]
    done = reconcile(
        held.bill,
        map_rows(held.bill.groups, held.book, read_offer_map(), keys),
        held.expected,
        held.book,
        tolerance=held.tolerance,
        doubts=held.doubts,
        is_decidable=held.is_decidable,
    )
    return reconciliation_document(done, region=held.book.region, expected_of=held.named)


def _share(given: float | None, default: Fraction) -> Fraction:
    return default if given is None else Fraction(str(given))


def _hours_of(run: RunRecord) -> Span:
    """The whole hours that a run's window touches: bills have no shorter ones."""
    start, end = (
        dt.datetime.fromtimestamp(run.began_unix_s + at_s, dt.UTC)
        for at_s in (run.window.start_s, run.window.end_s)
    )
    if end <= start:
        raise TidegaugeError("the run has no measured window", "was it interrupted while it warmed up?")
    first = start.replace(minute=0, second=0, microsecond=0)
    last = end.replace(minute=0, second=0, microsecond=0)
    return first, last if last == end else last + HOUR


def _doubts_of_run(bill: Bill, span: Span) -> list[str]:
    if bill.used_until is None:
        return ["the bill has no usage at all"]
    doubts = []
    if not bill.start <= span[0] < bill.end:
        doubts.append(
            f"the bill's period is {_shown(bill.start, bill.end)}, the run's hours are {_shown(*span)}"
        )
    elif bill.used_until < span[1]:
        ends = f"{bill.used_until:%Y-%m-%d %H:%M} UTC"
        doubts.append(f"the bill's usage ends at {ends}, the run's hours are {_shown(*span)}")
    hours = (span[1] - span[0]).total_seconds()
    if bill.widest_s > hours:
        doubts.append(
            f"the bill's rows are of up to {bill.widest_s / 3600:g} hours, the run's are {hours / 3600:g}: "
            "export by the hour"
        )
    return doubts


def _shown(start: dt.datetime, end: dt.datetime) -> str:
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _billed_until(bill: Bill) -> dt.datetime:
    """The end of the usage that was billed; the period's, where less than its last hour is missing."""
    if bill.used_until is None or bill.used_until > bill.end - HOUR:
        return bill.end
    return max(bill.used_until, bill.start + HOUR)


def _doubts_of_month(bill: Bill, until: dt.datetime) -> list[str]:
    if bill.used_until is None:
        return ["the bill has no usage at all"]
    if until < bill.end:
        billed, whole = ((each - bill.start).total_seconds() / 3600 for each in (until, bill.end))
        return [f"the bill's usage ends after {billed:,.0f} of {whole:,.0f} hours: its month is not over"]
    return []
