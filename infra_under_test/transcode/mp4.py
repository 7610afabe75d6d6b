"""An MP4 probed through PyAV: its index judged first, all packets counted, one picture decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

from infra_under_test.transcode.errors import CorruptMedia, NotMedia, TruncatedMedia
from infra_under_test.transcode.limits import Limits
from infra_under_test.transcode.media import MediaInfo, refuse_picture, refuse_sequence
from infra_under_test.transcode.mp4_index import refuse_index

# The same container carries still pictures, QuickTime and raw camera files: not what is served as MP4.
_REFUSED_BRANDS = frozenset(
    (
        b"heic",
        b"heix",
        b"hevc",
        b"hevx",
        b"heim",
        b"heis",
        b"mif1",
        b"msf1",
        b"avif",
        b"avis",
        b"qt  ",
        b"crx ",
    )
)
_CODECS = frozenset(("h264", "hevc", "av1", "vp9", "mpeg4"))
# libav would decode the first pictures to tell what the track is; its header and one picture tell it here.
_OPEN_UNDECODED = {"skip_frame": "all"}
# Files whose end is missing still announce their full length.
_PLAYED_RATIO_MIN = 0.9


def probe_mp4(path: Path, limits: Limits, *, decode: bool = True) -> MediaInfo:
    """Size, frames and play time of the first video track at `path`; raises `MediaRefused`.

    Without `decode` no picture is decoded and the size is the track's, whichever way up a player turns it:
    enough for what our own encoder just wrote, which it never turns.
    """
    with path.open("rb") as file:
        if file.read(12)[8:12] in _REFUSED_BRANDS:
            raise NotMedia("the file is neither a GIF nor an MP4: it is a relative of MP4")
    refuse_index(path, limits)
    try:
        with av.open(
            f"file:{path}",
            format="mov",
            options={"protocol_whitelist": "file"},
            stream_options=[_OPEN_UNDECODED] * limits.mp4_tracks_max,
        ) as container:
            return _probe(container, limits, decode=decode)
    except av.error.FFmpegError as error:
        raise TruncatedMedia(
            "the MP4 cannot be read: it was cut off or is damaged", detail=str(error)
        ) from None
    except ValueError as error:  # options for streams, and no stream
        raise TruncatedMedia("the MP4 ends before it says what it holds", detail=str(error)) from None


def _probe(container: Any, limits: Limits, *, decode: bool) -> MediaInfo:
    if not container.streams.video:
        raise NotMedia("the MP4 has no video track")
    stream = container.streams.video[0]
    codec = stream.codec_context
    # A codec context itself names its decoder (libdav1d), not the codec (av1).
    if codec is None or codec.codec.canonical_name not in _CODECS:
        raise NotMedia(f"the MP4's video is not one of {', '.join(sorted(_CODECS))}")
    refuse_picture(codec.width, codec.height, limits.picture_pixels_max)
    pixels = codec.width * codec.height
    announced_s = float((stream.duration or 0) * stream.time_base)
    refuse_sequence(kind="mp4", pixels=pixels, frames=stream.frames, duration_s=announced_s, limits=limits)
    frames, duration_s = _count(container, stream, pixels, limits)
    if duration_s < announced_s * _PLAYED_RATIO_MIN:
        raise TruncatedMedia(f"the MP4 announces {announced_s:.1f} s but holds {duration_s:.1f} s")
    width, height = _displayed_size(container, stream, limits) if decode else _track_size(stream)
    refuse_picture(width, height, limits.picture_pixels_max)
    # A picture may be larger than its track said.
    refuse_sequence(kind="mp4", pixels=width * height, frames=frames, duration_s=duration_s, limits=limits)
    return MediaInfo(
        kind="mp4",
        width=width,
        height=height,
        frames=frames,
        duration_s=duration_s,
        audio=bool(container.streams.audio),
    )


def _count(container: Any, stream: Any, pixels: int, limits: Limits) -> tuple[int, float]:
    """(packets, play time in s) by reading every packet: the index of a cut-off file would lie."""
    frames, first_s, last_s = 0, float("inf"), 0.0
    bytes_left = container.size
    for packet in container.demux(stream):
        if not packet.size:  # the flush packet at the end
            continue
        if packet.is_corrupt:
            raise TruncatedMedia("the MP4 ends in the middle: it was cut off")
        shown_at = packet.pts if packet.pts is not None else packet.dts
        if shown_at is None:
            raise CorruptMedia("the MP4 has pictures without a time")
        frames += 1
        bytes_left -= packet.size
        if bytes_left < 0:
            raise CorruptMedia("the MP4's pictures are the same bytes over and over")
        first_s = min(first_s, float(shown_at * packet.time_base))
        last_s = max(last_s, float((shown_at + (packet.duration or 0)) * packet.time_base))
        refuse_sequence(kind="mp4", pixels=pixels, frames=frames, duration_s=last_s - first_s, limits=limits)
    if not frames:
        raise CorruptMedia("the MP4's video track is empty")
    return frames, last_s - first_s


def _displayed_size(container: Any, stream: Any, limits: Limits) -> tuple[int, int]:
    """(width, height) of the first picture as a player shows it: square pixels, turned upright."""
    codec = stream.codec_context
    codec.thread_count = 1  # others would only be started and stopped
    # Edges need not be smoothed; and its own header may not ask for more than the track's did, but padding.
    codec.options = {"skip_loop_filter": "all", "max_pixels": str(2 * limits.picture_pixels_max)}
    frame = _first_picture(container, stream)
    if frame is None:
        raise CorruptMedia("no picture of the MP4 can be decoded")
    width, height = _in_square_pixels(frame, stream)
    return (height, width) if frame.rotation % 180 else (width, height)


def _first_picture(container: Any, stream: Any) -> Any:
    """The first picture, from one packet where that suffices; a decoder told of no end would want more."""
    container.seek(0)
    frames = next(container.demux(stream)).decode() or stream.codec_context.decode(None)
    if frames:
        return frames[0]
    container.seek(0)
    return next(container.decode(stream), None)


def _track_size(stream: Any) -> tuple[int, int]:
    return _in_square_pixels(stream.codec_context, stream)


def _in_square_pixels(picture: Any, stream: Any) -> tuple[int, int]:
    shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1  # as ffmpeg guesses
    return round(picture.width * shape), picture.height
