"""The transcode bench's table of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells

BENCH_COLUMNS = (
    Column(
        label="Media and rendition",
        meaning="The source with its class, and what was made of it.",
        numeric=False,
    ),
    Column(label="Profile", meaning="The task size or machine that the figures stand for.", numeric=False),
    Column(
        label="How known",
        meaning="Measured on that hardware, emulated by a CPU quota here, or imported from another machine's"
        " document.",
        numeric=False,
    ),
    Column(
        label="Wall s",
        meaning="Median wall time of one transcode; below it the interval. Unstable where the rounds differ"
        " too much to lean on.",
    ),
    Column(label="Rounds", meaning="How often it was timed, warm-up rounds apart."),
    Column(label="CPU s", meaning="User and system CPU time of ffmpeg: what a quota doesn't change much."),
    Column(label="Frames/s", meaning="Source frames over wall time."),
    Column(label="Speed", meaning="Length of the media over wall time."),
    Column(label="Peak memory", meaning="The highest memory of ffmpeg; below it how that was read."),
    Column(label="Output", meaning="Size of the rendition."),
    Column(
        label="Quality",
        meaning="VMAF against the source, the harmonic mean over frames, with its 5th percentile below; SSIM"
        " where there is no VMAF.",
    ),
    Column(
        label="Cost",
        meaning="Compute of one asset at list price, its share of the task's start included; below it the"
        " prices' date. Delivery is apart.",
    ),
    Column(
        label="Egress",
        meaning="Delivering the rendition to an asset's views (see the task use), at list price; not"
        " part of the cost beside it.",
    ),
)


def bench_table(bench: Mapping[str, Any] | None) -> Table | None:
    """A row a cell that has figures; None where no bench was run. What was skipped is said in a line."""
    if bench is None:
        return None
    return Table(
        caption="Every cell of the bench",
        columns=BENCH_COLUMNS,
        rows=tuple(_bench_row(cell) for cell in bench["cells"] if cell["provenance"] != "skipped"),
        empty="The bench has no cell with figures.",
    )


def _bench_row(cell: Mapping[str, Any]) -> Row:
    speed, memory_mb = cell.get("speed_x"), cell.get("rss_peak_mb")
    egress = (cell.get("cost") or {}).get("egress_usd")
    return Row(
        cells=cells(
            Cell(
                text=f"{cell['media']} → {cell['rendition']}",
                note=str(cell.get("media_class") or ""),
                tone="code",
            ),
            Cell(text=str(cell["profile"]), tone="code"),
            Cell(text=str(cell["provenance"]), note=str(cell.get("reason") or cell.get("document") or "")),
            _wall_time(cell),
            numbers.count(cell.get("rounds")),
            _figure(cell.get("cpu_s")),
            _figure(cell.get("frames_per_s")),
            numbers.NOT_AVAILABLE if speed is None else f"{numbers.significant(speed)}×",
            Cell(
                text=numbers.NOT_AVAILABLE if memory_mb is None else f"{memory_mb:,.0f} MB",
                note=str(cell.get("memory_source") or ""),
            ),
            Cell(text=numbers.size(cell.get("bytes_out")), exact=f"{cell.get('bytes_out')} bytes"),
            _quality(cell),
            _cost(cell),
            Cell(text=numbers.money(egress), exact=numbers.exact_money(egress)),
        )
    )


def _wall_time(cell: Mapping[str, Any]) -> Cell:
    low, high = cell.get("wall_s_low"), cell.get("wall_s_high")
    interval = "" if low is None or high is None else f"{_figure(low)} – {_figure(high)}"
    unstable = bool(cell.get("unstable"))
    note = f"unstable, {interval}" if unstable and interval else "unstable" if unstable else interval
    return Cell(text=_figure(cell.get("wall_s")), note=note, tone="unsure" if unstable else "")


def _figure(value: float | None) -> str:
    return numbers.NOT_AVAILABLE if value is None else numbers.significant(value)


def _quality(cell: Mapping[str, Any]) -> Cell:
    lowest = cell.get("vmaf_p5")
    if cell.get("vmaf_mean") is not None:
        return Cell(
            text=f"VMAF {cell['vmaf_mean']:.1f}",
            note="" if lowest is None else f"5th percentile {lowest:.1f}",
        )
    if cell.get("ssim") is not None:
        return Cell(text=f"SSIM {cell['ssim']:.4f}")
    return Cell(text=numbers.NOT_AVAILABLE, exact=str(cell.get("quality_reason") or ""))


def _cost(cell: Mapping[str, Any]) -> Cell:
    value = cell.get("cost_usd_per_asset")
    if value is None:
        return Cell(text=numbers.NOT_AVAILABLE, exact=str(cell.get("cost_reason") or ""))
    dated = (cell.get("cost") or {}).get("prices_dated")
    start = (cell.get("cost") or {}).get("cold_start_usd")
    shares = "" if start is None else f", of it {numbers.exact_money(start)} for the start"
    return Cell(
        text=numbers.money(str(value)),
        exact=numbers.exact_money(str(value)) + shares,
        note=f"prices of {dated}" if dated else "",
    )
