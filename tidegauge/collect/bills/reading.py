"""A bill read part by part: checked, cut to the hours and the tag asked for, and added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tidegauge.collect.bills.deliveries import Deliveries
from tidegauge.collect.bills.files import find_bill_files
from tidegauge.collect.bills.layouts import (
    COST,
    CURRENCY,
    DETAILS,
    END,
    NET,
    PERIOD_END,
    PERIOD_START,
    QUANTITY,
    START,
    TAGS,
    Chosen,
    choose_layout,
    layout_version,
)
from tidegauge.collect.bills.selecting import Selection, Span
from tidegauge.collect.bills.sums import USD, Sums
from tidegauge.collect.bills.tables import column_names, is_parquet, read_tables
from tidegauge.collect.bills.values import BadCell, moment, number, pairs
from tidegauge.cost.reconcile.billed import Bill
from tidegauge.errors import TidegaugeError

CHECKED: dict[str, Callable[[str], Any]] = {
    COST: number, NET: number, QUANTITY: number, "rate": number, TAGS: pairs, DETAILS: pairs,
    START: moment, END: moment, PERIOD_START: moment, PERIOD_END: moment,
}  # fmt: skip
NEEDED = (COST, CURRENCY, START, END, PERIOD_START, PERIOD_END)  # of every row


@dataclass(slots=True)
class _Part:
    """One file of a bill."""

    path: Path
    chosen: Chosen
    version: str
    selection: Selection
    sums: Sums = field(default_factory=Sums)
    rows: int = 0
    periods: set[Span] = field(default_factory=set)


def read_bill(
    paths: Sequence[Path], *, hours: Span | None = None, tag: tuple[str, str] | None = None
) -> Bill:
    """The bill in these files and folders (exit 2 names file and line of what is wrong).

    With `hours`, usage in them is held against something and the rest left out; with `tag`, what has it.
    """
    files, ignored = find_bill_files(paths)
    deliveries = Deliveries(is_needed=len(files) > 1)
    parts = [_read_part(path, Selection(hours=hours, tag=tag), deliveries) for path in files]
    formats = sorted({f"{part.version} as {'Parquet' if is_parquet(part.path) else 'CSV'}" for part in parts})
    if len(formats) > 1:
        raise TidegaugeError(f"the bill is of several formats: {', '.join(formats)}", "give one export")
    period = _period(parts)
    again = deliveries.repeated()
    parts = [part for part in parts if part.path not in again]
    return _joined(parts, period, [*ignored, *(f"{path}: {why}" for path, why in again.items())])


def _read_part(path: Path, selection: Selection, deliveries: Deliveries) -> _Part:
    names = column_names(path)
    chosen = choose_layout(names, str(path))
    part = _Part(path=path, chosen=chosen, version=layout_version(chosen.layout, names), selection=selection)
    for read in read_tables(path, chosen.names):
        table = _renamed(read, chosen)
        _check(table, part)
        deliveries.note(path, table)
        part.periods |= _spans(table, PERIOD_START, PERIOD_END)
        part.sums.add(selection.select(table))
        part.rows += table.num_rows
    return part


def _renamed(read: pa.Table, chosen: Chosen) -> pa.Table:
    """By our names; of several columns that say the same, each row's first that is not empty."""
    columns = {}
    for ours, theirs in chosen.columns.items():
        column = read.column(theirs[-1])
        for name in reversed(theirs[:-1]):
            first = read.column(name)
            column = pc.if_else(pc.equal(first, ""), column, first)
        columns[ours] = column
    if "class" in chosen.layout.columns:  # by which kinds of charges tell the layouts apart
        columns.setdefault("class", pa.array([""] * read.num_rows, pa.string()))
    return pa.table(columns)


def _check(table: pa.Table, part: _Part) -> None:
    """Refuses the first cell that cannot be what its column holds."""
    for name in table.column_names:
        check = CHECKED.get(name)
        for text in pc.unique(table.column(name)).to_pylist() if check or name == CURRENCY else ():
            problem = None
            try:
                if not text and name in NEEDED:
                    problem = "it is empty"
                elif check is not None and text:
                    check(text)
                elif name == CURRENCY and text != USD:
                    problem = f"'{text:.20}' is not {USD}, which prices are in"
            except BadCell as error:
                problem = str(error)
            if problem is not None:
                row = part.rows + pc.index(table.column(name), text).as_py()
                raise _bad(part, name, row, problem)


def _bad(part: _Part, name: str, row: int, problem: str) -> TidegaugeError:
    theirs = part.chosen.columns[name][0]
    hint = (
        "give a bill in US dollars" if name == CURRENCY else "fetch the part again; was it changed by hand?"
    )
    return TidegaugeError(f"{part.path}:{row + 2}: {theirs}: {problem}", hint)


def _spans(table: pa.Table, start: str, end: str) -> set[Span]:
    found = table.select([start, end]).group_by([start, end]).aggregate([])
    return {(moment(row[start]), moment(row[end])) for row in found.to_pylist()}


def _joined(parts: Sequence[_Part], period: Span, ignored: Sequence[str]) -> Bill:
    sums, selection = parts[0].sums, parts[0].selection
    for part in parts[1:]:
        sums.join(part.sums)
        selection = selection.joined(part.selection)
    return Bill(
        layout=parts[0].version,
        start=period[0],
        end=period[1],
        used_from=selection.used_from,
        used_until=selection.used_until,
        groups=sums.rows(),
        left_out=selection.left_out(),
        widest_s=selection.widest_s,
        files=tuple(str(part.path) for part in parts),
        ignored=tuple(ignored),
        notes=("it has too many tags and descriptions to be split by them",) if sums.is_pooled else (),
    )


def _period(parts: Sequence[_Part]) -> Span:
    periods = {period for part in parts for period in part.periods}
    if not periods:
        raise TidegaugeError(
            f"the bill has no row: {', '.join(str(part.path) for part in parts):.200}",
            "AWS fills an export within a day; fetch it again",
        )
    if len(periods) > 1:
        named = ", ".join(sorted(f"{start:%Y-%m-%d} to {end:%Y-%m-%d}" for start, end in periods))
        raise TidegaugeError(f"the bill is of several periods: {named:.200}", "give the files of one month")
    ((start, end),) = periods
    if end <= start:
        raise TidegaugeError(
            f"the bill's period ends at its start, {start:%Y-%m-%d %H:%M}", "is the export whole?"
        )
    return start, end
