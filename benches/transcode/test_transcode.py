"""The transcode core: wall time a rendition, with CPU time, peak memory, size and quality beside it.

    python -m pytest benches/transcode -p no:locust --benchmark-json FILE

What is timed is one whole call: inspection, ffmpeg, verification, hash. CPU time and memory are ffmpeg's own.
On a profile that is emulated, ffmpeg runs under its CPU quota and memory limit; the rest does not.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benches.transcode.cells import empty_cell, measured_cell, named
from benches.transcode.decoding import decode_cpu_s
from benches.transcode.emulation import CANNOT, cage_of, encoder_of, this_host
from benches.transcode.judging import Judge
from benches.transcode.profiles import Profile
from benches.transcode.recorder import Recorder
from infra_under_test.cgroup import Cage, CannotEmulate
from infra_under_test.transcode import (
    Ffmpeg,
    Rendition,
    Transcoded,
    TranscodeError,
    inspect_upload,
    transcode,
)
from infra_under_test.transcode.graph import Encoder

_BYTES_PER_MB = 1_000_000


@pytest.mark.timeout(0)  # ffmpeg has limits of its own, and rounds are as many as asked for
def test_transcode(
    benchmark: BenchmarkFixture,
    medium: Path,
    rendition: Rendition,
    profile: Profile,
    ffmpeg: Ffmpeg,
    classes: dict[str, str],
    judge: Judge,
    recorder: Recorder,
    tmp_path: Path,
) -> None:
    matrix = recorder.matrix
    encoder = encoder_of(profile, rendition, as_is=matrix.as_is)
    what = named(medium, rendition, classes, encoder)
    made: list[Transcoded] = []
    benchmark.group = f"{medium.name} {rendition.name}"

    def make() -> None:
        made.append(transcode(medium, tmp_path, [rendition], ffmpeg=ffmpeg, encoder=encoder, cage=cage))

    info = inspect_upload(medium)
    try:
        _check_encoder(encoder)
        with cage_of(profile, as_is=matrix.as_is) as cage:
            benchmark.pedantic(make, rounds=matrix.rounds, iterations=1, warmup_rounds=1)
            _check_size(made[-1])
            benchmark.extra_info |= {
                **_used(made[-matrix.rounds :], cage),  # the warm-up came first
                "decode_cpu_s": decode_cpu_s(
                    ffmpeg, medium, info, rendition, cage=cage, rounds=matrix.rounds
                ),
                "provenance": "measured" if cage is None else "emulated",
                "emulation": None if cage is None else cage.emulation,
            }
    except (TranscodeError, CannotEmulate) as error:
        reason = error.reason if isinstance(error, TranscodeError) else f"{CANNOT}: {error}"
        recorder.add(benchmark.fullname, empty_cell(what, profile.name, reason), measured=False)
        raise
    (result,) = made[-1].results
    benchmark.extra_info |= {
        **what,
        **judge.fields(medium, rendition, result.path, result.sha256, info),
        "frames": info.frames,
        "duration_s": info.duration_s,
        "profile": profile.name,
        "output": _kept(result.path, medium, profile, matrix.keep),
        "ffmpeg": {"version": ffmpeg.version, "origin": ffmpeg.origin, "sha256": ffmpeg.sha256},
    }
    if benchmark.stats is not None:  # pytest-benchmark may be disabled
        rounds = list(benchmark.stats.stats.data)
        recorder.add(benchmark.fullname, measured_cell(benchmark.extra_info, rounds), measured=True)


def _check_encoder(encoder: Encoder) -> None:
    gpu = this_host().gpu
    if encoder == "nvenc" and not gpu.available:
        raise TranscodeError(gpu.reason, detail=gpu.detail)


def _check_size(made: Transcoded) -> None:
    """Where no quality fits a size cap there is no result."""
    for reason in made.unfit.values():
        raise TranscodeError(reason)


def _used(measured: list[Transcoded], cage: Cage | None) -> dict[str, Any]:
    """The resources used; a search for a size cap takes several runs, and all of them count."""
    peak_bytes = None if cage is None else cage.peak_bytes()
    process_mb = max(run.rss_peak_mb for made in measured for run in made.runs)
    (result,) = measured[-1].results
    return {
        "cpu_s_rounds": [sum(run.cpu_s for run in made.runs) for made in measured],
        "rss_peak_mb": process_mb if peak_bytes is None else peak_bytes / _BYTES_PER_MB,
        "memory_source": "ru_maxrss" if peak_bytes is None else "cgroup",
        "process_rss_peak_mb": process_mb,
        "bytes_out": result.bytes,
        "sha256": result.sha256,
        "setting": dict(result.setting),
    }


def _kept(output: Path, medium: Path, profile: Profile, folder: Path | None) -> str | None:
    if folder is None:
        return None
    folder = folder if profile.kind == "local" else folder / profile.name
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder.resolve() / f"{medium.name}.{output.name}"
    shutil.copyfile(output, kept)
    return str(kept)
