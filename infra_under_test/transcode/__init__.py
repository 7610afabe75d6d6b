"""The ffmpeg core: looks at uploads and makes renditions, in processes with limits."""

from infra_under_test.transcode.binary import Ffmpeg, find_ffmpeg
from infra_under_test.transcode.core import RenditionResult, transcode
from infra_under_test.transcode.errors import MediaRefused, TranscodeError
from infra_under_test.transcode.inspection import inspect_upload
from infra_under_test.transcode.limits import DEFAULT_LIMITS, Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.renditions import RENDITIONS, Rendition

__all__ = [
    "DEFAULT_LIMITS",
    "RENDITIONS",
    "Ffmpeg",
    "Limits",
    "MediaInfo",
    "MediaRefused",
    "Rendition",
    "RenditionResult",
    "TranscodeError",
    "find_ffmpeg",
    "inspect_upload",
    "transcode",
]
