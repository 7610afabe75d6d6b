"""The process that turns a generator's rows into Parquet files.

Run as `python -m tidegauge.engine.writer RUN_FOLDER PROCESS`, rows on stdin. It outlives a killed
generator by the moment that the last rows take, so that such a death loses a quarter of a second.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import selectors
import signal
import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO

from tidegauge.store import RunFolder

DISK_FULL_EXIT = 28
CLOSE_FILE_S = 2.0
Rows = dict[str, list[tuple[object, ...]]]


def main() -> int:
    """Reads blocks until the pipe ends; the exit code says whether all rows are on disk."""
    folder, process = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stand_back()
    rows: Rows = {}
    sequence = 0
    closed_at = time.monotonic()
    source = sys.stdin.buffer
    selector = selectors.DefaultSelector()
    selector.register(source, selectors.EVENT_READ)
    buffer = bytearray()
    open_pipe = True
    try:
        while open_pipe:
            if selector.select(timeout=0.5):
                open_pipe = _read_available(source, buffer)
                _take_blocks(buffer, rows)
            if time.monotonic() - closed_at > CLOSE_FILE_S or not open_pipe:
                sequence = _write(folder, process, sequence, rows)
                closed_at = time.monotonic()
    except OSError as error:
        with contextlib.suppress(OSError):  # the log may be on the same full disk
            os.write(2, f"sample writer {process}: {error}\n".encode())
        return DISK_FULL_EXIT if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1
    return 0


def _stand_back() -> None:
    """Below the generator, whose priority it has inherited."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 5)


def _read_available(source: BinaryIO, buffer: bytearray) -> bool:
    data = os.read(source.fileno(), 1 << 20)
    buffer.extend(data)
    return bool(data)


def _take_blocks(buffer: bytearray, rows: Rows) -> None:
    while len(buffer) >= 4:
        (length,) = struct.unpack_from("<I", buffer)
        if len(buffer) < 4 + length:
            return
        kind, block = marshal.loads(bytes(buffer[4 : 4 + length]))  # noqa: S302  # our own parent wrote it
        rows.setdefault(kind, []).extend(block)
        del buffer[: 4 + length]


def _write(folder: RunFolder, process: int, sequence: int, rows: Rows) -> int:
    if not any(rows.values()):
        return sequence
    for kind, block in rows.items():
        if block:
            folder.write_rows(kind, process, sequence, block)
    rows.clear()
    return sequence + 1


if __name__ == "__main__":
    sys.exit(main())
