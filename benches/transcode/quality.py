"""How much of the picture an encoding kept: VMAF and SSIM against the same frames before encoding.

The reference is the source through the rendition's own frame rate, length, size and background, so that only
the encoding is judged. Nothing here is timed.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benches.transcode.machine import cores
from benches.transcode.quality_graph import FRAME_COUNTS, SSIM_LOG, VMAF_LOG, comparison_argv
from infra_under_test.transcode import DEFAULT_LIMITS, Ffmpeg, MediaInfo, Rendition, TranscodeError
from infra_under_test.transcode.process import run_limited

MODEL, MODEL_4K = "vmaf_v0.6.1", "vmaf_4k_v0.6.1"
# The 4K model is for pictures beyond 2560 x 1440, which are nearer to its 3840 x 2160 than to 1920 x 1080.
_WIDTH_OF_4K, _HEIGHT_OF_4K = 2561, 1441
# Two whole clips are decoded and compared: VMAF takes about a second per 100 frames of 480p and core.
_LIMITS = dataclasses.replace(DEFAULT_LIMITS, wall_s_max=900.0, cpu_s_max=1800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What was judged. A figure that could not be had is None, and `reason` says why."""

    vmaf_mean: float | None = None  # harmonic mean over frames, 0 to 100
    vmaf_p5: float | None = None  # 5th percentile of frames, 0 to 100
    vmaf_model: str | None = None
    ssim: float | None = None  # mean over frames of Y, Cb and Cr weighted by their samples, at most 1
    frames: int | None = None  # how many were compared
    reason: str | None = None


def measure_quality(
    ffmpeg: Ffmpeg, reference: Path, output: Path, rendition: Rendition, info: MediaInfo
) -> Quality:
    """Judges `output`, made as `rendition` of `reference`, which `info` describes."""
    no_vmaf = _why_no_vmaf(ffmpeg, rendition)
    model = None if no_vmaf else _model(rendition, info)
    with tempfile.TemporaryDirectory(prefix="tidegauge-quality-") as folder:
        argv = comparison_argv(
            ffmpeg.path,
            reference.resolve(),
            output.resolve(),
            rendition,
            info,
            model=model,
            threads=cores(),
            limits=_LIMITS,
        )
        try:
            run_limited(argv, folder=Path(folder), limits=_LIMITS, on_line=lambda _line: None)
        except TranscodeError as error:
            return Quality(reason=f"output and reference could not be compared: {error}")
        return _judge(Path(folder), model, no_vmaf)


def harmonic_mean(scores: Sequence[float]) -> float:
    """The mean of VMAF scores as libvmaf pools them: over 1 + score, so that a frame of 0 has no veto."""
    return float(len(scores) / np.sum(1 / (1 + np.asarray(scores))) - 1)


def _why_no_vmaf(ffmpeg: Ffmpeg, rendition: Rendition) -> str | None:
    if rendition.still:
        return "VMAF judges moving pictures; a still one has SSIM alone"
    if "--enable-libvmaf" not in ffmpeg.configuration.split():
        return f"ffmpeg {ffmpeg.version} has no libvmaf; it has SSIM alone"
    return None


def _model(rendition: Rendition, info: MediaInfo) -> str:
    width, height = min(info.width, rendition.width_max), min(info.height, rendition.height_max)
    return MODEL_4K if width >= _WIDTH_OF_4K or height >= _HEIGHT_OF_4K else MODEL


def _judge(folder: Path, model: str | None, no_vmaf: str | None) -> Quality:
    made, expected = (_count(folder / name) for name in FRAME_COUNTS)
    if made != expected or not made:
        # ffmpeg pairs frames by repeating the last one of the shorter side: a score would mean nothing.
        return Quality(reason=f"the output has {made} frames, the reference {expected}: never compared")
    ssim = _ssim(folder / SSIM_LOG)
    if model is None:
        return Quality(ssim=ssim, frames=made, reason=no_vmaf)
    scores = _vmaf(folder / VMAF_LOG)
    return Quality(
        vmaf_mean=harmonic_mean(scores),
        vmaf_p5=float(np.percentile(scores, 5)),
        vmaf_model=model,
        ssim=ssim,
        frames=made,
    )


def _count(framecrc: Path) -> int:
    """Frames in what `-f framecrc` wrote: a line each, and header lines that start with #."""
    return sum(not line.startswith("#") for line in framecrc.read_text(encoding="ascii").splitlines())


def _ssim(log: Path) -> float:
    """The mean over frames of `n:1 Y:0.99 U:0.98 V:0.98 All:0.98 (17.5)`."""
    lines = log.read_text(encoding="ascii").splitlines()
    return float(np.mean([float(line.partition("All:")[2].split()[0]) for line in lines]))


def _vmaf(log: Path) -> list[float]:
    return [frame["metrics"]["vmaf"] for frame in json.loads(log.read_text(encoding="utf-8"))["frames"]]
