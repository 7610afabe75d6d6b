"""Benches for other programs: one JSON document on stdout, everything else on stderr.

    python -m benches transcode --media FILE… --rendition NAME… --rounds N [--keep DIR] [--raw FILE]

Exit code 0 with the bench document; 2, or 130 when interrupted, with
{"error": {"message", "hint", "exit_code"}}.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from benches.cells import cells_from_benchmark
from benches.conftest import DEFAULT_MEDIA, DEFAULT_RENDITIONS, DEFAULT_ROUNDS
from infra_under_test.transcode import RENDITIONS, TranscodeError, find_ffmpeg, inspect_upload
from tidegauge.errors import ExitCode, TidegaugeError, nearest

SUITE = Path(__file__).with_name("test_transcode.py")


def main(arguments: Sequence[str]) -> int:
    """Parses, checks, measures, prints."""
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    transcode = parser.add_subparsers(dest="bench", required=True).add_parser("transcode")
    transcode.add_argument(
        "--media", action="append", type=Path, metavar="FILE", help="GIF or MP4; repeatable"
    )
    transcode.add_argument("--rendition", action="append", metavar="NAME", help="repeatable")
    transcode.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, metavar="N")
    transcode.add_argument("--keep", type=Path, metavar="DIR", help="keep each output there")
    transcode.add_argument("--raw", type=Path, metavar="FILE", help="pytest-benchmark's own JSON")
    options = parser.parse_args(arguments)
    try:
        document = _measure(
            options.media or [*DEFAULT_MEDIA],
            options.rendition or [*DEFAULT_RENDITIONS],
            options.rounds,
            options.keep,
            options.raw,
        )
    except TidegaugeError as error:
        json.dump(error.as_json(), sys.stdout)
        return error.exit_code
    json.dump(document, sys.stdout)
    return ExitCode.PASS


def _measure(
    media: list[Path], renditions: list[str], rounds: int, keep: Path | None, raw: Path | None
) -> dict[str, Any]:
    _check(media, renditions, rounds)
    with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder:
        written = Path(folder) / "benchmark.json"
        command = [str(SUITE), "-p", "no:locust", "-p", "no:cacheprovider", f"--rootdir={SUITE.parents[1]}"]
        command += [f"--basetemp={folder}/outputs", f"--benchmark-storage=file://{folder}/storage"]
        command += [f"--benchmark-json={written}", f"--bench-rounds={rounds}"]
        command += [f"--bench-media={path.resolve()}" for path in media]
        command += [f"--bench-rendition={name}" for name in renditions]
        command += [f"--bench-keep={keep.resolve()}"] if keep else []
        _run_suite(command)
        if raw:
            shutil.copyfile(written, raw)
        return cells_from_benchmark(json.loads(written.read_text(encoding="utf-8")))


def _run_suite(command: list[str]) -> None:
    stopped_by: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if not stopped_by:  # a second signal must not disturb the cleaning up
            stopped_by.append(number)
            raise KeyboardInterrupt  # the one way in which pytest ends early and still cleans up

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with _stdout_to_stderr():
        try:
            passed = pytest.main(command) == pytest.ExitCode.OK
        except ValueError:  # pytest-benchmark cannot sum up a bench that was stopped in its first round
            if not stopped_by:
                raise
    if stopped_by:
        raise TidegaugeError("the bench was interrupted", exit_code=ExitCode.INTERRUPTED)
    if not passed:
        raise TidegaugeError("the transcode bench failed", "what failed is on stderr")


def _check(media: list[Path], renditions: list[str], rounds: int) -> None:
    """Everything that can be known to fail before minutes are spent."""
    if rounds < 1:
        raise TidegaugeError(f"--rounds {rounds}: at least one round is measured")
    for name in renditions:
        if name not in RENDITIONS:
            raise TidegaugeError(f"no rendition is called '{name}'", nearest(name, RENDITIONS))
    if len({path.name for path in media}) < len(media):
        raise TidegaugeError("two media have the same name", "rename one: cells are told apart by it")
    try:
        find_ffmpeg()
        for path in media:
            inspect_upload(path)
    except TranscodeError as error:
        raise TidegaugeError(f"the bench cannot start: {error.reason}") from None
    except OSError as error:
        raise TidegaugeError(f"{error.filename} cannot be read: {error.strerror}", "check the path") from None


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Descriptors, not objects: child processes write there too."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
