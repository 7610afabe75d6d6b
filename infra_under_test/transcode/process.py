"""One ffmpeg process: limited, watched, measured, and gone when this returns or when its parent dies."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra_under_test.cgroup import Cage
from infra_under_test.transcode.errors import FfmpegFailed, OutOfMemory, OutputTooLarge, TranscodeTimeout
from infra_under_test.transcode.limits import Limits

_LAUNCHER = Path(__file__).with_name("launcher.py")
_STDERR_BYTES_MAX = 16_384
_REAPING_S_MAX = 1.0
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")  # and nothing else: the worker's environment holds secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one process took, from wait4(2); children of ffmpeg there are none."""

    cpu_s: float  # user and system
    wall_s: float
    rss_peak_bytes: int


def run_limited(
    argv: Sequence[str],
    *,
    folder: Path,
    limits: Limits,
    on_line: Callable[[str], None],
    cage: Cage | None = None,
) -> Used:
    """Runs `argv` in `folder`, hands each line of its stdout to `on_line`, and waits for its end.

    It joins `cage` where one is given. Raises TranscodeTimeout, OutOfMemory, OutputTooLarge or FfmpegFailed.
    Safe in any thread; blocks that thread.
    """
    stop_at = time.monotonic() + limits.wall_s_max
    kills_before = cage.memory_kills() if cage else 0
    with _launched(argv, folder, limits, cage) as (launcher, report):
        said = _Streams(launcher=launcher, report=report, on_line=on_line)
        if not said.read_until(stop_at):
            raise TranscodeTimeout(f"it took longer than {limits.wall_s_max:g} s")
    if not said.report:
        raise FfmpegFailed("ffmpeg could not be started or was killed", detail=said.stderr_text())
    exit_code, cpu_s, wall_s, rss_peak_bytes, too_large = said.report.split()
    if int(too_large):
        raise OutOfMemory(f"it takes more than {limits.rss_bytes_max / 1e6:,.0f} MB of memory")
    if cage is not None and cage.memory_kills() > kills_before:
        raise OutOfMemory("it takes more memory than the task has", detail=cage.emulation)
    _judge(int(exit_code), said.stderr_text(), limits)
    return Used(cpu_s=float(cpu_s), wall_s=float(wall_s), rss_peak_bytes=int(rss_peak_bytes))


@contextlib.contextmanager
def _launched(
    argv: Sequence[str], folder: Path, limits: Limits, cage: Cage | None
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The launcher (a process group of its own) and its report; the whole group is dead afterwards."""
    lifeline_read, lifeline_write = os.pipe()
    report_read, report_write = os.pipe()
    joins = cage.joins if cage else ()
    order = (
        *(lifeline_read, report_write, limits.rss_bytes_max),
        *(limits.cpu_s_max, limits.output_bytes_max, limits.open_files_max),
        *(len(joins), *joins),
    )
    command = [*(cage.prefix if cage else ()), *argv]
    with os.fdopen(report_read, "rb", 0) as report, os.fdopen(lifeline_write, "wb", 0) as lifeline:
        try:
            launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCHER), *(str(each) for each in order), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                pass_fds=(lifeline_read, report_write),
                start_new_session=True,
            )
        finally:
            os.close(lifeline_read)
            os.close(report_write)
        with launcher:
            try:
                yield launcher, report
            finally:
                lifeline.close()
                _wait_until_readable(report, _REAPING_S_MAX)  # the launcher kills and reaps: no zombie stays
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(launcher.pid, signal.SIGKILL)


def _wait_until_readable(source: IO[bytes], seconds: float) -> None:
    with selectors.DefaultSelector() as selector:  # select(2) cannot watch descriptors above 1023
        selector.register(source, selectors.EVENT_READ)
        selector.select(seconds)


class _Streams:
    """stdout by lines, the end of stderr, and the launcher's report, read side by side."""

    def __init__(
        self, *, launcher: subprocess.Popen[bytes], report: IO[bytes], on_line: Callable[[str], None]
    ) -> None:
        self.report = b""
        self._stderr = b""
        self._line = b""
        self._on_line = on_line
        self._sources: dict[IO[bytes], Callable[[bytes], None]] = {report: self._take_report}
        for stream, take in ((launcher.stdout, self._take_stdout), (launcher.stderr, self._take_stderr)):
            if stream is not None:
                self._sources[stream] = take

    def read_until(self, stop_at: float) -> bool:
        """True when all streams ended, False when `stop_at` (monotonic seconds) came first."""
        with selectors.DefaultSelector() as selector:
            for source, take in self._sources.items():
                selector.register(source, selectors.EVENT_READ, take)
            while selector.get_map():
                left_s = stop_at - time.monotonic()
                if left_s <= 0:
                    return False
                for key, _ in selector.select(left_s):
                    chunk = os.read(key.fd, 65_536)
                    if chunk:
                        key.data(chunk)
                    else:
                        selector.unregister(key.fileobj)
        return True

    def stderr_text(self) -> str:
        """The last that was said on stderr."""
        return self._stderr.decode("utf-8", "replace").strip()

    def _take_report(self, chunk: bytes) -> None:
        self.report += chunk

    def _take_stderr(self, chunk: bytes) -> None:
        self._stderr = (self._stderr + chunk)[-_STDERR_BYTES_MAX:]

    def _take_stdout(self, chunk: bytes) -> None:
        *lines, self._line = (self._line + chunk).split(b"\n")
        for line in lines:
            self._on_line(line.decode("utf-8", "replace"))


def _judge(exit_code: int, stderr: str, limits: Limits) -> None:
    if exit_code == -signal.SIGXCPU:
        raise TranscodeTimeout(f"it took more than {limits.cpu_s_max} CPU-seconds")
    if exit_code == -signal.SIGXFSZ:
        raise OutputTooLarge(f"the output grew beyond {limits.output_bytes_max:,} bytes")
    if exit_code:
        raise FfmpegFailed("ffmpeg could not convert it", detail=f"exit code {exit_code}: {stderr}")
