"""What a GPU cannot take: CPU-seconds of a rendition's run without its encoder."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from statistics import median

from infra_under_test.cgroup import Cage
from infra_under_test.transcode import DEFAULT_LIMITS, Ffmpeg, MediaInfo, Rendition
from infra_under_test.transcode.graph import compile_argv
from infra_under_test.transcode.nvenc import can_encode
from infra_under_test.transcode.process import run_limited

NO_ENCODER = (("c:v", "wrapped_avframe"),)  # hands the pictures on as they are


def decode_cpu_s(
    ffmpeg: Ffmpeg,
    medium: Path,
    info: MediaInfo,
    rendition: Rendition,
    *,
    cage: Cage | None,
    rounds: int,
) -> float | None:
    """Median of decoding, scaling and colour conversion; None for what no GPU encodes anyway."""
    if not can_encode(rendition):
        return None
    bare = dataclasses.replace(rendition, encoder=NO_ENCODER, audio=False)
    argv = compile_argv(ffmpeg.path, medium, info, [(bare, Path("-"))], limits=DEFAULT_LIMITS)
    muxer = len(argv) - 1 - argv[::-1].index("-f") + 1  # the last -f is the output's
    argv[muxer] = "null"
    with tempfile.TemporaryDirectory(prefix="tidegauge-decode-") as folder:
        return median(
            run_limited(
                argv, folder=Path(folder), limits=DEFAULT_LIMITS, on_line=lambda _line: None, cage=cage
            ).cpu_s
            for _ in range(rounds)
        )
