"""Tables of the transcode bench's answer: curves, GPU break-even, the bound of a free encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells

Document = Mapping[str, Any]

CURVE_COLUMNS = (
    Column(
        label="Encoder and preset",
        meaning="What was swept; below it the medium and rendition. Today's is what the others are held"
        " against.",
        numeric=False,
    ),
    Column(label="How known", meaning="How its figures came about, and on which profile.", numeric=False),
    Column(
        label="BD-rate",
        meaning="How many bytes more or less than today's encoding it takes at equal VMAF, on average over"
        " the range below, which both curves reach.",
    ),
    Column(label="Bytes", meaning="Size at the target VMAF, interpolated between the swept settings."),
    Column(label="CPU s", meaning="CPU-seconds at the target VMAF, interpolated alike."),
    Column(label="To make", meaning="Compute cost of one asset there; hover for what it is priced by."),
    Column(label="To deliver", meaning="Egress of one asset's views there, at list price."),
    Column(label="Together", meaning="Making and delivering one asset at the target VMAF."),
)
BREAK_EVEN_COLUMNS = (
    Column(
        label="GPU profile",
        meaning="An EC2 instance under ECS, as Fargate has no GPU; below it what it made.",
        numeric=False,
    ),
    Column(
        label="Needed speed",
        meaning="How many times as fast as today's task it must be to cost the same where both are equally"
        " busy: price over price. Below it that of the bare instance, without the fee of ECS Managed"
        " Instances that is in its price.",
    ),
    Column(label="Its speed", meaning="Jobs an hour over those of today's task."),
    Column(
        label="Break-even",
        meaning="Jobs an hour from which one such instance, paid busy or idle, is the cheaper.",
    ),
    Column(label="Busy there", meaning="The GPU's utilisation at that rate; above 100 % it never pays."),
    Column(label="How known", meaning="Where both speeds come from, or why one is missing.", numeric=False),
)
BOUND_COLUMNS = (
    Column(
        label="Media and rendition", meaning="The source with its class, and what was made.", numeric=False
    ),
    Column(label="CPU s", meaning="CPU-seconds of the whole transcode."),
    Column(
        label="Decoding alone", meaning="CPU-seconds of the same without its encoder: no GPU takes these."
    ),
    Column(
        label="At most",
        meaning="How many times faster a free encoder would make it on the same CPU. Where that is below the"
        " needed speed of a GPU profile, its CPU must be faster too before it can pay.",
    ),
    Column(label="How known", meaning="The profile and machine of both figures.", numeric=False),
)


def curve_table(curves: Sequence[Document], target: float) -> Table:
    """A row a swept encoder and preset."""
    return Table(
        caption=f"Encoders at VMAF {target:g}",
        columns=CURVE_COLUMNS,
        rows=tuple(_curve_row(curve) for curve in curves),
        empty="No encoder was swept.",
    )


def _curve_row(curve: Document) -> Row:
    rate, at = curve["bd_rate"], curve["matched"]
    reason = str(at["reason"] or "")
    return Row(
        cells=cells(
            Cell(
                text=curve["encoding"] + (" (today)" if curve["is_anchor"] else ""),
                note=f"{curve['media']} → {curve['rendition']}",
            ),
            Cell(text=curve["provenance"], note=curve["profile"], exact=curve["group"]),
            _bd_cell(curve["is_anchor"], rate),
            Cell(text=numbers.size(at["bytes_out"]), note=reason, tone="quiet" if reason else ""),
            numbers.NOT_AVAILABLE if at["cpu_s"] is None else numbers.significant(at["cpu_s"]),
            _money(at["compute_usd"], str(at["compute_basis"] or "")),
            _money(at["egress_usd"]),
            _money(at["total_usd"]),
        )
    )


def _bd_cell(is_anchor: bool, rate: Document) -> Cell:
    if is_anchor and rate["percent"] is not None:
        return Cell(text="the anchor", tone="quiet")
    if rate["percent"] is None:
        return Cell(text=numbers.NOT_AVAILABLE, note=str(rate["reason"]), tone="quiet")
    return Cell(
        text=f"{rate['percent']:+.1f} %", note=f"VMAF {rate['vmaf_low']:.1f} – {rate['vmaf_high']:.1f}"
    )


def _money(value: float | None, exact: str = "") -> Cell:
    return Cell(text=numbers.money(None if value is None else repr(value)), exact=exact)


def break_even_table(rows: Sequence[Document], seed: Document) -> Table:
    """A row a GPU profile, or a job that it made."""
    return Table(
        caption=f"A GPU against {seed['size']}",
        columns=BREAK_EVEN_COLUMNS,
        rows=tuple(_break_even_row(row) for row in rows),
        empty="The document lists no GPU profile: give the bench --profile 'ec2-gpu-*', or import a GPU's.",
    )


def _break_even_row(row: Document) -> Row:
    figures = row["figures"] or {}
    needed, speed = figures.get("speed_ratio_needed"), figures.get("speed_ratio")
    busy, bare = figures.get("utilisation"), row["speed_ratio_needed_without_fees"]
    made = f"{row['media']} → {row['rendition']}" if row["media"] else row["gpu"]
    return Row(
        cells=cells(
            Cell(text=row["profile"], note=made, tone="code"),
            Cell(
                text=numbers.NOT_AVAILABLE if needed is None else f"{needed:.1f}×",
                note="" if bare is None else f"{bare:.1f}× without fee",
            ),
            "" if speed is None else f"{numbers.significant(speed)}×",
            "" if busy is None else f"{figures['jobs_per_hour']:,.0f} an hour",
            Cell(
                text="" if busy is None else numbers.percent(busy),
                note="" if row["pays"] is None or row["pays"] else "never pays",
                tone="" if row["pays"] is None else "good" if row["pays"] else "bad",
            ),
            str(row["reason"] or row["known"] or ""),
        )
    )


def bound_table(rows: Sequence[Document]) -> Table:
    """A row a medium and rendition whose decoding alone was measured."""
    return Table(
        caption="What a free encoder could gain",
        columns=BOUND_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(
                        text=f"{row['media']} → {row['rendition']}",
                        note=str(row["media_class"] or ""),
                        tone="code",
                    ),
                    numbers.significant(row["cpu_s"]),
                    numbers.significant(row["decode_cpu_s"]),
                    numbers.NOT_AVAILABLE if row["gain"] is None else f"{row['gain']:.1f}×",
                    str(row["known"]),
                )
            )
            for row in rows
        ),
        empty="n/a: the bench has no CPU-seconds of decoding alone, which no GPU would take off the CPU.",
    )
