"""What an MP4's index asks of its reader, judged before libav builds it (ISO/IEC 14496-12).

A few bytes may declare a hundred million samples, or repeat a file's samples by a thousand edits, and libav
holds 24 bytes for each. Its walk of the boxes forgives much (boxes out of place, sizes that overrun), so here
nothing hangs on nesting: the names of tables are looked for anywhere outside the media data.
"""

from __future__ import annotations

import mmap
import re
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.transcode.errors import CorruptMedia, NotMedia, TooComplex, TooManyFrames
from infra_under_test.transcode.limits import Limits

_NAMES = re.compile(rb"trak|stsz|stz2|stts|ctts|stsc|stco|co64|elst|trun|dref|cmov|sinf|senc|saiz|encv|enca")
_UNREADABLE = {b"cmov": "its index is compressed"}  # any other unknown name: it is encrypted
_ENTRY_BYTES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8}
_MEDIA_DATA = (b"mdat", b"uuid")
_PADDING = (b"free", b"skip", b"wide", b"hoov")  # libav takes them for an index where they hold one
_INDEX_STARTS = (b"mvhd", b"cmov")


@dataclass(slots=True, kw_only=True)
class _Track:
    samples: int = 0  # the highest count in any of its tables
    fragments: int = 0  # samples of movie fragments
    edits: int = 1
    chunks: int = 0
    runs: array[int] | None = None  # triples: first chunk, samples a chunk, description

    def entries(self) -> int:
        """The most entries that libav may hold of the track: each edit may repeat every sample."""
        listed = 0
        if self.runs:
            firsts, counts = self.runs[0::3], self.runs[1::3]
            ends = firsts[1:] + array("I", [self.chunks + 1])
            listed = sum(
                max(0, end - first) * count for first, end, count in zip(firsts, ends, counts, strict=True)
            )
        return max(self.samples, listed) * self.edits + self.fragments


def refuse_index(path: Path, limits: Limits) -> None:
    """Raises `MediaRefused` where the index of the MP4 at `path` asks for too much or for other files."""
    tracks = [_Track()]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        left = limits.mp4_index_bytes_max
        for start, end in _index_parts(data):
            left -= end - start
            if left < 0:
                raise TooComplex(
                    f"the MP4's index is too large; {limits.mp4_index_bytes_max:,} bytes are accepted"
                )
            _read(data[start:end], tracks)
            if len(tracks) - 1 > limits.mp4_tracks_max:
                raise TooComplex(
                    f"the MP4 has {len(tracks) - 1:,} tracks; {limits.mp4_tracks_max} are accepted"
                )
    entries = sum(track.entries() for track in tracks)
    if entries > limits.mp4_samples_max:
        raise TooManyFrames(
            f"the MP4's index speaks of {entries:,} samples; {limits.mp4_samples_max:,} are accepted"
        )


def _index_parts(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """(start, end) of each box of the file but media data and padding; sizes are cut to fit, as by libav."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        kind = data[at + 4 : at + 8]
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = min(at + size, len(data)) if size else len(data)
        if end < at + head:
            raise CorruptMedia(f"the MP4's box at byte {at} is smaller than its own head")
        padding = kind in _PADDING and data[at + head + 4 : at + head + 8] not in _INDEX_STARTS
        if kind not in _MEDIA_DATA and not padding:
            yield at, end
        at = end


def _read(part: bytes, tracks: list[_Track]) -> None:
    """Takes all tables of `part` into the track that was named last, which is where libav puts them."""
    for match in _NAMES.finditer(part):
        name, body = match[0], match.end() + 4  # after version and flags
        track = tracks[-1]
        first, second = (int.from_bytes(part[body + at : body + at + 4], "big") for at in (0, 4))
        if name == b"trak":
            tracks.append(_Track())
        elif name in (b"stsz", b"stz2"):
            track.samples = max(track.samples, second)
        elif name == b"trun":
            track.fragments += first
        elif name == b"elst":
            track.edits = max(track.edits, first)
        elif name == b"dref":
            _refuse_other_files(part, body + 4, first)
        elif name in _ENTRY_BYTES:
            _take_table(name, _words(part, body + 4, first * _ENTRY_BYTES[name]), track)
        else:
            raise NotMedia(f"the MP4 cannot be read: {_UNREADABLE.get(name, 'it is encrypted')}")


def _take_table(name: bytes, words: array[int], track: _Track) -> None:
    if name == b"stsc":
        track.runs = words[: len(words) // 3 * 3]
    elif name in (b"stts", b"ctts"):
        track.samples = max(track.samples, sum(words[0::2]))
    else:
        track.chunks = max(track.chunks, len(words) * 4 // _ENTRY_BYTES[name])


def _words(part: bytes, start: int, size: int) -> array[int]:
    """The 32-bit numbers of a table, as far as there are bytes."""
    content = part[start : start + size]
    words = array("I", content[: len(content) // 4 * 4])
    if sys.byteorder == "little":
        words.byteswap()
    return words


def _refuse_other_files(part: bytes, at: int, count: int) -> None:
    """8.7.2: the lowest flag says that the media data is in this very file."""
    for _ in range(count):
        size = int.from_bytes(part[at : at + 4], "big")
        if size < 12 or at + 12 > len(part):
            raise CorruptMedia("the MP4 has a broken table of data references")
        if not part[at + 11] & 1:
            raise NotMedia("the MP4's pictures are in another file")
        at += size
