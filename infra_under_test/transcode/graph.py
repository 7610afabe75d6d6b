"""A rendition as an ffmpeg command line. The only module that knows ffmpeg-python; it only compiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg
from ffmpeg.nodes import FilterableStream, FilterNode, Node

from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.renditions import Rendition

_DEMUXERS = {"gif": "gif", "mp4": "mov"}  # forced, so that a renamed playlist is never interpreted
_PICTURES_TO_CHOOSE_A_POSTER_FROM = 20


def compile_argv(
    executable: Path, rendition: Rendition, source: Path, info: MediaInfo, output: Path, limits: Limits
) -> list[str]:
    """The argument list that makes `rendition` of `source` into `output`."""
    picture = ffmpeg.input(
        f"file:{source}",
        f=_DEMUXERS[info.kind],
        protocol_whitelist="file",
        max_pixels=limits.picture_pixels_max,
    )
    width, height = fitted_size(info.width, info.height, rendition.width_max, rendition.height_max)
    stream = _filters(picture["v:0"], rendition, width, height)
    options: dict[str, str | None] = {**dict(rendition.encoder), **_privacy()}
    if not rendition.still:
        options["t"] = f"{limits.duration_s_max:g}"
    command = [str(executable), "-hide_banner", "-nostdin", "-loglevel", "error", "-xerror", "-y"]
    command += ["-progress", "pipe:1", "-max_alloc", str(limits.alloc_bytes_max)]
    argv: list[str] = ffmpeg.output(stream, f"file:{output}", **options).compile(cmd=command)
    return argv


def fitted_size(width: int, height: int, width_max: int, height_max: int) -> tuple[int, int]:
    """`width` x `height` shrunk to fit, never enlarged, both even as 4:2:0 pictures need."""
    ratio = min(1.0, width_max / width, height_max / height)
    return _even(width * ratio), _even(height * ratio)


def _even(length: float) -> int:
    return max(2, int(length + 1e-6) // 2 * 2)  # 480.0 may arrive as 479.9999…


def _privacy() -> dict[str, str | None]:
    """Output options: pictures only, no metadata of the uploader."""
    return {"an": None, "sn": None, "dn": None, "map_metadata": "-1", "map_chapters": "-1"}


def _filters(picture: Any, rendition: Rendition, width: int, height: int) -> Any:
    stream = picture.filter("fps", rendition.fps).filter("scale", w=width, h=height, flags="lanczos")
    if rendition.flatten:
        stream = _flattened(stream, rendition, width, height)
    if rendition.palette_colours is not None:
        return _paletted(stream, rendition.palette_colours)
    if rendition.still:
        # JPEG files (JFIF) are full-range BT.601, which is what this conversion gives.
        stream = stream.filter("thumbnail", _PICTURES_TO_CHOOSE_A_POSTER_FROM)
        return stream.filter("setsar", "1").filter("format", "yuvj420p")
    if rendition.container == "mp4":
        return _bt709(stream.filter("setsar", "1"))
    return stream


def _flattened(stream: Any, rendition: Rendition, width: int, height: int) -> Any:
    """Over white, by a `color` source: `drawbox` with replace crashes Debian's ffmpeg 5.1.9."""
    white = _Source("color", {"c": "white", "s": f"{width}x{height}", "r": rendition.fps}).stream()
    over = stream.filter("format", "rgba")
    return ffmpeg.overlay(white.filter("format", "rgba"), over, format="auto", shortest=1)


def _paletted(stream: Any, colours: int) -> Any:
    pictures = stream.split()
    palette = pictures[0].filter("palettegen", max_colors=colours, stats_mode="diff")
    return ffmpeg.filter(
        [pictures[1], palette], "paletteuse", dither="bayer", bayer_scale=5, diff_mode="rectangle"
    )


def _bt709(stream: Any) -> Any:
    """Converted with BT.709 and tagged so: players guess the matrix of untagged video by its size."""
    converted = stream.filter("scale", out_color_matrix="bt709", out_range="tv").filter("format", "yuv420p")
    return converted.filter(
        "setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709"
    )


class _Source(FilterNode):  # type: ignore[misc]  # ffmpeg-python ships no types
    """A filter without inputs; ffmpeg-python's own filter node asks for at least one."""

    def __init__(self, name: str, options: dict[str, str]) -> None:
        Node.__init__(
            self,
            stream_spec=None,
            name=name,
            incoming_stream_types={},
            outgoing_stream_type=FilterableStream,
            min_inputs=0,
            max_inputs=0,
            kwargs=options,
        )
