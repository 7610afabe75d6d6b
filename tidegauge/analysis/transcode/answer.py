"""The whole answer of one or several benches, as one plain document that a report shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from tidegauge.analysis.transcode.curves import Swept, UnitPrices, sweeps
from tidegauge.analysis.transcode.document import Bench, Cell
from tidegauge.analysis.transcode.gpu_rows import BreakEvenRow, bound_rows, break_even_rows
from tidegauge.analysis.transcode.pareto import ON_DEMAND, Front, fronts
from tidegauge.analysis.transcode.presets import recommend_preset
from tidegauge.analysis.transcode.recommend import NOTHING_COMPARED, Recommended, recommend
from tidegauge.analysis.transcode.seed import Seed, seed_of
from tidegauge.dollars import usd

SCHEMA_VERSION = 1
TARGET_VMAF = 93.0  # where most viewers see no difference any more; the facts' target


def answer(bench: Bench, target_vmaf: float = TARGET_VMAF) -> dict[str, Any]:
    """JSON values only; money as decimal strings where it is a price, as numbers where it is interpolated."""
    seed = seed_of(bench)
    drawn = fronts(bench.cells, {each.name: each.capacity or ON_DEMAND for each in bench.profiles})
    swept = sweeps(bench, target_vmaf, unit_prices(bench, seed))
    named = [*(cell.rendition for cell in bench.cells), *(curve.rendition for curve in bench.curves)]
    renditions = list(dict.fromkeys(named))
    with_curves = {curve.rendition for curve in bench.curves}
    advised = [
        recommend(name, [front for front in drawn if front.rendition == name], seed) for name in renditions
    ]
    presets = [
        recommend_preset(name, [each for each in swept if each.curve.rendition == name], target_vmaf, seed)
        for name in renditions
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "target_vmaf": target_vmaf,
        "headline": _headline(advised, seed),
        "profiles": [_plain(asdict(each)) for each in advised],
        "presets": [_plain(asdict(each)) for each in presets if each.rendition in with_curves],
        "fronts": [_front(front) for front in drawn],
        "curves": [_curve(each) for each in swept],
        "break_even": [_break_even(row) for row in break_even_rows(bench, seed)],
        "free_encoder": [_plain(asdict(row)) for row in bound_rows(bench.cells)],
        "skipped": _skipped(bench.cells),
        "seed": _plain(asdict(seed)) | {"size": seed.size, "usd_per_month": _text(seed.usd_per_month)},
        "groups": sorted({_made_by(cell) for cell in bench.cells if cell.provenance != "skipped"}),
        "assumptions": list(bench.assumptions),
        "gpu": dict(bench.gpu or {}),
    }


def unit_prices(bench: Bench, seed: Seed) -> UnitPrices:
    """A CPU-second of today's worker, fully busy, and a byte's delivery, as the cells were priced."""
    per_cpu_s = None
    if seed.usd_per_hour is not None and seed.vcpu is not None:
        per_cpu_s = seed.usd_per_hour / seed.vcpu / 3600
    delivered = next(
        (
            cell.cost.egress_usd / cell.bytes_out
            for cell in bench.cells
            if cell.cost is not None and cell.cost.egress_usd is not None and cell.bytes_out is not None
        ),
        None,
    )
    return UnitPrices(
        usd_per_cpu_s=per_cpu_s,
        cpu_price_of=f"CPU-seconds at the list price of {seed.size}, fully busy",
        egress_usd_per_byte=delivered,
    )


def _headline(advised: Sequence[Recommended], seed: Seed) -> str:
    """The sum over renditions, or why there is none."""
    chosen = [each for each in advised if each.profile is not None]
    if not chosen:
        return NOTHING_COMPARED[0].upper() + NOTHING_COMPARED[1:] + "."
    saved = [each.saving_usd_per_month for each in chosen if each.saving_usd_per_month is not None]
    walls = [each.seed_wall_s for each in chosen if each.seed_wall_s is not None]
    assets = seed.assets_per_month
    if not saved or len(saved) < len(chosen) or assets is None:
        return "What they save together is n/a: not every rendition has the size of today beside it."
    total = sum(saved, Decimal(0))
    text = (
        f"Together the recommended profiles save {usd(total)} a month against {seed.size} for every"
        f" rendition, at {assets:,.0f} assets."
        if total
        else f"{seed.size}, the size of today, is the cheapest for every rendition: no size saves anything."
    )
    if seed.usd_per_month is not None and seed.task_hours_per_month is not None:
        busy_h = sum(walls) * float(assets) / 3600
        text += (
            f" Today's {seed.task_hours_per_month:,.0f} task-hours a month cost {usd(seed.usd_per_month)};"
            f" these {len(chosen)} renditions of every asset, one after the other, would fill {busy_h:,.0f}"
            " of them."
        )
    return text


def _front(front: Front) -> dict[str, Any]:
    shown = {"group": front.group.label, "provenance": front.group.provenance}
    return {**_plain(asdict(front)), **shown}


def _curve(swept: Swept) -> dict[str, Any]:
    curve = _plain(asdict(swept.curve))
    return {
        **{
            name: curve[name]
            for name in ("media", "media_class", "rendition", "encoder", "preset", "profile")
        },
        "provenance": curve["provenance"],
        "group": swept.group.label,
        "encoding": swept.encoding,
        "is_anchor": swept.is_anchor,
        "points": curve["points"],
        "bd_rate": asdict(swept.bd_rate),
        "matched": asdict(swept.matched) | {"total_usd": swept.matched.total_usd},
    }


def _break_even(row: BreakEvenRow) -> dict[str, Any]:
    figures = row.figures
    return asdict(row) | {"pays": None if figures is None else figures.pays}


def _skipped(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    counts = Counter(cell.reason or "no reason was given" for cell in cells if cell.provenance == "skipped")
    return [{"reason": reason, "cells": count} for reason, count in counts.most_common()]


def _made_by(cell: Cell) -> str:
    return f"{cell.provenance}: {cell.machine}, {cell.ffmpeg}"


def _plain(value: Any) -> Any:
    """Dataclass fields as JSON values."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return _text(value) if isinstance(value, Decimal) else value


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
