"""Rows of a bill added up by what they charge for, in memory that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction

import pyarrow as pa

from tidegauge.collect.bills.layouts import COST, CURRENCY, DETAILS, NET, QUANTITY, TAGS
from tidegauge.collect.bills.values import number, pairs
from tidegauge.cost.reconcile.billed import DISCOUNT, BilledRows
from tidegauge.cost.reconcile.kinds import kind_of
from tidegauge.errors import TidegaugeError

# What tells one sum from another; tags and descriptions are dropped where they are too many.
TOLD_BY = ("product", "service", "usage_type", "operation", "unit", "rate", DETAILS, TAGS, "description")
DROPPED = (TAGS, "description")
SUMS_MAX = 100_000
USD = "USD"
EXACT = Context(prec=400)  # more digits than the sum of any number of cells can have
CENT = Fraction(1, 100)


@dataclass(slots=True)
class Sum:
    """The rows of one kind; as decimals keep their places, its last digits are those of the finest row."""

    amount: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    rows: int = 0

    def add(self, amount: Decimal, quantity: Decimal, rows: int) -> None:
        """`rows` further rows that have these sums."""
        self.amount = EXACT.add(self.amount, amount)
        self.quantity = EXACT.add(self.quantity, quantity)
        self.rows += rows


@dataclass(slots=True)
class Sums:
    """Sums by what their rows charge for."""

    by_row: dict[tuple[tuple[str, str], ...], Sum] = field(default_factory=dict)
    is_pooled: bool = False  # whether there were so many that tags and descriptions were dropped
    discounts: dict[tuple[tuple[str, str], ...], Sum] = field(default_factory=dict)  # net less cost
    has_net: bool = False  # whether any net cost is something: accounts without discounts have none

    def add(self, table: pa.Table) -> None:
        """The rows of a table whose columns have our names."""
        for row in table.group_by(table.column_names).aggregate([([], "count_all")]).to_pylist():
            count = row.pop("count_all")
            if row.pop(CURRENCY) != USD:
                continue  # refused before
            amount, net = number(row.pop(COST)), row.pop(NET, "")
            if net:
                self._add_net(row, EXACT.subtract(number(net), amount), count)
                self.has_net |= bool(number(net))
            self._add(row, amount, number(row.pop(QUANTITY, "")), count)

    def _add_net(self, row: Mapping[str, str], amount: Decimal, count: int) -> None:
        """What a discount takes off a row, where it stands in a column and not in a row of its own."""
        told = {name: row.get(name, "") for name in TOLD_BY if name not in DROPPED} | dict.fromkeys(
            DROPPED, ""
        )
        key = tuple((told | {"kind": DISCOUNT, "counts": ""}).items())
        self.discounts.setdefault(key, Sum()).add(EXACT.multiply(amount, count), Decimal(0), count)

    def _add(self, row: dict[str, str], amount: Decimal, quantity: Decimal, count: int) -> None:
        kind, counts = kind_of(row, amount, quantity)
        told = {name: row.get(name, "") for name in TOLD_BY} | {
            "kind": kind,
            "counts": "yes" if counts else "",
        }
        key = tuple(told.items())
        if key not in self.by_row and (self.is_pooled or len(self.by_row) >= SUMS_MAX):
            self._pool()
            key = tuple((told | dict.fromkeys(DROPPED, "")).items())
        sums = EXACT.multiply(amount, count), EXACT.multiply(quantity, count)
        self.by_row.setdefault(key, Sum()).add(*sums, count)

    def _pool(self) -> None:
        """Drops what tells too many sums apart; what is still too much then is no bill."""
        if not self.is_pooled:
            old, self.by_row, self.is_pooled = self.by_row, {}, True
            for key, each in old.items():
                self.merge(tuple((name, "" if name in DROPPED else value) for name, value in key), each)
        if len(self.by_row) >= SUMS_MAX:
            raise TidegaugeError(
                f"the bill has more than {SUMS_MAX:,} kinds of charges",
                "export the account of this stack alone",
            )

    def merge(self, key: tuple[tuple[str, str], ...], other: Sum) -> None:
        """Another sum of that kind."""
        self.by_row.setdefault(key, Sum()).add(other.amount, other.quantity, other.rows)

    def join(self, other: Sums) -> None:
        """The sums of another part."""
        for key, each in other.by_row.items():
            self.merge(key, each)
        for key, each in other.discounts.items():
            self.discounts.setdefault(key, Sum()).add(each.amount, each.quantity, each.rows)
        self.is_pooled |= other.is_pooled
        self.has_net |= other.has_net

    def rows(self) -> tuple[BilledRows, ...]:
        """The sums as the reconciliation takes them."""
        taken_off = [each for each in self.discounts.items() if each[1].amount] if self.has_net else []
        return tuple(
            _billed(dict(key), each) for key, each in sorted([*self.by_row.items(), *taken_off], key=_told)
        )


def _told(each: tuple[tuple[tuple[str, str], ...], Sum]) -> tuple[tuple[str, str], ...]:
    return each[0]


def _billed(told: Mapping[str, str], each: Sum) -> BilledRows:
    return BilledRows(
        kind=told["kind"],
        counts=bool(told["counts"]),
        product=told["product"],
        service=told["service"],
        usage_type=told["usage_type"],
        operation=told["operation"],
        unit=told["unit"],
        description=told["description"],
        rate=Fraction(number(told["rate"])) if told["rate"] else None,
        amount=Fraction(each.amount),
        quantity=Fraction(each.quantity),
        rows=each.rows,
        amount_step=min(_step(each.amount), CENT),
        quantity_step=min(_step(each.quantity), Fraction(1)),
        tags=pairs(told[TAGS]),
        details=dict(pairs(told[DETAILS])),
    )


def _step(value: Decimal) -> Fraction:
    """The place of the last digit."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # cells are finite
    return Fraction(10) ** exponent
