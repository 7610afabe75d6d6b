"""Which rows of a bill are held against what was expected: those of some hours, those with a tag."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from tidegauge.collect.bills.layouts import COST, END, START, TAGS
from tidegauge.collect.bills.sums import EXACT
from tidegauge.collect.bills.values import has_tag, moment, number, pairs
from tidegauge.cost.reconcile.billed import LeftOut
from tidegauge.cost.reconcile.kinds import USAGE_TYPES

Span = tuple[dt.datetime, dt.datetime]
OTHER_HOURS, OTHER_TAG = "outside the run's hours", "without the tag"
NOT_SUMMED = (START, END, "period_start", "period_end", "identity", "interval")


@dataclass(slots=True, kw_only=True)
class Selection:
    """What is asked for, and what the rows that went through it had."""

    hours: Span | None
    tag: tuple[str, str] | None
    used_from: dt.datetime | None = None
    used_until: dt.datetime | None = None
    widest_s: float = 0.0  # of the usage that is taken
    left: dict[str, tuple[int, Decimal]] = field(default_factory=dict)

    def select(self, table: pa.Table) -> pa.Table:
        """The rows that are asked for, without what tells single rows apart."""
        table = self._in_hours(table)
        if self.tag is not None:
            table = self._split(table, self._tagged(table), OTHER_TAG)
        return table.drop_columns([name for name in NOT_SUMMED if name in table.column_names])

    def _in_hours(self, table: pa.Table) -> pa.Table:
        """Notes the hours of all usage; takes what lies in `hours`, and usage that touches them."""
        taken = set()
        spans = table.select(["type", START, END]).group_by(["type", START, END]).aggregate([]).to_pylist()
        for row in spans:
            start, end = moment(row[START]), moment(row[END])
            is_usage = row["type"] in USAGE_TYPES
            if is_usage:
                self.used_from = start if self.used_from is None else min(self.used_from, start)
                self.used_until = end if self.used_until is None else max(self.used_until, end)
            if self.hours is None or (
                (start < self.hours[1] and end > self.hours[0])
                if is_usage
                else (self.hours[0] <= start and end <= self.hours[1])
            ):
                taken.add((row["type"], row[START], row[END]))
                if is_usage:
                    self.widest_s = max(self.widest_s, (end - start).total_seconds())
        if len(taken) == len(spans):
            return table
        told = pc.binary_join_element_wise(
            table.column("type"), table.column(START), table.column(END), "\x1f"
        )
        wanted = pa.array(["\x1f".join(each) for each in taken], pa.string())
        return self._split(table, pc.is_in(told, value_set=wanted), OTHER_HOURS)

    def _tagged(self, table: pa.Table) -> pa.ChunkedArray:
        assert self.tag is not None
        if TAGS not in table.column_names:
            return pa.chunked_array([pa.array([False] * table.num_rows)])
        tags = table.column(TAGS)
        wanted = [text for text in pc.unique(tags).to_pylist() if has_tag(pairs(text), *self.tag)]
        return pc.is_in(tags, value_set=pa.array(wanted, pa.string()))

    def _split(self, table: pa.Table, wanted: pa.ChunkedArray, why: str) -> pa.Table:
        rest = table.filter(pc.invert(wanted))
        rows, amount = self.left.get(why, (0, Decimal(0)))
        for text in rest.column(COST).to_pylist():
            amount = EXACT.add(amount, number(text))
        if rest.num_rows:
            self.left[why] = (rows + rest.num_rows, amount)
        return table.filter(wanted)

    def joined(self, other: Selection) -> Selection:
        """What both went through."""
        left = dict(self.left)
        for why, (rows, amount) in other.left.items():
            had_rows, had_amount = left.get(why, (0, Decimal(0)))
            left[why] = (had_rows + rows, EXACT.add(had_amount, amount))
        starts = [each for each in (self.used_from, other.used_from) if each is not None]
        ends = [each for each in (self.used_until, other.used_until) if each is not None]
        return replace(
            self,
            used_from=min(starts, default=None),
            used_until=max(ends, default=None),
            widest_s=max(self.widest_s, other.widest_s),
            left=left,
        )

    def left_out(self) -> tuple[LeftOut, ...]:
        """What was not asked for."""
        return tuple(
            LeftOut(why=why, rows=rows, amount=Fraction(amount)) for why, (rows, amount) in self.left.items()
        )
