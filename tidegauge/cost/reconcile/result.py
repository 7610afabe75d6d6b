"""A bill reconciled: each charge in one line, each line's difference by its causes, and a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tidegauge.cost.audit.month_items import add
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.reconcile.billed import Bill, MappedRows
from tidegauge.cost.reconcile.causes import TERMS, UNMAPPED, unexplained
from tidegauge.cost.reconcile.expected import Expected
from tidegauge.cost.reconcile.lines import Line, make_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The whole of it."""

    bill: Bill
    expected: Expected
    lines: tuple[Line, ...]
    unmapped: tuple[MappedRows, ...]
    doubts: tuple[str, ...]  # why the verdict cannot be the last word
    is_decidable: bool  # whether the bill is of the hours that were expected at all
    tolerance: Fraction

    @property
    def causes(self) -> dict[str, Fraction]:
        """USD by cause; they add up to the difference."""
        sums: dict[str, Fraction] = {}
        for part in (part for line in self.lines for part in line.parts):
            sums[part.cause] = sums.get(part.cause, Fraction(0)) + part.amount
        return dict(sorted(sums.items(), key=lambda each: -abs(each[1])))

    @property
    def unexplained(self) -> Fraction:
        """USD that no term of the bill explains: line by line, so that too much does not hide too little."""
        return add(abs(unexplained(line.parts)) for line in self.lines)

    @property
    def comparable(self) -> Fraction:
        """USD of the bill as it was expected: less what its own terms explain, and the unmapped."""
        terms = add(amount for cause, amount in self.causes.items() if cause in TERMS or cause == UNMAPPED)
        return self.bill.held - terms

    @property
    def deviation(self) -> Fraction | None:
        """Unexplained / comparable; None where nothing comparable was billed."""
        if not self.unexplained:
            return Fraction(0)
        return self.unexplained / self.comparable if self.comparable > 0 else None

    @property
    def is_within_tolerance(self) -> bool:
        """False too where nothing comparable was billed, and something was expected."""
        return self.deviation is not None and self.deviation <= self.tolerance

    @property
    def verdict(self) -> Literal["PASS", "FAIL", "INCONCLUSIVE"]:
        """FAIL only where no reading of the unmapped charges would make it PASS."""
        if self.is_within_tolerance and self.is_decidable and not self.doubts:
            return "PASS"
        unmapped = add(each.rows.amount for each in self.unmapped)
        least = max(self.unexplained - unmapped, Fraction(0))
        most = max(self.comparable + unmapped, Fraction(0))
        return "FAIL" if self.is_decidable and least > self.tolerance * most else "INCONCLUSIVE"


def reconcile(
    bill: Bill,
    mapped: Sequence[MappedRows],
    expected: Expected,
    book: PriceBook,
    *,
    tolerance: Fraction,
    doubts: Iterable[str] = (),
    is_decidable: bool = True,
) -> Reconciliation:
    """`mapped` are the bill's rows by the book's names; `doubts` are what the caller knows of them."""
    unmapped = tuple(each for each in mapped if each.key is None and each.rows.counts)
    found = [*doubts]
    if any(each.rows.amount for each in unmapped):
        found.append("charges are unmapped: whether they were expected is not known")
    if expected.unpriced:
        found.append("something expected has no price: the expected total is at least this")
    return Reconciliation(
        bill=bill,
        expected=expected,
        lines=tuple(make_lines(mapped, expected, book)),
        unmapped=unmapped,
        doubts=tuple(found),
        is_decidable=is_decidable,
        tolerance=tolerance,
    )
