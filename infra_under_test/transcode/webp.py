"""A WebP read chunk by chunk, without decoding (Google's WebP container specification)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FRAME_HEADER_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WebpInfo:
    """Frames and play time; a still picture has one frame and plays for 0 s."""

    frames: int
    duration_s: float


def walk_webp(path: Path) -> WebpInfo:
    """What the WebP at `path` holds; ValueError where the structure breaks."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or int.from_bytes(data[4:8], "little") + 8 != len(data):
        raise ValueError("not a whole WebP file")
    at, frames, stills, duration_ms = 12, 0, 0, 0
    while at < len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if len(body) < size or (kind == b"ANMF" and size < _FRAME_HEADER_BYTES):
            raise ValueError(f"the WebP chunk at byte {at} is cut off")
        if kind == b"ANMF":
            frames += 1
            duration_ms += int.from_bytes(body[12:15], "little")
        stills += kind in (b"VP8 ", b"VP8L")
        at += 8 + size + size % 2  # chunks are padded to even sizes
    if not frames and stills != 1:
        raise ValueError("there is no picture in the WebP")
    return WebpInfo(frames=frames or 1, duration_s=duration_ms / 1000)
