"""The ffmpeg core: looks at uploads and makes renditions, in processes with limits."""

from infra_under_test.transcode.binary import Ffmpeg, find_ffmpeg
from infra_under_test.transcode.core import RenditionResult, Run, Transcoded, transcode
from infra_under_test.transcode.errors import MediaRefused, RenditionsRefused, TranscodeError
from infra_under_test.transcode.inspection import inspect_upload
from infra_under_test.transcode.limits import DEFAULT_LIMITS, Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.rendition import Rendition
from infra_under_test.transcode.renditions import (
    RENDITIONS,
    UPLOAD_RENDITIONS,
    RenditionBook,
    load_renditions,
    read_book,
)

__all__ = [
    "DEFAULT_LIMITS",
    "RENDITIONS",
    "UPLOAD_RENDITIONS",
    "Ffmpeg",
    "Limits",
    "MediaInfo",
    "MediaRefused",
    "Rendition",
    "RenditionBook",
    "RenditionResult",
    "RenditionsRefused",
    "Run",
    "TranscodeError",
    "Transcoded",
    "find_ffmpeg",
    "inspect_upload",
    "load_renditions",
    "read_book",
    "transcode",
]
