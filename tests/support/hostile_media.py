"""Media that attack whoever opens them, written byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path


def gif(
    *,
    width: int,
    height: int,
    frames: int,
    delay_cs: int = 10,
    frame_width: int = 1,
    frame_height: int = 1,
    left: int = 0,
    top: int = 0,
) -> bytes:
    """A GIF89a of `frames` equal pictures, each `frame_width` x `frame_height`, of one pixel of data."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    control = b"\x21\xf9\x04\x00" + struct.pack("<H", delay_cs) + b"\x00\x00"
    image = b"\x2c" + struct.pack("<HHHHB", left, top, frame_width, frame_height, 0)
    data = b"\x02\x02\x44\x01\x00"  # minimum code size 2; one sub-block: clear, colour 0, end; the terminator
    return head + (control + image + data) * frames + b"\x3b"


TEXTS = {
    "text": b"this is no picture at all\n",
    "ffconcat": b"ffconcat version 1.0\nfile secret.gif\n",
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>",
}


def written(folder: Path, content: bytes, name: str = "upload.gif") -> Path:
    """`content` as a file in `folder`."""
    path = folder / name
    path.write_bytes(content)
    return path
