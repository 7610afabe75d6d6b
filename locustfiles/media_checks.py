"""Is a body the media it should be? Magic bytes, length, and the hash where it is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from tidegauge.engine.response import Response

_MAGIC: dict[str, Callable[[bytes], bool]] = {
    ".gif": lambda head: head[:6] in (b"GIF87a", b"GIF89a"),
    ".mp4": lambda head: head[4:8] == b"ftyp",
    ".webp": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    ".jpg": lambda head: head[:3] == b"\xff\xd8\xff",
}


def whole_body(path: str, known: Mapping[str, Any]) -> Callable[[Response], str | None]:
    """A check of a complete body; `known` may hold `bytes` and `sha256`."""

    def check(response: Response) -> str | None:
        if response.status == 304:
            return None if not response.received_bytes else "a body in a 304"
        if not magic_matches(path, response.head):
            return f"not a {suffix(path)} file"
        if known.get("bytes") not in (None, response.received_bytes):
            return f"{response.received_bytes} bytes instead of {known['bytes']}"
        if known.get("sha256") not in (None, response.sha256):
            return "another content than its sha256 says"
        return None

    return check


def part_body(path: str, first: int, length: int) -> Callable[[Response], str | None]:
    """A check of a 206: its length, its Content-Range, and the magic bytes where it starts at 0."""

    def check(response: Response) -> str | None:
        if response.received_bytes != length:
            return f"{response.received_bytes} bytes instead of {length}"
        if not response.headers.get("content-range", "").startswith(f"bytes {first}-{first + length - 1}/"):
            return f"Content-Range {response.headers.get('content-range')}"
        if first == 0 and not magic_matches(path, response.head):
            return f"not a {suffix(path)} file"
        return None

    return check


def magic_matches(path: str, head: bytes) -> bool:
    """Whether a body that starts with `head` is of the kind that the path names; other kinds pass."""
    matches = _MAGIC.get(suffix(path))
    return matches is None or matches(head)


def suffix(path: str) -> str:
    """The path's extension, with its dot."""
    name = urlsplit(path).path.rpartition("/")[2]
    return "." + name.rpartition(".")[2] if "." in name else ""
