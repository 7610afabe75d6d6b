"""The report's section on transcoding: what to take, the charts behind it, and every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.drawing.tables import Table
from reports.run.charts import Chart
from reports.transcode import cells as bench_cells
from reports.transcode import charts as transcode_charts
from reports.transcode import tables as transcode_tables

CHARTS_SHOWN = 6  # the others wait behind a click
CHARTS_MAX = 36  # charts of one kind; the tables have all
REASONS_SHOWN = 8
ROWS_OPEN_MAX = 40  # a longer table waits behind a click too

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """Charts of one kind: those shown at once, those behind a click, and how many are not drawn."""

    shown: tuple[Chart, ...]
    hidden: tuple[Chart, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All that the section shows; `headline` is empty where nothing was worked out from the cells."""

    headline: str
    profiles: tuple[str, ...]  # a sentence a rendition
    presets: tuple[str, ...]
    key: tuple[tuple[int, str, str], ...]  # the charts' numbers: profile, and how known
    fronts: Charts
    rates: Charts
    matched: Charts
    target: float
    curves: Table | None
    break_even: Table | None
    bound: Table | None
    cells: Table
    cells_open: bool
    skipped: str
    groups: tuple[str, ...]
    assumptions: tuple[str, ...]


def section(bench: Document | None, answer: Document | None) -> Section | None:
    """The section of a bench and its answer; None without a bench. Without an answer only its cells."""
    table = bench_cells.bench_table(bench)
    if bench is None or table is None:
        return None
    found = answer or NO_ANSWER
    key = _key(found["fronts"])
    numbers_of = {profile: number for number, profile, _ in key}
    target, curves = float(found["target_vmaf"]), found["curves"]
    by_job = _by_job(curves)
    return Section(
        headline=str(found["headline"]),
        profiles=tuple(each["sentence"] for each in found["profiles"]) if key else (),
        presets=tuple(each["sentence"] for each in found["presets"]),
        key=key,
        fronts=_charts(
            [
                transcode_charts.front_chart(front, n, numbers_of)
                for n, front in enumerate(found["fronts"][:CHARTS_MAX])
            ],
            len(found["fronts"]),
        ),
        rates=_charts(
            [transcode_charts.rate_chart(each, n, target) for n, each in enumerate(by_job[:CHARTS_MAX])],
            len(by_job),
        ),
        matched=_charts(
            [transcode_charts.matched_chart(each, n, target) for n, each in enumerate(by_job[:CHARTS_MAX])],
            len(by_job),
        ),
        target=target,
        curves=transcode_tables.curve_table(curves, target) if curves else None,
        break_even=transcode_tables.break_even_table(found["break_even"], found["seed"]) if answer else None,
        bound=transcode_tables.bound_table(found["free_encoder"]) if answer else None,
        cells=table,
        cells_open=len(table.rows) <= ROWS_OPEN_MAX,
        skipped=skipped_line(bench["cells"]),
        groups=tuple(found["groups"]),
        assumptions=tuple(found["assumptions"]),
    )


NO_ANSWER: Document = {
    "headline": "",
    "target_vmaf": 0,
    **dict.fromkeys(("profiles", "presets", "fronts", "curves", "groups", "assumptions"), ()),
}


def skipped_line(cells: Sequence[Document]) -> str:
    """How many cells were skipped and why, in one line; empty where none was."""
    counts: dict[str, int] = {}
    for cell in cells:
        if cell["provenance"] == "skipped":
            reason = str(cell.get("reason") or "no reason was given")
            counts[reason] = counts.get(reason, 0) + 1
    if not counts:
        return ""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    shown = [f"{reason} ({count})" for reason, count in ordered[:REASONS_SHOWN]]
    if len(ordered) > REASONS_SHOWN:
        shown.append(f"and {len(ordered) - REASONS_SHOWN} further reasons")
    total = sum(counts.values())
    return f"{total:,} {'cell was' if total == 1 else 'cells were'} skipped: {'; '.join(shown)}."


def _key(fronts: Sequence[Document]) -> tuple[tuple[int, str, str], ...]:
    """A number a profile, the same in all charts."""
    known: dict[str, dict[str, None]] = {}
    for front in fronts:
        if len(front["points"]) > 1:
            for point in front["points"]:
                known.setdefault(point["profile"], {})[point["provenance"]] = None
    return tuple(
        (number, profile, ", ".join(provenances))
        for number, (profile, provenances) in enumerate(known.items(), start=1)
    )


def _by_job(curves: Sequence[Document]) -> list[list[Document]]:
    """Curves of a medium and rendition together."""
    grouped: dict[tuple[str, str], list[Document]] = {}
    for curve in curves:
        grouped.setdefault((curve["media"], curve["rendition"]), []).append(curve)
    return list(grouped.values())


def _charts(drawn: Sequence[Chart | None], asked: int) -> Charts:
    charts = tuple(chart for chart in drawn if chart is not None)
    return Charts(
        shown=charts[:CHARTS_SHOWN], hidden=charts[CHARTS_SHOWN:], left_out=max(0, asked - CHARTS_MAX)
    )
