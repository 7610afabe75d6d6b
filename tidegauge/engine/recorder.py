"""Rows from the generator to its writer process: recording never blocks the schedule."""

from __future__ import annotations

import marshal
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import gevent
from gevent import subprocess as green_subprocess
from gevent.os import make_nonblocking, nb_write

from tidegauge.engine.events import events_descriptors
from tidegauge.records import Health, Outcome, Sample, SessionEnd
from tidegauge.store import KINDS

FLUSH_S = 0.25


class Recorder:
    """Hands rows over a pipe to `tidegauge.engine.writer`, four times a second."""

    def __init__(self, run_folder: Path, process: int, on_failure: Callable[[str], None]) -> None:
        """`on_failure` is told, once, when rows can no longer be stored."""
        self._rows: dict[str, list[tuple[object, ...]]] = {kind: [] for kind in KINDS}
        self._on_failure = on_failure
        self._failed = False
        self._writer = green_subprocess.Popen(
            [sys.executable, "-m", "tidegauge.engine.writer", str(run_folder), str(process)],
            stdin=subprocess.PIPE,
            pass_fds=events_descriptors(),  # the CLI waits for the pipe's end, and so for the last file
            start_new_session=True,  # Ctrl-C is for the run; the writer ends when its pipe does
        )
        assert self._writer.stdin is not None
        self._pipe = self._writer.stdin
        self._descriptor = self._pipe.fileno()
        make_nonblocking(self._descriptor)
        self._flusher = gevent.spawn(self._flush_for_ever)

    def add_sample(self, row: Sample) -> None:
        self._rows["samples"].append(row)

    def add_outcome(self, row: Outcome) -> None:
        self._rows["outcomes"].append(row)

    def add_session(self, row: SessionEnd) -> None:
        self._rows["sessions"].append(row)

    def add_health(self, row: Health) -> None:
        self._rows["health"].append(row)

    def close(self) -> bool:
        """Everything out, the writer's last files closed; whether all of it was stored."""
        self._flusher.kill()
        self._flush()
        self._pipe.close()
        stored = self._writer.wait() == 0
        if not stored:
            self._fail(_writer_failure(self._writer.returncode))
        return not self._failed

    def _flush_for_ever(self) -> None:
        while not self._failed:
            gevent.sleep(FLUSH_S)
            self._flush()
            if self._writer.poll() is not None:
                self._fail(_writer_failure(self._writer.returncode))

    def _flush(self) -> None:
        for kind, rows in self._rows.items():
            while rows and not self._failed:
                block, self._rows[kind] = rows[:500], rows[500:]
                rows = self._rows[kind]
                self._send(kind, block)

    def _send(self, kind: str, block: Sequence[tuple[object, ...]]) -> None:
        payload = marshal.dumps((kind, [tuple(row) for row in block]))
        data = memoryview(struct.pack("<I", len(payload)) + payload)
        try:
            while data:
                data = data[nb_write(self._descriptor, data) :]
        except OSError:
            self._fail(_writer_failure(self._writer.wait()))

    def _fail(self, reason: str) -> None:
        if not self._failed:
            self._failed = True
            self._on_failure(reason)


def _writer_failure(code: int) -> str:
    from tidegauge.engine.writer import DISK_FULL_EXIT

    if code == DISK_FULL_EXIT:
        return "disk full: samples can no longer be written"
    return f"the sample writer ended with exit code {code}"
