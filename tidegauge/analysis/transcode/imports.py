"""Another machine's bench document joins ours: its cells and curves, labelled as imported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tidegauge.analysis.transcode.document import Cost, Curve, Dollars, Finite, Positive, Profile, Provenance
from tidegauge.errors import TidegaugeError

LOCAL = "local-machine"  # every machine calls itself so
Name = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(gt=0, lt=2**53)]
Rounds = tuple[Annotated[float, Field(allow_inf_nan=False, ge=0)], ...]
Plain = str | int | float | bool | None
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCell:
    """A cell of a bench document, every key of it; the figures of a skipped one are null."""

    media: Name
    rendition: Name
    profile: Name
    provenance: Provenance
    media_class: Name | None = None
    reason: str | None = None
    encoder: Name | None = None
    preset: Name | None = None
    wall_s: Positive | None = None
    wall_s_low: Positive | None = None
    wall_s_high: Positive | None = None
    wall_s_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    wall_s_rounds: Rounds | None = None
    cpu_s: Annotated[float, Field(allow_inf_nan=False, ge=0)] | None = None
    cpu_s_rounds: Rounds | None = None
    decode_cpu_s: Finite | None = None
    rss_peak_mb: Positive | None = None
    process_rss_peak_mb: Positive | None = None
    memory_source: Name | None = None
    frames: Count | None = None
    duration_s: Positive | None = None
    frames_per_s: Positive | None = None
    speed_x: Positive | None = None
    bytes_out: Count | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    vmaf_mean: Annotated[float, Field(ge=0, le=100)] | None = None
    vmaf_p5: Annotated[float, Field(ge=0, le=100)] | None = None
    vmaf_model: Name | None = None
    ssim: Annotated[float, Field(ge=-1, le=1)] | None = None
    quality_reason: str | None = None
    setting: dict[Name, Name] | None = None  # what a search for a size cap changed
    emulation: str | None = None
    unstable: bool | None = None
    rounds: Count | None = None
    rounds_per_task: Count | None = None
    processors: tuple[str | None, ...] | None = None
    cost_usd_per_asset: Dollars | None = None
    cost_reason: str | None = None
    cost: Cost | None = None
    imported_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBench:
    """What is taken of a document; other keys are left where they are."""

    schema_version: Literal[1]
    cells: tuple[ImportedCell, ...]
    ffmpeg: dict[str, Plain]
    machine: dict[str, Plain]
    curves: tuple[Curve, ...] = ()
    profiles: tuple[Profile, ...] = ()


_BENCH = TypeAdapter(ImportedBench)
_CELL, _CURVE, _PROFILE = TypeAdapter(ImportedCell), TypeAdapter(Curve), TypeAdapter(Profile)
MEASURED_NEEDS = ("wall_s", "cpu_s", "frames_per_s", "bytes_out", "rss_peak_mb", "rounds")


def check_import(document: object, name: str) -> ImportedBench:
    """The records of the document called `name`; what keeps it from being taken is an error (exit 2)."""
    try:
        bench = _BENCH.validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise _refused(f"{name} cannot be imported: {where:.80}: {first['msg']:.160}") from None
    for index, cell in enumerate(bench.cells):
        lacking = [key for key in MEASURED_NEEDS if getattr(cell, key) is None]
        if cell.provenance != "skipped" and lacking:
            raise _refused(f"{name} cannot be imported: cells.{index} was measured, but has no {lacking[0]}")
    keys = [_key(cell) for cell in _taken(bench.cells)] + [
        _curve_key(curve) for curve in _taken(bench.curves)
    ]
    for key in keys:
        if keys.count(key) > 1:
            raise _refused(f"{name} has {_shown(key)} twice")
    if not keys:
        raise _refused(f"{name} holds nothing that was measured there")
    return bench


def with_import(document: Document, imported: object, name: str) -> dict[str, Any]:
    """`document` with the cells and curves of `imported`; skipped cells of ours make way for them.

    What the other document skipped or imported itself is left out, and counted. TidegaugeError (exit 2)
    where a figure would be there twice or a medium of the same name is another one.
    """
    bench = check_import(imported, name)
    if any(each["file"] == name for each in document["imports"]):
        raise _refused(f"two imports are called {name}", "rename one: cells are told apart by it")
    build = bench.ffmpeg.get("sha256")
    same = build is not None and build == document["ffmpeg"].get("sha256")
    cells = [_labelled(_dumped(_CELL, cell), name, same) for cell in _taken(bench.cells)]
    curves = [_labelled(_dumped(_CURVE, curve), name, same) for curve in _taken(bench.curves)]
    _refuse_clashes(document, cells, curves, name)
    replaced = {_place(cell) for cell in cells}
    kept = [
        cell for cell in document["cells"] if cell["provenance"] != "skipped" or _place(cell) not in replaced
    ]
    empty = dict.fromkeys(key for cell in document["cells"][:1] for key in cell)
    used, known = {row["profile"] for row in (*cells, *curves)}, {row["name"] for row in document["profiles"]}
    profiles = [{**_dumped(_PROFILE, row), "name": _profile(row.name, name)} for row in bench.profiles]
    return {
        **document,
        "cells": [*kept, *({**empty, **cell} for cell in cells)],
        "curves": [*document["curves"], *curves],
        "profiles": [
            *document["profiles"],
            *(row for row in profiles if row["name"] in used and row["name"] not in known),
        ],
        "imports": [
            *document["imports"],
            {
                "file": name,
                "machine": bench.machine,
                "ffmpeg": bench.ffmpeg,
                "same_ffmpeg": same,
                "cells": len(cells),
                "curves": len(curves),
                "left_out": len(bench.cells) + len(bench.curves) - len(cells) - len(curves),
            },
        ],
    }


def _taken(rows: Iterable[Any]) -> list[Any]:
    return [row for row in rows if row.provenance in ("measured", "emulated")]


def _labelled(row: dict[str, Any], name: str, same_ffmpeg: bool) -> dict[str, Any]:
    reason = f"{row['provenance']} elsewhere, imported from {name}"
    if not same_ffmpeg:
        reason += ", by another ffmpeg build: not to be compared with ours"
    return {
        **row,
        "profile": _profile(row["profile"], name),
        "provenance": "imported",
        "reason": "; ".join(filter(None, (reason, row["reason"]))),
        "imported_from": name,
        "same_ffmpeg": same_ffmpeg,
    }


def _profile(profile: str, name: str) -> str:
    return f"{LOCAL}@{PurePath(name).stem}" if profile == LOCAL else profile


def _refuse_clashes(
    document: Document, cells: Sequence[Document], curves: Sequence[Document], name: str
) -> None:
    ours = [cell for cell in document["cells"] if cell["provenance"] != "skipped"]
    there = {_place(cell) for cell in ours} | {_curve_place(curve) for curve in document["curves"]}
    for place in (*map(_place, cells), *map(_curve_place, curves)):
        if place in there:
            raise _refused(f"{_shown(place)} is there already, and in {name} too", "import each figure once")
    frames = {cell["media"]: cell["frames"] for cell in ours if cell.get("frames")}
    for cell in cells:
        if cell["frames"] and frames.get(cell["media"], cell["frames"]) != cell["frames"]:
            raise _refused(
                f"{cell['media']} of {name} has {cell['frames']} frames, ours has {frames[cell['media']]}",
                "a medium is known by its name: bench the same file, or rename one",
            )


def _key(cell: ImportedCell) -> tuple[str, ...]:
    return (cell.media, cell.rendition, cell.profile)


def _place(cell: Document) -> tuple[str, ...]:
    return (cell["media"], cell["rendition"], cell["profile"])


def _curve_key(curve: Curve) -> tuple[str, ...]:
    return (curve.media, curve.rendition, curve.profile, curve.encoder, curve.preset or "")


def _curve_place(curve: Document) -> tuple[str, ...]:
    return (
        *(curve["media"], curve["rendition"], curve["profile"], curve["encoder"]),
        curve["preset"] or "",
    )


def _shown(place: tuple[str, ...]) -> str:
    return " ".join(filter(None, place))[:200]


def _dumped(adapter: TypeAdapter[Any], row: Any) -> dict[str, Any]:
    """As JSON has it; what the reader of a document fills in itself is left out."""
    dumped: dict[str, Any] = adapter.dump_python(row, mode="json")
    return {key: value for key, value in dumped.items() if key not in ("ffmpeg", "machine")}


def _refused(message: str, hint: str = "") -> TidegaugeError:
    return TidegaugeError(
        message, hint or "import a document that `tidegauge bench transcode --json` printed"
    )
