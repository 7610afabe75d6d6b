"""Log files as lines: plain or gzip by content, in bounded memory whatever is in them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.workload.logs.record import BadLine

LINE_BYTES_MAX = 256 * 1024  # AWS logs URLs to 8 KiB and cuts a User-Agent there: no line comes near
TOO_LONG = f"longer than {LINE_BYTES_MAX // 1024} KiB"
CHUNK_BYTES = 1 << 20
HEAD_LINES = 20  # that a format is recognised by
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
OTHERS = {b"(\xb5/\xfd": "zstd", b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


def find_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those below the folders named by path, each once; hidden ones are left out."""
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            below = sorted(one for one in path.rglob("*") if one.is_file())
            files = [one for one in below if not any(p.startswith(".") for p in one.relative_to(path).parts)]
        elif path.is_file():
            files = [path]
        else:
            what = "is neither a file nor a folder" if path.exists() else "does not exist"
            raise TidegaugeError(f"log {path} {what}", "name log files, or a folder of them")
        for file in files:
            found.setdefault(file.resolve(), file)
    if not found:
        raise TidegaugeError(
            f"no file in {', '.join(map(str, paths))}", "name log files, or a folder of them"
        )
    return list(found.values())


def magic(path: Path) -> bytes:
    """The file's first bytes."""
    with _readable(path) as stream:
        return stream.read(8)


def lines(path: Path) -> Iterator[tuple[int, bytes | BadLine]]:
    """(line number, the line without its end) of a plain or gzip file.

    What cannot be a line comes as a BadLine in its place: one above LINE_BYTES_MAX, or the end of a gzip file
    that is torn, after which nothing follows.
    """
    number, rest, skipping = 0, b"", False
    with _readable(path) as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw
        while True:
            try:
                chunk = stream.read1(CHUNK_BYTES)  # read would lose what precedes a tear
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield number + 1, BadLine(f"the gzip file is torn: {error}")
                return
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                number += 1
                too_long = skipping or len(line) > LINE_BYTES_MAX
                yield number, BadLine(TOO_LONG) if too_long else line
                skipping = False
            if not chunk:
                break
            if len(rest) > LINE_BYTES_MAX:
                rest, skipping = b"", True
    if rest or skipping:
        yield number + 1, BadLine(TOO_LONG) if skipping else rest


@contextmanager
def _readable(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise TidegaugeError(
            f"log {path} cannot be read: {error.strerror}", "check its permissions"
        ) from None
