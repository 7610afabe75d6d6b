"""One bench from its request to its document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benches.transcode.cells import empty_cell, media_classes, named
from benches.transcode.emulation import Host, encoder_of
from benches.transcode.machine import describe_machine
from benches.transcode.outcome import Costing, document
from benches.transcode.priced_curves import CurveMatrix, Curves
from benches.transcode.profiles import Profile, worker_profile
from benches.transcode.progress import Progress
from benches.transcode.recorder import Matrix
from benches.transcode.request import Request, check_destinations
from benches.transcode.suite import Suite, run_suite
from benches.transcode.task_use import Assumed, terms_of
from infra_under_test.transcode import find_ffmpeg
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.stack import DEFAULT_REGION

INTERRUPTED = "interrupted before it was measured"
BROKEN = "the bench itself failed at it: what failed is on stderr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to measure, and where to put the outputs."""

    rounds: int
    keep: Path | None
    raw: Path | None
    storage: Path | None
    quality: bool
    curves: bool
    as_is: bool
    events_fd: int | None


def measure(
    request: Request, host: Host, task_use: Mapping[str, Assumed], settings: Settings
) -> tuple[dict[str, Any], int]:
    """The document and the exit code: 2 when no cell could be measured, 130 when interrupted."""
    terms_of(task_use)  # values without sense are refused before anything is measured
    check_destinations(files=[settings.raw], folders=[settings.keep, settings.storage])
    sizes = request.measured_as(host, settings.as_is)
    suite, curves = _run_all(request, sizes, settings)
    interrupted = suite.interrupted or curves.interrupted
    measured = [cell for cell in suite.cells if cell["wall_s"] is not None]
    if interrupted and not measured:
        raise TidegaugeError("the bench was interrupted", exit_code=ExitCode.INTERRUPTED)
    costing = Costing(book=read_prices(DEFAULT_REGION), task_use=task_use)
    made = document(
        _cells(request, host, sizes, suite, costing),
        _profiles(request, sizes, suite.cells, costing),
        costing=costing,
        gpu=asdict(host.gpu),
        ffmpeg={name: value for name, value in asdict(find_ffmpeg()).items() if name != "path"},
        machine=describe_machine(),
        curves=curves.priced(request.profiles, costing),
        interrupted=interrupted,
    )
    if interrupted:
        return made, ExitCode.INTERRUPTED
    return made, ExitCode.PASS if measured else ExitCode.USAGE


def _run_all(
    request: Request, sizes: Mapping[tuple[str, ...], Profile], settings: Settings
) -> tuple[Suite, Curves]:
    """The cells, then the curves, as far as Ctrl-C lets them go."""
    matrix = Matrix(
        media=request.media,
        renditions=request.renditions,
        profiles=list(sizes.values()),
        rounds=settings.rounds,
        keep=settings.keep,
        quality=settings.quality,
        as_is=settings.as_is,
    )
    wanted_curves = CurveMatrix(
        media=request.media if settings.curves else (),
        renditions=request.renditions,
        sizes=sizes,
        as_is=settings.as_is,
        ffmpeg=find_ffmpeg(),
    )
    curves = Curves()
    if not matrix.cells:
        return Suite(cells=[], interrupted=False), curves
    progress = Progress(steps=matrix.cells + wanted_curves.steps, events_fd=settings.events_fd)
    progress.start()
    suite = run_suite(matrix, raw=settings.raw, storage=settings.storage, on_cell=progress.on_cell)
    if not suite.interrupted:
        curves.measure(wanted_curves, progress.on_step)
    return suite, curves


def _cells(
    request: Request,
    host: Host,
    sizes: Mapping[tuple[str, ...], Profile],
    suite: Suite,
    costing: Costing,
) -> list[dict[str, Any]]:
    """All of the matrix, in the order in which it was asked for."""
    by_key = {(cell["profile"], cell["media"], cell["rendition"]): cell for cell in suite.cells}
    absent = INTERRUPTED if suite.interrupted else BROKEN
    classes = media_classes()
    cells = []
    for profile in request.profiles:
        size = sizes.get(profile.size)
        reason = absent if size is not None else host.why_not(profile)
        for medium in request.media:
            for rendition in request.renditions:
                cell = by_key.get((size.name, medium.name, rendition.name)) if size else None
                if cell is None:
                    encoder = encoder_of(profile, rendition, as_is=True)
                    what = named(medium, rendition, classes, encoder)
                    cell = empty_cell(what, profile.name, str(reason))
                cells.append(costing.costed(cell, profile))
    return cells


def _profiles(
    request: Request,
    sizes: Mapping[tuple[str, ...], Profile],
    found: Sequence[Mapping[str, Any]],
    costing: Costing,
) -> list[dict[str, object]]:
    """The profiles of the cells, and today's worker: a recommendation is compared with it."""
    emulations = {cell["profile"]: cell["emulation"] for cell in found}
    listed = {profile.name: profile for profile in request.profiles}
    task_use = costing.task_use
    worker = worker_profile(task_use["worker_vcpu"].value, task_use["worker_memory_gb"].value)
    if worker is not None:
        listed.setdefault(worker.name, worker)
    return [
        profile.document(costing.book, emulations.get(size.name) if size else None)
        for profile in listed.values()
        for size in [sizes.get(profile.size)]
    ]
