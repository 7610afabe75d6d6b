"""The renditions as data. Sizes, rates and encoder settings ran on ffmpeg 5.1 and 9.0 alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Container = Literal["mp4", "gif", "webp", "jpeg"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One output of the transcode core."""

    name: str
    container: Container
    suffix: str
    mime_type: str
    fps: str  # as ffmpeg reads it
    width_max: int
    height_max: int
    flatten: bool = False  # onto white: H.264 and JPEG have no transparency
    palette_colours: int | None = None  # a palette made for the clip; GIF only
    still: bool = False  # one representative picture
    encoder: tuple[tuple[str, str], ...]  # ffmpeg output options, in order of reading


PREVIEW_MP4 = Rendition(
    name="preview_mp4",
    container="mp4",
    suffix=".mp4",
    mime_type="video/mp4",
    fps="24",
    width_max=854,
    height_max=480,
    flatten=True,
    encoder=(
        ("c:v", "libx264"),
        ("preset", "veryfast"),
        ("crf", "26"),
        ("profile:v", "main"),
        ("level:v", "3.1"),
        ("movflags", "+faststart"),
        ("f", "mp4"),
    ),
)

SLACK_GIF = Rendition(
    name="slack_gif",
    container="gif",
    suffix=".gif",
    mime_type="image/gif",
    fps="12.5",  # 8 hundredths a frame: GIF delays are whole hundredths
    width_max=480,
    height_max=480,
    palette_colours=128,
    encoder=(("loop", "0"), ("f", "gif")),
)

WEBP = Rendition(
    name="webp",
    container="webp",
    suffix=".webp",
    mime_type="image/webp",
    fps="15",
    width_max=480,
    height_max=480,
    encoder=(
        ("c:v", "libwebp_anim"),
        ("quality", "75"),
        ("compression_level", "4"),  # level 6 takes 19 times the CPU for 6 % fewer bytes
        ("loop", "0"),
        ("f", "webp"),
    ),
)

POSTER = Rendition(
    name="poster",
    container="jpeg",
    suffix=".jpg",
    mime_type="image/jpeg",
    fps="10",
    width_max=1280,
    height_max=720,
    flatten=True,
    still=True,
    encoder=(("frames:v", "1"), ("update", "1"), ("c:v", "mjpeg"), ("q:v", "3"), ("f", "image2")),
)

RENDITIONS: Mapping[str, Rendition] = MappingProxyType(
    {rendition.name: rendition for rendition in (PREVIEW_MP4, SLACK_GIF, WEBP, POSTER)}
)
