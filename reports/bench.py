"""The transcode bench's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports import numbers
from reports.report_data import ReportData
from reports.tables import Cell, Column, Row, Table, cells

BENCH_COLUMNS = (
    Column(
        label="Media and rendition",
        meaning="The source with its class, and what was made of it.",
        numeric=False,
    ),
    Column(label="Profile", meaning="The task size or machine that the figures stand for.", numeric=False),
    Column(
        label="How known",
        meaning="Measured on that hardware, emulated by a CPU quota here, imported, or skipped.",
        numeric=False,
    ),
    Column(label="Wall s", meaning="Median wall time of one transcode; below it the interval."),
    Column(label="Rounds", meaning="How often it was timed, warm-up rounds apart."),
    Column(label="CPU s", meaning="User and system CPU time of ffmpeg: what a quota doesn't change much."),
    Column(label="Frames/s", meaning="Source frames over wall time."),
    Column(label="Speed", meaning="Length of the media over wall time."),
    Column(label="Peak memory", meaning="The highest resident memory of ffmpeg."),
    Column(label="Output", meaning="Size of the rendition."),
    Column(label="Quality", meaning="Mean VMAF against the source, or SSIM; n/a where it was not computed."),
    Column(label="Cost", meaning="Compute cost of one asset at list price."),
)


def bench_table(data: ReportData) -> Table | None:
    """A row a cell of the bench; None where none was run."""
    if data.bench is None:
        return None
    return Table(
        caption="Transcode bench",
        columns=BENCH_COLUMNS,
        rows=tuple(_bench_row(cell) for cell in data.bench["cells"]),
        empty="The bench has no cell.",
    )


def _bench_row(cell: Mapping[str, Any]) -> Row:
    wall_s, interval = wall_time(cell)
    speed = cell.get("speed_x")
    memory_mb = cell.get("rss_peak_mb")
    return Row(
        cells=cells(
            Cell(
                text=f"{cell['media']} → {cell['rendition']}",
                note=str(cell.get("media_class") or ""),
                tone="code",
            ),
            Cell(text=str(cell["profile"]), tone="code"),
            Cell(text=str(cell["provenance"]), note=str(cell.get("reason") or "")),
            Cell(text=_figure(wall_s), note=interval),
            _rounds(cell.get("rounds")),
            _figure(_median(cell.get("cpu_s"))),
            _figure(_median(cell.get("frames_per_s"))),
            numbers.NOT_AVAILABLE if speed is None else f"{numbers.significant(_median(speed) or 0)}×",
            numbers.NOT_AVAILABLE if memory_mb is None else f"{_median(memory_mb):,.0f} MB",
            Cell(text=numbers.size(cell.get("bytes_out")), exact=f"{cell.get('bytes_out')} bytes"),
            _quality(cell),
            _cost(cell.get("cost_usd_per_asset")),
        )
    )


def wall_time(cell: Mapping[str, Any]) -> tuple[float | None, str]:
    """Median wall time in seconds, and its interval in words."""
    value = cell.get("wall_s")
    bounds = value if isinstance(value, Mapping) else cell
    prefix = "" if isinstance(value, Mapping) else "wall_s_"
    low, high = bounds.get(f"{prefix}low"), bounds.get(f"{prefix}high")
    interval = "" if low is None or high is None else f"{_figure(low)} – {_figure(high)}"
    return _median(value), interval


def _median(value: Any) -> float | None:
    chosen = value.get("median") if isinstance(value, Mapping) else value
    return None if chosen is None else float(chosen)


def _figure(value: float | None) -> str:
    return numbers.NOT_AVAILABLE if value is None else numbers.significant(value)


def _rounds(value: Any) -> str:
    return numbers.count(len(value) if isinstance(value, list | tuple) else value)


def _quality(cell: Mapping[str, Any]) -> str:
    if cell.get("vmaf_mean") is not None:
        return f"VMAF {cell['vmaf_mean']:.1f}"
    return f"SSIM {cell['ssim']:.4f}" if cell.get("ssim") is not None else numbers.NOT_AVAILABLE


def _cost(value: Any) -> Cell:
    text = None if value is None else str(value)
    return Cell(text=numbers.money(text), exact="" if text is None else numbers.exact_money(text))
