"""A bill as it is reconciled: its rows added up by what they charge for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from tidegauge.cost.offered import Key

USAGE, FREE_TIER, ROUNDING = "usage", "free_tier", "rounding"
SAVINGS_PLAN, RESERVED = "savings_plan", "reserved"
REFUND, CREDIT, DISCOUNT, TAX, SUPPORT = "refund", "credit", "discount", "tax", "support"
FEE, FLAT_RATE, ADJUSTMENT, OTHER = "fee", "flat_rate", "adjustment", "other"


PLACES = 12  # decimals of a dollar that are told apart: bills have ten


def settled(amount: Fraction) -> Fraction:
    """An amount that the price book makes, with an end to its decimals, so that documents add up."""
    return Fraction(round(amount * 10**PLACES), 10**PLACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledRows:
    """Rows of a bill that charge alike, added up exactly."""

    kind: str  # one of the names above: what sort of charge it is
    counts: bool  # whether the quantity is usage of its own, and not a second row about the same usage
    product: str  # the provider's code of what the charge is part of
    service: str  # the provider's code of the service that the price list has it under; empty: not said
    usage_type: str
    operation: str
    unit: str  # as the bill names it
    description: str
    rate: Fraction | None  # USD a unit of the bill; None where the bill does not say
    amount: Fraction  # USD
    quantity: Fraction  # in the bill's unit
    rows: int
    amount_step: Fraction  # the last digit that the amounts are written to
    quantity_step: Fraction  # the last digit that the quantities are written to
    tags: tuple[tuple[str, str], ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)  # what else the bill says of the product


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRows:
    """Billed rows by the price book's names; None and why where it has none."""

    rows: BilledRows
    key: Key | None
    holds: int = 1  # units of the book in a unit of the bill
    why: str = ""

    @property
    def quantity(self) -> Fraction:
        """In the book's units."""
        return self.rows.quantity * self.holds

    @property
    def quantity_slack(self) -> Fraction:
        """How far rounding of each row may have moved the quantity."""
        return self.rows.quantity_step * self.rows.rows * self.holds / 2

    @property
    def amount_slack(self) -> Fraction:
        """How far rounding of each row may have moved the amount."""
        return self.rows.amount_step * self.rows.rows / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows that are not held against anything, and why."""

    why: str
    rows: int
    amount: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One delivery of a bill."""

    layout: str  # such as "CUR 2.0"
    start: dt.datetime  # of the billing period
    end: dt.datetime
    used_from: dt.datetime | None  # the hours that its usage covers; None without usage
    used_until: dt.datetime | None
    groups: tuple[BilledRows, ...]
    left_out: tuple[LeftOut, ...]
    widest_s: float  # the longest stretch that a row of usage is about
    files: tuple[str, ...]
    ignored: tuple[str, ...]  # a sentence a file that was not read
    notes: tuple[str, ...]

    @property
    def total(self) -> Fraction:
        """USD of every row, those left out included."""
        return self.held + sum((each.amount for each in self.left_out), Fraction(0))

    @property
    def held(self) -> Fraction:
        """USD of the rows that are held against what was expected."""
        return sum((each.amount for each in self.groups), Fraction(0))
