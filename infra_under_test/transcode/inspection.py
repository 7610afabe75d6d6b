"""The gate of every upload: what a file really is, or a typed reason why it is refused."""

from __future__ import annotations

from pathlib import Path

from infra_under_test.transcode.errors import EmptyMedia, NotMedia
from infra_under_test.transcode.gif import SIGNATURES, walk_gif
from infra_under_test.transcode.limits import DEFAULT_LIMITS, Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.mp4 import probe_mp4


def inspect_upload(path: Path, limits: Limits = DEFAULT_LIMITS) -> MediaInfo:
    """The media at `path`, judged by its bytes and never by its name; raises `MediaRefused`."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        raise EmptyMedia("the file is empty")
    if head[:6] in SIGNATURES:
        return walk_gif(path, limits)
    if head[4:8] == b"ftyp":  # ISO/IEC 14496-12, 4.3: a file starts with its type box
        return probe_mp4(path, limits)
    raise NotMedia("the file is neither a GIF nor an MP4")
