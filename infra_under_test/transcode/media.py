"""What is known about a media file before it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra_under_test.transcode.errors import TooLong, TooManyFrames, TooManyPixels, ZeroDimension
from infra_under_test.transcode.limits import Limits

Kind = Literal["gif", "mp4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A picture sequence: size as displayed (rotation and pixel shape applied), count and play time."""

    kind: Kind
    width: int
    height: int
    frames: int
    duration_s: float  # one loop
    audio: bool = False  # whether there is a sound track


def refuse_picture(width: int, height: int, pixels_max: int) -> None:
    """Raises unless one picture of `width` x `height` has at most `pixels_max`."""
    if width <= 0 or height <= 0:
        raise ZeroDimension(f"the picture is {width} x {height}: it has no area")
    if width * height > pixels_max:
        raise TooManyPixels(f"the picture is {width} x {height}; at most {pixels_max:,} pixels are accepted")


def refuse_sequence(*, kind: Kind, pixels: int, frames: int, duration_s: float, limits: Limits) -> None:
    """Raises unless `frames` pictures of `pixels` each, playing for `duration_s`, are within the budgets."""
    if frames > limits.frames_max:
        raise TooManyFrames(f"more than {limits.frames_max:,} frames; that is the most accepted")
    pixel_frames_max = limits.gif_pixel_frames_max if kind == "gif" else limits.mp4_pixel_frames_max
    if pixels * frames > pixel_frames_max:
        raise TooManyPixels(
            f"{frames:,} frames or more of {pixels:,} pixels; "
            f"frames x pixels of at most {pixel_frames_max:,} are accepted"
        )
    if duration_s > limits.duration_s_max:
        raise TooLong(
            f"it plays for {duration_s:.1f} s or more; at most {limits.duration_s_max:g} s is accepted"
        )
