"""Runs the pytest-benchmark suite of the transcode core in this process, its own output out of the way."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from pytest_benchmark.logger import Logger
from pytest_benchmark.storage.file import FileStorage
from pytest_benchmark.utils import get_machine_id

from benches.transcode.recorder import Matrix, OnCell, Recorder
from tidegauge.errors import TidegaugeError

SUITE = Path(__file__).with_name("test_transcode.py")
STORED_AS = "transcode"
_PYTEST_ENDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
_LOG_LINES_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The result of a session."""

    cells: list[dict[str, Any]]
    interrupted: bool


def run_suite(matrix: Matrix, *, raw: Path | None, storage: Path | None, on_cell: OnCell) -> Suite:
    """Measures the matrix; Ctrl-C or SIGTERM ends it early with the cells that were done.

    `raw` gets pytest-benchmark's own JSON; `storage` the same as its storage, a folder a profile.
    """
    stopped_by: list[int] = []
    recorder = Recorder(matrix=matrix, on_cell=on_cell, stopped_by=stopped_by)
    with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder:
        written, log = Path(folder) / "benchmark.json", Path(folder) / "pytest.log"
        command = [
            str(SUITE),
            "-p",
            "no:locust",
            "-p",
            "no:cacheprovider",
            "--capture=no",
            f"--rootdir={SUITE.parents[2]}",
        ]
        command += [f"--basetemp={folder}/outputs", f"--benchmark-storage=file://{folder}/storage"]
        command += [f"--benchmark-json={written}", "--benchmark-quiet"]
        command += ["-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning"]  # nothing to save is fine
        with _stdout_to(log), _stopping(stopped_by):
            ended = pytest.main(command, plugins=[recorder])
        if not stopped_by and (ended not in _PYTEST_ENDED or len(recorder.cells) < matrix.cells):
            _show_end(log)
            if not recorder.cells:
                raise TidegaugeError("the transcode bench failed", "what failed is on stderr")
        if written.exists() and raw is not None:
            shutil.copyfile(written, raw)
        if written.exists() and storage is not None:
            store_by_profile(json.loads(written.read_text(encoding="utf-8")), storage)
    return Suite(cells=recorder.cells, interrupted=bool(stopped_by))


def store_by_profile(benchmarks: dict[str, Any], storage: Path) -> None:
    """pytest-benchmark's storage, a folder a profile: its default folder would compare unlike sizes."""
    profiles = dict.fromkeys(each["extra_info"]["profile"] for each in benchmarks["benchmarks"])
    for profile in profiles:
        own = [each for each in benchmarks["benchmarks"] if each["extra_info"]["profile"] == profile]
        kept = FileStorage(str(storage / profile), Logger(Logger.QUIET), get_machine_id())
        kept.save({**benchmarks, "benchmarks": own}, STORED_AS)


@contextlib.contextmanager
def _stopping(stopped_by: list[int]) -> Iterator[None]:
    """SIGINT and SIGTERM end pytest early, in the one way in which it still cleans up."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if not stopped_by:  # a second signal must not disturb the cleaning up
            stopped_by.append(number)
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _stdout_to(log: Path) -> Iterator[None]:
    """Descriptors, not objects: child processes write there too."""
    sys.stdout.flush()
    kept = os.dup(1)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _show_end(log: Path) -> None:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    print("\n".join(lines[-_LOG_LINES_MAX:]), file=sys.stderr)  # noqa: T201
