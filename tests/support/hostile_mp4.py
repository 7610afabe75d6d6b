"""MP4s that attack whoever opens them: a good clip of three pictures whose index is rewritten box by box."""

from __future__ import annotations

import functools
import io
import struct
from collections.abc import Mapping

import av
import numpy as np

SIDE = 64
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts")
_U32_MAX = 0xFFFF_FFFF


@functools.cache
def clip() -> bytes:
    """64 x 64, 3 pictures at 10/s, H.264; the index comes last, so that it may grow."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"bf": "0"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for shade in (0, 90, 180):
            picture = av.VideoFrame.from_ndarray(np.full((SIDE, SIDE, 3), shade, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return target.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    """ISO/IEC 14496-12, 4.2."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def table(name: bytes, *words: int) -> bytes:
    """A full box of version 0, flags 0 and 32-bit numbers."""
    return box(name, struct.pack(f">{1 + len(words)}I", 0, *words))


def with_boxes(changes: Mapping[bytes, bytes]) -> bytes:
    """The clip with each box named in `changes` replaced wherever it stands."""
    return _changed(clip(), changes)


def _changed(content: bytes, changes: Mapping[bytes, bytes]) -> bytes:
    made, at = b"", 0
    while at < len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        whole, body = content[at : at + size], content[at + 8 : at + size]
        if name in changes:
            whole = changes[name]
        elif name in _CONTAINERS:
            whole = box(name, _changed(body, changes))
        made, at = made + whole, at + size
    return made


def _found(name: bytes) -> bytes:
    content = clip()
    at = content.index(name) - 4
    return content[at : at + int.from_bytes(content[at : at + 4], "big")]


def _declared(width: int, height: int) -> Mapping[bytes, bytes]:
    """Picture sizes of sample entry (16 bits) and track header (16.16)."""
    entry, header = bytearray(_found(b"stsd")), bytearray(_found(b"tkhd"))
    struct.pack_into(">HH", entry, 16 + 8 + 24, width, height)
    struct.pack_into(">II", header, len(header) - 8, width << 16, height << 16)
    return {b"stsd": bytes(entry), b"tkhd": bytes(header)}


def _shaped(across: int, down: int) -> Mapping[bytes, bytes]:
    """Pixels of another shape than square."""
    head, entry = _found(b"stsd")[8:16], _found(b"stsd")[16:]
    shaped = box(b"avc1", entry[8:] + box(b"pasp", struct.pack(">II", across, down)))
    return {b"stsd": box(b"stsd", head + shaped)}


def _first_sample() -> int:
    return struct.unpack_from(">I", _found(b"stco"), 16)[0]  # type: ignore[no-any-return]


def _lasting(ticks: int) -> Mapping[bytes, bytes]:
    """Each picture stays for `ticks`, and the headers say so."""
    media = bytearray(_found(b"mdhd"))
    struct.pack_into(">I", media, 8 + 16, min(_U32_MAX, 3 * ticks))
    return {b"stts": table(b"stts", 1, 3, ticks), b"mdhd": bytes(media)}


def _repeated(samples: int, size: int) -> Mapping[bytes, bytes]:
    """`samples` in one chunk, with the same bytes for each as far as `size` says."""
    return {
        b"stsz": table(b"stsz", size, samples),
        b"stts": table(b"stts", 1, samples, 1),
        b"stsc": table(b"stsc", 1, 1, samples, 1),
        b"stss": table(b"stss", 1, 1),
    }


def _same_bytes(samples: int, filler: int) -> bytes:
    """`samples` chunks, all at one place, of `filler` bytes each."""
    offset = _first_sample()
    index = with_boxes(
        {
            b"stsz": table(b"stsz", filler, samples),
            b"stts": table(b"stts", 1, samples, 100),
            b"stsc": table(b"stsc", 1, 1, 1, 1),
            b"stco": table(b"stco", samples, *[offset] * samples),
            b"stss": table(b"stss", 1, 1),
        }
    )
    return index + box(b"mdat", bytes(filler))


def _nested(depth: int) -> bytes:
    content = _found(b"mvhd")
    for _ in range(depth):
        content = box(b"moov", content)
    return with_boxes({b"moov": content})


def _referring(kind: bytes, where: bytes) -> bytes:
    entry = box(kind, struct.pack(">I", 0) + where)  # flag 1, "in this file", is not set
    return with_boxes({b"dref": box(b"dref", struct.pack(">II", 0, 1) + entry)})


def _fragmented(samples: int) -> bytes:
    run = table(b"trun", samples)
    moof = box(b"moof", table(b"mfhd", 1) + box(b"traf", table(b"tfhd", 1) + run))
    extends = box(b"mvex", table(b"trex", 1, 1, 100, 10, 0))
    moov = _found(b"moov")
    return clip().replace(moov, box(b"moov", moov[8:] + extends)) + moof + box(b"mdat", bytes(100))


def _tracks(count: int) -> bytes:
    moov, trak = _found(b"moov"), _found(b"trak")
    return clip().replace(moov, box(b"moov", moov[8:] + trak * count))


def _sized(name: bytes, size: int, large: int | None = None) -> bytes:
    """The clip with another size written on a top-level box; `large` is the 64-bit one."""
    content = clip()
    at = content.index(name) - 4
    tail = content[at + 8 :]
    if large is not None:
        tail = struct.pack(">Q", large) + tail
    return content[:at] + struct.pack(">I4s", size, name) + tail


def _edits(*edits: tuple[int, int]) -> bytes:
    """(length, start) of each edit, both in ticks; the start -1 is a pause."""
    words = [word & _U32_MAX for length, start in edits for word in (length, start, 1 << 16)]
    return with_boxes({b"edts": box(b"edts", table(b"elst", len(edits), *words))})


def hostile_mp4s() -> dict[str, tuple[bytes, str]]:
    """By name: content, and the code with which it is refused; "" where it is read as the clip it is."""
    stsc_bomb = {**_repeated(3, 0), b"stsz": _found(b"stsz"), b"stsc": table(b"stsc", 1, 1, 1 << 30, 1)}
    return {
        "declared 65535 squared": (with_boxes(_declared(65_535, 65_535)), ""),
        "declared 65535 x 1": (with_boxes(_declared(65_535, 1)), ""),
        "declared 0 x 0": (with_boxes(_declared(0, 0)), ""),
        "pixels 4e9 times as wide": (with_boxes(_shaped(_U32_MAX, 1)), ""),
        "pixels 1000 times as wide": (with_boxes(_shaped(1000, 1)), ""),
        "stsz of 4e9 samples": (with_boxes(_repeated(_U32_MAX, 1)), "too_many_frames"),
        "stsz of 170 million": (with_boxes(_repeated(170_000_000, 1)), "too_many_frames"),
        "stsc of 1e9 a chunk": (with_boxes(stsc_bomb), "too_many_frames"),
        "stts of 4e9": (with_boxes({b"stts": table(b"stts", 1, _U32_MAX, 1)}), "too_many_frames"),
        "ctts of 4e9": (
            with_boxes({b"stts": _found(b"stts") + table(b"ctts", 1, _U32_MAX, 0)}),
            "too_many_frames",
        ),
        "trun of 170 million": (_fragmented(170_000_000), "too_many_frames"),
        "200,000 tiny frames": (with_boxes(_repeated(200_000, 1)), "too_many_frames"),
        "5,000 frames of one 1 MB": (_same_bytes(5_000, 1_000_000), "corrupt"),
        "14 h in 3 frames": (with_boxes(_lasting(1 << 29)), "too_long"),
        "moov in moov, 10,000 deep": (_nested(10_000), "truncated"),
        "2,000 tracks": (_tracks(2_000), "too_complex"),
        "index of 17 MB": (with_boxes({b"udta": box(b"udta", bytes(17_000_000))}), "too_complex"),
        "mdat of 4 GB": (_sized(b"mdat", _U32_MAX), "truncated"),
        "mdat of 2**63 bytes": (_sized(b"mdat", 1, 1 << 63), "truncated"),
        "mdat without size": (_sized(b"mdat", 0), "truncated"),
        "moov of 4 GB": (_sized(b"moov", _U32_MAX), ""),
        "moov of 4 bytes": (_sized(b"moov", 4), "corrupt"),
        "pictures at a URL": (_referring(b"url ", b"http://127.0.0.1:9/x\0"), "not_media"),
        "pictures in a file": (_referring(b"alis", b"../secret.gif\0"), "not_media"),
        "100,000 edits of everything": (_edits(*[(3000, 0)] * 100_000), "too_long"),
        "1,300,000 edits": (_edits(*[(3000, 0)] * 1_300_000), "too_many_frames"),
        "a pause of 49 days": (_edits((_U32_MAX, -1), (3000, 0)), ""),
        "an edit that starts at -2**31": (_edits((3000, -(1 << 31))), "corrupt"),
        "compressed index": (with_boxes({b"moov": box(b"moov", box(b"cmov", bytes(64)))}), "not_media"),
        "encrypted": (with_boxes({b"stss": box(b"sinf", bytes(16))}), "not_media"),
        "index hidden in padding": (
            with_boxes({b"moov": box(b"free", _found(b"mvhd") + table(b"stsz", 1, _U32_MAX))}),
            "too_many_frames",
        ),
    }
