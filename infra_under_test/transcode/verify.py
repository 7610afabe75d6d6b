"""Is the output what was asked for? ffmpeg's exit code 0 alone does not say so."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from infra_under_test.transcode.errors import MediaRefused, OutputInvalid
from infra_under_test.transcode.gif import walk_gif
from infra_under_test.transcode.graph import output_fps, output_size, play_time_s_max
from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.mp4 import probe_mp4
from infra_under_test.transcode.rendition import Rendition
from infra_under_test.transcode.webp import walk_webp


def verify_output(path: Path, rendition: Rendition, info: MediaInfo, limits: Limits) -> None:
    """Raises OutputInvalid unless `path` is a whole `rendition` of the media that `info` describes."""
    if not path.exists() or not path.stat().st_size:
        raise OutputInvalid(f"ffmpeg made no {rendition.name}")
    asked = output_size(info, rendition)
    try:
        size, duration_s = _measure(path, rendition, limits)
    except (MediaRefused, UnidentifiedImageError, OSError, ValueError) as error:
        raise OutputInvalid(f"the {rendition.name} that ffmpeg made is broken", detail=str(error)) from None
    if size != asked:
        raise OutputInvalid(f"the {rendition.name} is {size[0]} x {size[1]}, not {asked[0]} x {asked[1]}")
    if duration_s is not None:
        _refuse_other_duration(duration_s, rendition, info, limits)


def _measure(path: Path, rendition: Rendition, limits: Limits) -> tuple[tuple[int, int], float | None]:
    """((width, height), play time in s or None for a still picture)."""
    if rendition.container == "gif":
        gif = walk_gif(path, limits, trailer_required=True)  # ffmpeg writes it last
        return (gif.width, gif.height), gif.duration_s
    if rendition.container == "mp4":
        mp4 = probe_mp4(path, limits, decode=False)
        return (mp4.width, mp4.height), mp4.duration_s
    with Image.open(path, formats=[rendition.container]) as image:
        size = image.size
        if rendition.container == "jpeg":
            image.load()  # raises where the picture is cut off
            return size, None
    webp = walk_webp(path)
    # The encoder joins equal pictures, so a motionless clip becomes a still one.
    return size, webp.duration_s if webp.frames > 1 else None


def _refuse_other_duration(duration_s: float, rendition: Rendition, info: MediaInfo, limits: Limits) -> None:
    rate = float(output_fps(info, rendition))
    asked_s = min(info.duration_s, play_time_s_max(rendition, limits))
    if rendition.frames_max is not None:
        asked_s = min(asked_s, rendition.frames_max / rate)
    # Resampling to a fixed rate rounds each end to a whole frame.
    if abs(duration_s - asked_s) > 2 / rate:
        raise OutputInvalid(f"the {rendition.name} plays for {duration_s:.2f} s, not {asked_s:.2f} s")
