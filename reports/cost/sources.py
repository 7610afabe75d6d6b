"""Where prices come from: numbered once for the whole report, so that every figure can name its source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reports.report_data import ReportData
from tidegauge.audit_record import AbsentItem, AuditedLine, MovedUnit
from tidegauge.cost_record import CostLine, FixedItem

CONFIDENCE = {"H": "official", "M": "secondary sources, assumed", "L": "unverified"}

Line = CostLine | FixedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of prices as it was on a day."""

    number: int
    name: str
    dated: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The sources of all lines that the report shows, from 1 on in the order of their appearance."""

    listed: tuple[Source, ...]
    number_of: Mapping[tuple[str, str, str], int]

    def of(self, lines: Iterable[Line]) -> tuple[int, ...]:
        """The numbers of these lines' sources, ascending."""
        return tuple(sorted({self.number_of[_key(line)] for line in lines if line.source}))


def sources(data: ReportData) -> Sources:
    """The sources of the run's lines, of its fixed hours, and of the audit's lines."""
    cost, audit = data.summary.cost, data.audit
    lines: list[Line] = [*cost.lines, *(cost.fixed.items if cost.fixed else ())]
    if audit is not None:
        moved = [row for month in audit.elsewhere for row in month.rows]
        rows: list[AuditedLine | AbsentItem | MovedUnit] = [*audit.lines, *audit.absent, *moved]
        lines.extend(line for row in rows for line in row.priced)
    keys = dict.fromkeys(_key(line) for line in lines if line.source)
    return Sources(
        listed=tuple(
            Source(
                number=number,
                name=name,
                dated=dated or "undated",
                confidence=CONFIDENCE.get(confidence, confidence),
            )
            for number, (name, dated, confidence) in enumerate(keys, start=1)
        ),
        number_of={key: number for number, key in enumerate(keys, start=1)},
    )


def _key(line: Line) -> tuple[str, str, str]:
    return (line.source, line.price_date or "", line.confidence)
