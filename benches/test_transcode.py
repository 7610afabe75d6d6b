"""The transcode core: wall time a rendition, with CPU time, peak memory and size beside it.

    python -m pytest benches -p no:locust --benchmark-json FILE

What is timed is one whole call: inspection, ffmpeg, verification, hash. CPU time and memory are ffmpeg's own.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from infra_under_test.transcode import (
    Ffmpeg,
    MediaInfo,
    Rendition,
    RenditionResult,
    inspect_upload,
    transcode,
)

PROFILE = "local-machine"  # this machine's cores, all of them, as they are


@pytest.mark.timeout(0)  # ffmpeg has limits of its own, and rounds are as many as asked for
def test_transcode(
    benchmark: BenchmarkFixture,
    medium: Path,
    rendition: Rendition,
    ffmpeg: Ffmpeg,
    classes: dict[str, str],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    rounds = pytestconfig.getoption("bench_rounds")
    made: list[RenditionResult] = []
    benchmark.group = medium.name
    benchmark.pedantic(
        lambda: made.extend(transcode(medium, tmp_path, [rendition], ffmpeg=ffmpeg)),
        rounds=rounds,
        iterations=1,
        warmup_rounds=1,
    )
    measured = made[-rounds:]  # the warm-up came first
    with medium.open("rb") as file:
        media_class = classes.get(hashlib.file_digest(file, "sha256").hexdigest())
    benchmark.extra_info |= {
        "media": medium.name,
        "media_class": media_class,
        "rendition": rendition.name,
        "profile": PROFILE,
        "provenance": "measured",
        "output": _kept(measured[-1], medium, pytestconfig.getoption("bench_keep")),
        "ffmpeg": {
            "version": ffmpeg.version,
            "origin": ffmpeg.origin,
            "configuration": ffmpeg.configuration,
            "sha256": ffmpeg.sha256,
        },
        **_used(measured),
        **_rates(inspect_upload(medium), benchmark),
    }


def _used(measured: list[RenditionResult]) -> dict[str, Any]:
    return {
        "cpu_s": median(result.cpu_s for result in measured),
        "cpu_s_rounds": [result.cpu_s for result in measured],
        "rss_peak_mb": max(result.rss_peak_mb for result in measured),
        "bytes_out": measured[-1].bytes,
    }


def _rates(info: MediaInfo, benchmark: BenchmarkFixture) -> dict[str, Any]:
    """Source frames, and source seconds, a second of wall time; none where pytest-benchmark is disabled."""
    rates: dict[str, Any] = {"frames": info.frames, "duration_s": info.duration_s}
    if benchmark.stats is not None:
        wall_s = benchmark.stats.stats.median
        rates |= {"frames_per_s": info.frames / wall_s, "speed_x": info.duration_s / wall_s}
    return rates


def _kept(result: RenditionResult, medium: Path, folder: Path | None) -> str | None:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder.resolve() / f"{medium.name}.{result.path.name}"
    shutil.copyfile(result.path, kept)
    return str(kept)
