"""The process that turns a generator's rows into Parquet files, and counts them.

Run as `python -m tidegauge.engine.writer RUN_FOLDER PROCESS [live]`, rows on stdin; with `live`, a JSON
line a second on stdout says what the rows of that second were. It outlives a killed generator until
the last rows are stored, so that such a death loses a quarter of a second.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import marshal
import os
import selectors
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from tidegauge.behaviours import path_matcher
from tidegauge.engine.batch import Batch
from tidegauge.engine.priority import stand_back
from tidegauge.engine.recording import Recording, recording_of
from tidegauge.row_files import table_of
from tidegauge.store import RunFolder

DISK_FULL_EXIT = 28
CLOSE_FILE_S = 2.0
BATCH_S = 1.0
PATHS_REMEMBERED = 65536
READ_BYTES = 1 << 20
STDIN, STDOUT = 0, 1


def main() -> int:
    """Reads blocks until the pipe ends; the exit code says whether all rows are on disk."""
    sys.meta_path.insert(0, _WithoutPandas())
    folder, process = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stand_back()
    writer = Writer(folder, process, live="live" in sys.argv[3:])
    try:
        _read(writer)
    except OSError as error:
        with contextlib.suppress(OSError):  # the log may be on the same full disk
            os.write(2, f"sample writer {process}: {error}\n".encode())
        return DISK_FULL_EXIT if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1
    return 0


class Writer:
    """Rows of a process in memory, by the second, until their file is due."""

    def __init__(self, folder: RunFolder, process: int, *, live: bool) -> None:
        self._folder, self._process, self._live = folder, process, live
        recording = recording_of(folder)
        self._recording = recording or Recording()
        self._counts = recording is not None
        match = path_matcher(self._recording.path_patterns)
        self._behaviour_of = functools.lru_cache(PATHS_REMEMBERED)(match)
        self._sequence = 0
        self._blocks: list[list[tuple[Any, ...]]] = []  # blocks of samples, as columns
        self._tables: dict[str, list[Any]] = {}

    def take(self, kind: str, columns: list[tuple[Any, ...]]) -> None:
        """A block of rows as columns."""
        if kind == "samples":
            self._blocks.append(columns)
        else:
            self._tables.setdefault(kind, []).append(table_of(kind, columns))

    def end_batch(self) -> None:
        """Turns the samples since the last batch into tables, and tells of them."""
        if not self._blocks:
            return
        columns = [[value for part in parts for value in part] for parts in zip(*self._blocks, strict=True)]
        self._blocks = []
        batch = Batch(columns=columns, behaviour_of=self._behaviour_of)
        made = {"samples": batch.samples(self._recording)} if self._recording.samples != "none" else {}
        if self._counts:
            made |= {"histograms": batch.histograms(self._recording), "moments": batch.moments()}
        for kind, table in made.items():
            self._tables.setdefault(kind, []).append(table)
        if self._live:
            self._tell(batch.live(self._recording))

    def close_files(self) -> None:
        """Stores what is in memory; raises OSError."""
        self.end_batch()
        if not self._tables:
            return
        for kind, tables in self._tables.items():
            self._folder.write_part(kind, self._process, self._sequence, pa.concat_tables(tables))
        self._tables = {}
        self._sequence += 1

    def _tell(self, document: dict[str, Any]) -> None:
        line = json.dumps(document).encode() + b"\n"
        try:
            while line:
                line = line[os.write(STDOUT, line) :]
        except OSError:
            self._live = False  # nobody watches any more; the rows are stored all the same


class _WithoutPandas:
    """Refuses to import pandas: pyarrow would load it to know its types, for a second of CPU at the start."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError("not in the writer")


def _read(writer: Writer) -> None:
    selector = selectors.DefaultSelector()
    selector.register(STDIN, selectors.EVENT_READ)
    buffer = bytearray()
    batch_at = closed_at = time.monotonic()
    open_pipe = True
    while open_pipe:
        if selector.select(timeout=0.5):
            data = os.read(STDIN, READ_BYTES)
            open_pipe = bool(data)
            buffer.extend(data)
            _take_blocks(buffer, writer)
        now = time.monotonic()
        if now - closed_at > CLOSE_FILE_S or not open_pipe:
            writer.close_files()
            closed_at = batch_at = now
        elif now - batch_at > BATCH_S:
            writer.end_batch()
            batch_at = now


def _take_blocks(buffer: bytearray, writer: Writer) -> None:
    while len(buffer) >= 4:
        (length,) = struct.unpack_from("<I", buffer)
        if len(buffer) < 4 + length:
            return
        kind, columns = marshal.loads(bytes(buffer[4 : 4 + length]))  # noqa: S302  # our own parent wrote it
        writer.take(kind, columns)
        del buffer[: 4 + length]


if __name__ == "__main__":
    sys.exit(main())
