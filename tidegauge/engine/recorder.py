"""Rows from the generator to its writer process: recording never blocks the schedule."""

from __future__ import annotations

import contextlib
import fcntl
import json
import marshal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from gevent import subprocess as green_subprocess
from gevent.event import Event
from gevent.os import make_nonblocking, nb_read, nb_write

from tidegauge.engine.events import events_descriptors
from tidegauge.engine.recording import Recording, recording_of
from tidegauge.records import Health, Outcome, Sample, SessionEnd
from tidegauge.row_files import KINDS
from tidegauge.store import RunFolder

FLUSH_S = 0.25  # the longest that a row waits before it goes to the writer
# Rows go out as soon as there are a hundred or so: a quarter of a second's worth in one go would hold up
# arrivals for milliseconds.
TICK_S = 0.004
BLOCK_ROWS = 100
BLOCK_ROWS_MAX = 400  # where there is a backlog
PIPE_BYTES = 1 << 20  # room for the next blocks while the writer is busy
READ_BYTES = 65536
LiveListener = Callable[[dict[str, Any]], None]


class Recorder:
    """Hands rows over a pipe to `tidegauge.engine.writer`, a quarter of a second late at most."""

    def __init__(
        self,
        run_folder: Path,
        process: int,
        on_failure: Callable[[str], None],
        on_live: LiveListener | None = None,
    ) -> None:
        """`on_failure` is told, once, when rows can no longer be stored.

        `on_live` gets, about once a second, what the requests of that second were (`Batch.live`).
        """
        recording = recording_of(RunFolder(run_folder)) or Recording()
        self.keeps_sessions = recording.samples != "all"  # otherwise they follow from the samples
        self._rows: dict[str, list[tuple[object, ...]]] = {kind: [] for kind in KINDS}
        self._sent: list[int] = []  # arrivals: their rows differ in nothing else
        self._process = process
        self._on_failure = on_failure
        self._failed = False
        live = ["live"] if on_live is not None else []
        self._writer = green_subprocess.Popen(
            [sys.executable, "-P", "-m", "tidegauge.engine.writer", str(run_folder), str(process), *live],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if live else None,
            pass_fds=events_descriptors(),  # the CLI waits for the pipe's end, and so for the last file
            start_new_session=True,  # Ctrl-C is for the run; the writer ends when its pipe does
        )
        assert self._writer.stdin is not None
        self._pipe = self._writer.stdin
        self._descriptor = self._pipe.fileno()
        make_nonblocking(self._descriptor)
        _widen(self._descriptor)
        self._closing = Event()
        self._flusher = gevent.spawn(self._flush_for_ever)
        self._listener = gevent.spawn(self._listen, on_live) if on_live is not None else None

    def add_sample(self, row: Sample) -> None:
        self._rows["samples"].append(row)

    def add_sent(self, arrival: int) -> None:
        """The outcome of an arrival that was sent."""
        self._sent.append(arrival)

    def add_outcome(self, row: Outcome) -> None:
        self._rows["outcomes"].append(row)

    def add_session(self, row: SessionEnd) -> None:
        """Kept where samples are not; callers may skip making the row by `keeps_sessions`."""
        if self.keeps_sessions:
            self._rows["sessions"].append(row)

    def add_health(self, row: Health) -> None:
        self._rows["health"].append(row)

    def close(self) -> bool:
        """Hands over the last rows and waits for the writer; returns whether all was stored."""
        self._closing.set()
        self._flusher.join()  # it must not be cut in the middle of a block
        self._flush()
        self._pipe.close()
        stored = self._writer.wait() == 0
        if self._listener is not None:
            self._listener.join()
        if not stored:
            self._fail(_writer_failure(self._writer.returncode))
        return not self._failed

    def _flush_for_ever(self) -> None:
        all_due = time.monotonic() + FLUSH_S
        while not self._failed and not self._closing.wait(TICK_S):
            if time.monotonic() < all_due:
                self._flush(at_least=BLOCK_ROWS)
                continue
            self._flush()
            all_due = time.monotonic() + FLUSH_S
            if self._writer.poll() is not None:
                self._fail(_writer_failure(self._writer.returncode))

    def _flush(self, at_least: int = 1) -> None:
        """Hands over the rows of each kind that has at least so many."""
        if len(self._sent) >= at_least:
            arrivals, self._sent = self._sent, []
            n = len(arrivals)
            self._send("outcomes", [arrivals, [self._process] * n, [True] * n, [None] * n])
        for kind, rows in self._rows.items():
            if len(rows) < at_least:
                continue
            self._rows[kind] = []
            for start in range(0, len(rows), BLOCK_ROWS_MAX):
                self._send(kind, list(zip(*rows[start : start + BLOCK_ROWS_MAX], strict=True)))

    def _send(self, kind: str, columns: Any) -> None:
        """Sends columns: cheaper to read than rows, and as cheap to write."""
        if self._failed:
            return
        payload = marshal.dumps((kind, columns))
        data = memoryview(struct.pack("<I", len(payload)) + payload)
        try:
            while data:
                data = data[nb_write(self._descriptor, data) :]
        except OSError:
            self._fail(_writer_failure(self._writer.wait()))
        gevent.sleep(0)  # lets arrivals have their turn

    def _listen(self, on_live: LiveListener) -> None:
        assert self._writer.stdout is not None
        descriptor = self._writer.stdout.fileno()
        make_nonblocking(descriptor)
        rest = b""
        try:
            while data := nb_read(descriptor, READ_BYTES):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    on_live(json.loads(line))
        finally:
            self._writer.stdout.close()  # a listener that failed must not block the writer

    def _fail(self, reason: str) -> None:
        if not self._failed:
            self._failed = True
            self._on_failure(reason)


def _widen(pipe: int) -> None:
    """Makes the pipe larger than the default, where that is allowed (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _writer_failure(code: int) -> str:
    from tidegauge.engine.writer import DISK_FULL_EXIT

    if code == DISK_FULL_EXIT:
        return "disk full: samples can no longer be written"
    return f"the sample writer ended with exit code {code}"
