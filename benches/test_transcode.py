"""The transcode core: wall time a rendition, with CPU time, peak memory and size beside it.

    python -m pytest benches -p no:locust --benchmark-json FILE

What is timed is one whole call: inspection, ffmpeg, verification, hash. CPU time and memory are ffmpeg's own.
On a profile that is emulated, ffmpeg runs under its CPU quota and memory limit; the rest does not.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benches.cells import empty_cell, measured_cell, named
from benches.emulation import Host
from benches.profiles import Profile
from benches.recorder import Recorder
from infra_under_test.transcode import (
    Ffmpeg,
    Rendition,
    RenditionResult,
    TranscodeError,
    inspect_upload,
    transcode,
)


@pytest.mark.timeout(0)  # ffmpeg has limits of its own, and rounds are as many as asked for
def test_transcode(
    benchmark: BenchmarkFixture,
    medium: Path,
    rendition: Rendition,
    profile: Profile,
    ffmpeg: Ffmpeg,
    classes: dict[str, str],
    host: Host,
    recorder: Recorder,
    tmp_path: Path,
) -> None:
    matrix = recorder.matrix
    what = named(medium, rendition, classes)
    made: list[RenditionResult] = []
    benchmark.group = f"{medium.name} {rendition.name}"
    try:
        with host.cage(profile, as_is=matrix.as_is) as cage:
            benchmark.pedantic(
                lambda: made.extend(transcode(medium, tmp_path, [rendition], ffmpeg=ffmpeg).results),
                rounds=matrix.rounds,
                iterations=1,
                warmup_rounds=1,
            )
    except TranscodeError as error:
        recorder.add(benchmark.fullname, empty_cell(what, profile.name, error.reason), measured=False)
        raise
    info = inspect_upload(medium)
    benchmark.extra_info |= {
        **what,
        **_used(made[-matrix.rounds :]),  # the warm-up came first
        "frames": info.frames,
        "duration_s": info.duration_s,
        "profile": profile.name,
        "emulation": None,
        "provenance": "measured" if cage is None else "emulated",
        "output": _kept(made[-1], medium, matrix.keep),
        "vmaf_mean": None,
        "vmaf_p5": None,
        "ssim": None,
        "quality_reason": "quality is not measured yet",
        "ffmpeg": {"version": ffmpeg.version, "origin": ffmpeg.origin, "sha256": ffmpeg.sha256},
    }
    if benchmark.stats is not None:  # pytest-benchmark may be disabled
        rounds = list(benchmark.stats.stats.data)
        recorder.add(benchmark.fullname, measured_cell(benchmark.extra_info, rounds), measured=True)


def _used(measured: list[RenditionResult]) -> dict[str, Any]:
    return {
        "cpu_s_rounds": [result.cpu_s for result in measured],
        "rss_peak_mb": max(result.rss_peak_mb for result in measured),
        "memory_source": "ru_maxrss",
        "bytes_out": measured[-1].bytes,
        "sha256": measured[-1].sha256,
    }


def _kept(result: RenditionResult, medium: Path, folder: Path | None) -> str | None:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder.resolve() / f"{medium.name}.{result.path.name}"
    shutil.copyfile(result.path, kept)
    return str(kept)
