"""bench.json as records: only what the comparison reads; keys that it doesn't know are left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tidegauge.errors import TidegaugeError

Provenance = Literal["measured", "emulated", "imported", "skipped"]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(allow_inf_nan=False, gt=0)]
Bytes = Annotated[int, Field(gt=0)]
Dollars = Annotated[Decimal, Field(allow_inf_nan=False, ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one asset costs, part by part, in USD; egress is not part of the cell's cost per asset."""

    compute_usd: Dollars | None = None
    cold_start_usd: Dollars | None = None
    egress_usd: Dollars | None = None
    usd_per_hour: Dollars | None = None
    prices_dated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One medium in one rendition on one profile; figures are null where it was skipped."""

    media: str
    rendition: str
    profile: str
    provenance: Provenance
    media_class: str | None = None
    reason: str | None = None
    wall_s: Positive | None = None
    wall_s_low: Positive | None = None
    wall_s_high: Positive | None = None
    cpu_s: Finite | None = None
    cpu_s_rounds: tuple[Positive, ...] | None = None
    decode_cpu_s: Finite | None = None  # CPU time of the same run without an encoder
    frames: Annotated[int, Field(gt=0)] | None = None
    frames_per_s: Positive | None = None
    speed_x: Finite | None = None
    rss_peak_mb: Finite | None = None
    rounds: int | None = None
    bytes_out: Bytes | None = None
    vmaf_mean: Finite | None = None
    vmaf_p5: Finite | None = None
    ssim: Finite | None = None
    encoder: str | None = None
    preset: str | None = None
    unstable: bool | None = None
    cost_usd_per_asset: Dollars | None = None
    cost: Cost | None = None
    imported_from: str | None = None  # the `file` of one of `imports`
    ffmpeg: str = ""  # which build and which machine made it: filled in from the document around it
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One encoder setting: what it costs, how large and how good it is."""

    setting: str
    bytes_out: Bytes | None = None
    vmaf_mean: Finite | None = None
    cpu_s: Positive | None = None
    wall_s: Positive | None = None
    cost_usd_per_asset: Dollars | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A rate-quality curve of one encoder and preset."""

    media: str
    rendition: str
    encoder: str
    profile: str
    provenance: Provenance
    media_class: str | None = None
    preset: str | None = None
    reason: str | None = None
    points: tuple[CurvePoint, ...] = ()
    imported_from: str | None = None
    ffmpeg: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A task size or machine with its list price."""

    name: str
    kind: str
    arch: str | None = None
    vcpu: Positive | None = None
    memory_gb: Positive | None = None
    gpu: str | None = None
    capacity: str | None = None
    usd_per_hour: Annotated[Decimal, Field(allow_inf_nan=False, gt=0)] | None = None
    usd_per_hour_parts: Mapping[str, Dollars] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One or several documents, joined."""

    schema_version: Literal[1] = 1
    cells: tuple[Cell, ...]
    curves: tuple[Curve, ...] = ()
    profiles: tuple[Profile, ...] = ()
    gpu: Mapping[str, Any] | None = None
    task_use: Mapping[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    imports: tuple[Mapping[str, Any], ...] = ()
    ffmpeg: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)


_BENCH = TypeAdapter(Bench)


def read_bench(document: object, name: str) -> Bench:
    """The records of a bench.json called `name`; what is wrong with it is an error (exit 2)."""
    try:
        bench = _BENCH.validate_json(json.dumps(_with_task_use(document)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise TidegaugeError(
            f"{name} is not a transcode bench document: {where:.80}: {first['msg']:.120}",
            "give a document that `tidegauge bench transcode --json` printed",
        ) from None
    return replace(
        bench,
        cells=tuple(_located(cell, bench) for cell in bench.cells),
        curves=tuple(_located(curve, bench) for curve in bench.curves),
    )


def _with_task_use(document: object) -> object:
    """Documents of older versions call the task use `scenario`."""
    if isinstance(document, Mapping) and "scenario" in document and "task_use" not in document:
        return {**document, "task_use": document["scenario"]}
    return document


def join(benches: Sequence[Bench]) -> Bench:
    """All cells and curves together; of profiles and task use the first document's that has them."""
    profiles = {profile.name: profile for bench in reversed(benches) for profile in bench.profiles}
    return Bench(
        cells=tuple(cell for bench in benches for cell in bench.cells),
        curves=tuple(curve for bench in benches for curve in bench.curves),
        profiles=tuple(profiles.values()),
        gpu=next((bench.gpu for bench in benches if bench.gpu), None),
        task_use=next((bench.task_use for bench in benches if bench.task_use), {}),
        assumptions=tuple(dict.fromkeys(each for bench in benches for each in bench.assumptions)),
        imports=tuple(each for bench in benches for each in bench.imports),
        ffmpeg=benches[0].ffmpeg,
        machine=benches[0].machine,
    )


def task_use_number(bench: Bench, name: str) -> Decimal | None:
    """A figure of the task use, given bare or as {"value", "source"}; None where it isn't there."""
    entry = bench.task_use.get(name)
    value = entry.get("value") if isinstance(entry, Mapping) else entry
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise TidegaugeError(
            f"the bench's task_use.{name} is {value!r:.40}, not a number", 'give a number, such as "2"'
        ) from None
    return number if number.is_finite() and number > 0 else None


def _located(row: Any, bench: Bench) -> Any:
    """The cell or curve with the build and the machine that made it."""
    ffmpeg, machine = bench.ffmpeg, bench.machine
    if row.provenance == "imported":
        named = [each for each in bench.imports if row.imported_from in (None, each.get("file"))]
        ffmpeg = named[0].get("ffmpeg") or {} if len(named) == 1 else {}
        machine = named[0].get("machine") or {} if len(named) == 1 else {}
    return replace(row, ffmpeg=ffmpeg_name(ffmpeg), machine=machine_name(machine))


def ffmpeg_name(ffmpeg: object) -> str:
    """Version and the first digits of the checksum: two builds of a version differ."""
    if not isinstance(ffmpeg, Mapping):
        return str(ffmpeg or "an unnamed ffmpeg")
    checksum = str(ffmpeg.get("sha256") or "")[:8]
    return f"ffmpeg {ffmpeg.get('version') or 'of unknown version'}" + (f" ({checksum})" if checksum else "")


def machine_name(machine: object) -> str:
    """The CPU's model, and how many cores of it."""
    if not isinstance(machine, Mapping):
        return str(machine or "an unnamed machine")
    model, cores = machine.get("cpu_model"), machine.get("cores")
    return f"{model or 'an unnamed CPU'}" + (f", {cores} cores" if cores else "")
