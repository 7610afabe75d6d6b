"""Which renditions of a source share one decode, and which get a run of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from infra_under_test.transcode.graph import output_fps, output_size, play_time_s_max
from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.rendition import Rendition

Decode = Literal["auto", "once", "separate"]

# Memory of one ffmpeg process, measured by `python -m benches.fan_out`.
_BASE_BYTES = 60_000_000
_SOURCE_PICTURES = 6  # decoded ones on their way through threads and filters, four bytes a pixel at most
_ENCODER_BYTES = 25_000_000
_X264_PICTURES = 70  # look-ahead and references of `medium`, one and a half bytes a pixel
_OTHER_PICTURES = 8  # in filters, four bytes a pixel


def group_renditions(
    renditions: Sequence[Rendition], info: MediaInfo, limits: Limits, decode: Decode
) -> list[list[Rendition]]:
    """`renditions` in runs. "auto": one decode for all, as far as their memory together allows it."""
    if decode == "separate":
        return [[rendition] for rendition in renditions]
    if decode == "once":
        return [list(renditions)] if renditions else []
    groups: list[list[Rendition]] = []
    room = 0
    for rendition in renditions:
        needed = rendition_bytes(rendition, info, limits)
        if not groups or needed > room:
            groups.append([])
            room = limits.rss_bytes_max - source_bytes(info)
        groups[-1].append(rendition)
        room -= needed
    return groups


def source_bytes(info: MediaInfo) -> int:
    """About how much memory decoding takes, whatever is made of it."""
    return _BASE_BYTES + _SOURCE_PICTURES * info.width * info.height * 4


def rendition_bytes(rendition: Rendition, info: MediaInfo, limits: Limits) -> int:
    """About how much memory the filters and the encoder of one rendition take."""
    width, height = output_size(info, rendition)
    pixels = width * height
    always = _ENCODER_BYTES + _OTHER_PICTURES * pixels * 4
    if rendition.palette_colours is not None:
        # palettegen sees every picture before paletteuse sees the first
        play_s = min(info.duration_s, play_time_s_max(rendition, limits))
        return always + round(pixels * 4 * float(output_fps(info, rendition)) * play_s)
    if rendition.container == "mp4":
        return always + round(_X264_PICTURES * pixels * 1.5)
    return always
