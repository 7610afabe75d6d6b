"""Renditions as an ffmpeg command line. The only module that knows ffmpeg-python; it only compiles."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import ffmpeg

from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.nvenc import can_encode
from infra_under_test.transcode.nvenc import options as nvenc_options
from infra_under_test.transcode.rendition import Rendition

Encoder = Literal["cpu", "nvenc"]

_DEMUXERS = {"gif": "gif", "mp4": "mov"}  # forced, so that a renamed playlist is never interpreted
_PICTURES_TO_CHOOSE_A_POSTER_FROM = 20


def compile_argv(
    executable: Path,
    source: Path,
    info: MediaInfo,
    outputs: Sequence[tuple[Rendition, Path]],
    *,
    limits: Limits,
    encoder: Encoder = "cpu",
) -> list[str]:
    """The argument list that makes the file of each of `outputs` from `source`, all in one decode.

    With `encoder` "nvenc" those made by libx264 are encoded by NVENC; decoding and filters stay on the CPU.
    """
    media = ffmpeg.input(
        f"file:{source}",
        f=_DEMUXERS[info.kind],
        protocol_whitelist="file",
        max_pixels=limits.picture_pixels_max,
    )
    filtered = _filter_all(media["v:0"], [rendition for rendition, _ in outputs], info)
    made = []
    for rendition, output in outputs:
        streams = [filtered[rendition.name]]
        has_audio = rendition.audio and info.audio
        streams += [media["a:0"]] if has_audio else []
        options = _output_options(rendition, limits, encoder=encoder, audio=has_audio)
        made.append(ffmpeg.output(*streams, f"file:{output}", **options))
    command = [str(executable), "-hide_banner", "-nostdin", "-loglevel", "error", "-xerror", "-y"]
    command += ["-progress", "pipe:1", "-max_alloc", str(limits.alloc_bytes_max)]
    argv: list[str] = ffmpeg.merge_outputs(*made).compile(cmd=command)
    return argv


def _output_options(
    rendition: Rendition, limits: Limits, *, encoder: Encoder, audio: bool
) -> dict[str, str | None]:
    is_hardware = encoder == "nvenc" and can_encode(rendition)
    options: dict[str, str | None] = dict(nvenc_options(rendition) if is_hardware else rendition.encoder)
    if not audio:
        options = {name: value for name, value in options.items() if name not in ("c:a", "b:a")}
    options |= {"f": rendition.muxer, **_privacy(audio=audio)}
    if not rendition.still:
        options["t"] = f"{play_time_s_max(rendition, limits):g}"
    if rendition.frames_max is not None:
        options["frames:v"] = str(rendition.frames_max)
    return options


def play_time_s_max(rendition: Rendition, limits: Limits) -> float:
    """The longest that `rendition` may play, in seconds."""
    return min(limits.duration_s_max, rendition.duration_s_max or limits.duration_s_max)


def output_size(info: MediaInfo, rendition: Rendition) -> tuple[int, int]:
    """(width, height) of `rendition` of the media that `info` describes."""
    if rendition.pad:
        return rendition.width_max, rendition.height_max
    return fitted_size(info.width, info.height, rendition.width_max, rendition.height_max)


def output_fps(info: MediaInfo, rendition: Rendition) -> Fraction:
    """Frames a second of `rendition`: its own, or the mean of the source."""
    if rendition.fps is not None:
        return Fraction(rendition.fps)
    return Fraction(info.frames) / Fraction(str(info.duration_s))


def fitted_size(width: int, height: int, width_max: int, height_max: int) -> tuple[int, int]:
    """`width` x `height` shrunk to fit, never enlarged, both even as 4:2:0 pictures need."""
    ratio = min(1.0, width_max / width, height_max / height)
    return _even(width * ratio), _even(height * ratio)


def _even(length: float) -> int:
    return max(2, int(length + 1e-6) // 2 * 2)  # 480.0 may arrive as 479.9999…


def _privacy(*, audio: bool) -> dict[str, str | None]:
    """Output options: no subtitles, data or metadata of the uploader, and no sound unless asked for."""
    silent = {} if audio else {"an": None}
    return {**silent, "sn": None, "dn": None, "map_metadata": "-1", "map_chapters": "-1"}


def _filter_all(picture: Any, renditions: Sequence[Rendition], info: MediaInfo) -> dict[str, Any]:
    """What each encoder gets, by the rendition's name, from one decoded stream."""
    alike = _prepared_alike(renditions, info)
    alone = [rendition for rendition in renditions if all(rendition not in group for group in alike)]
    heads = _split(picture, len(alone) + len(alike))
    filtered = {each.name: _filters(head, each, info) for each, head in zip(alone, heads, strict=False)}
    for group, head in zip(alike, heads[len(alone) :], strict=True):
        prepared = _split(_as_video(_scaled(head, *output_size(info, group[0]))), len(group))
        for each, stream in zip(group, prepared, strict=True):
            filtered[each.name] = stream.filter("fps", each.fps)
    return filtered


def _prepared_alike(renditions: Sequence[Rendition], info: MediaInfo) -> list[list[Rendition]]:
    """MP4s of one size share the conversion: a picture is then converted once, not once for each of them.

    The pictures are the same either way, since the frame rate only chooses among them.
    """
    by_size: dict[tuple[int, int], list[Rendition]] = {}
    for rendition in renditions:
        if rendition.container == "mp4" and rendition.fps is not None:
            by_size.setdefault(output_size(info, rendition), []).append(rendition)
    source_fps = Fraction(info.frames) / Fraction(str(info.duration_s)) if info.duration_s else 0
    return [
        group
        for group in by_size.values()
        if len(group) > 1 and source_fps < sum(output_fps(info, each) for each in group)
    ]


def _split(stream: Any, count: int) -> list[Any]:
    if count == 1:
        return [stream]
    parts = stream.split()
    return [parts[index] for index in range(count)]


def _filters(picture: Any, rendition: Rendition, info: MediaInfo) -> Any:
    width, height = output_size(info, rendition)
    # A GIF's pictures come at uneven times: without a rate of its own the rendition takes their mean.
    fps = rendition.fps or (_ratio(output_fps(info, rendition)) if info.kind == "gif" else None)
    stream = picture if fps is None else picture.filter("fps", fps)
    stream = _padded(stream, width, height) if rendition.pad else _scaled(stream, width, height)
    if rendition.palette_colours is not None:
        return _paletted(_as_rgb(stream) if info.kind == "mp4" else stream, rendition.palette_colours)
    if rendition.still:
        # JPEG files (JFIF) are full-range BT.601, which is what this conversion gives.
        stream = stream.filter("thumbnail", _PICTURES_TO_CHOOSE_A_POSTER_FROM)
        return stream.filter("setsar", "1").filter("format", "yuvj420p")
    return _as_video(stream) if rendition.container == "mp4" else stream


def _as_video(stream: Any) -> Any:
    """4:2:0 in BT.709, on white: ffmpeg decodes a GIF's transparent pixels to white, YUV has no alpha."""
    return _bt709(stream.filter("setsar", "1"))


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _scaled(stream: Any, width: int, height: int) -> Any:
    return stream.filter("scale", w=width, h=height, flags="lanczos")


def _padded(stream: Any, width: int, height: int) -> Any:
    """Centred in exactly `width` x `height`, with transparency around it."""
    fitted = stream.filter("format", "rgba").filter(
        "scale", w=width, h=height, force_original_aspect_ratio="decrease", flags="lanczos"
    )
    middle = {"x": "(ow-iw)/2", "y": "(oh-ih)/2", "color": "black@0"}
    return fitted.filter("pad", width, height, **middle).filter("setsar", "1")


def _as_rgb(stream: Any) -> Any:
    """Video as the palette filters want it, converted once: left to ffmpeg it took 2.5 times the CPU."""
    return stream.filter("format", "yuv420p|yuv422p|yuv444p").filter("format", "bgra")


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
