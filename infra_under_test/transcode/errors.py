"""Why a file is refused or a transcode fails: a stable code for programs, a reason for people."""

from __future__ import annotations

from typing import ClassVar


class TranscodeError(Exception):
    """A transcode that cannot be done. `code` is stable; `reason` may be shown to the uploader."""

    code: ClassVar[str] = "transcode_failed"

    def __init__(self, reason: str, *, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail  # for logs only: it may quote ffmpeg


class MediaRefused(TranscodeError):
    """The file itself is at fault: trying again cannot help."""

    code = "media_refused"


class EmptyMedia(MediaRefused):
    """Zero bytes."""

    code = "empty"


class NotMedia(MediaRefused):
    """Neither a GIF nor an MP4, whatever its name says."""

    code = "not_media"


class CorruptMedia(MediaRefused):
    """Starts like media, but its structure breaks the format."""

    code = "corrupt"


class TruncatedMedia(MediaRefused):
    """Ends before its own structure does."""

    code = "truncated"


class ZeroDimension(MediaRefused):
    """No width or no height."""

    code = "zero_dimension"


class TooManyPixels(MediaRefused):
    """One picture, or all pictures together, exceed the pixel budget."""

    code = "too_many_pixels"


class TooManyFrames(MediaRefused):
    """More pictures than the frame budget."""

    code = "too_many_frames"


class TooLong(MediaRefused):
    """Plays for longer than the duration budget."""

    code = "too_long"


class TooComplex(MediaRefused):
    """An index of more bytes or tracks than the budget."""

    code = "too_complex"


class FfmpegMissing(TranscodeError):
    """No usable ffmpeg was found."""

    code = "ffmpeg_missing"


class FfmpegFailed(TranscodeError):
    """ffmpeg ended with an error."""

    code = "ffmpeg_failed"


class TranscodeTimeout(TranscodeError):
    """The wall-clock or CPU budget of one rendition ran out."""

    code = "timeout"


class OutOfMemory(TranscodeError):
    """ffmpeg was stopped because it held more memory than it may."""

    code = "out_of_memory"


class OutputTooLarge(TranscodeError):
    """ffmpeg wrote more than the output budget."""

    code = "output_too_large"


class OutputInvalid(TranscodeError):
    """ffmpeg reported success, but the output is empty, short or of the wrong shape."""

    code = "output_invalid"


class RenditionsRefused(TranscodeError):
    """A file of renditions that cannot be used."""

    code = "renditions_refused"
