"""One ffmpeg process: limited, watched, measured, and gone when this returns or when its parent dies."""

from __future__ import annotations

import contextlib
import marshal
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra_under_test.cgroup import Cage
from infra_under_test.transcode.errors import FfmpegFailed, OutOfMemory, OutputTooLarge, TranscodeTimeout
from infra_under_test.transcode.limits import Limits

_LAUNCHER = Path(__file__).with_name("launcher.py")
_STDERR_BYTES_MAX = 16_384
_REAPING_S_MAX = 1.0
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")  # nothing else, as the worker's environment holds secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one process took, from wait4(2); ffmpeg starts no children."""

    cpu_s: float  # user and system
    wall_s: float
    rss_peak_bytes: int


class Launcher:
    """A small process that waits in `folder` for one command: its own start can pass beside other work.

    It is a process group of its own; leaving `with`, the first of several, kills what is left of it.
    """

    def __init__(self, folder: Path) -> None:
        report_read, report_write = os.pipe()
        self.report = os.fdopen(report_read, "rb", 0)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCHER), str(report_write)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                pass_fds=(report_write,),
                start_new_session=True,
            )
        except OSError:
            self.report.close()
            raise
        finally:
            os.close(report_write)
        self._started = False

    def start(self, command: Sequence[str], limits: Limits, joins: Sequence[Path]) -> None:
        """Has it run `command`. Where it is dead already, its report stays empty."""
        order = (
            *(limits.rss_bytes_max, limits.cpu_s_max, limits.output_bytes_max, limits.open_files_max),
            *([str(path) for path in joins], list(command)),
        )
        self._started = True
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(marshal.dumps(order))
            self._stdin.flush()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *_: object) -> None:
        if self.report.closed:
            return
        with self.process, self.report:
            if self._started:
                with contextlib.suppress(BrokenPipeError):
                    self._stdin.close()  # its lifeline: it kills the command and reaps it, so no zombie stays
                _wait_until_readable(self.report, _REAPING_S_MAX)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def run_limited(
    argv: Sequence[str],
    *,
    folder: Path,
    limits: Limits,
    on_line: Callable[[str], None],
    cage: Cage | None = None,
    launcher: Launcher | None = None,
) -> Used:
    """Runs `argv` in `folder`, hands each line of its stdout to `on_line`, and waits for its end.

    It joins `cage` where one is given; `launcher` is one that waits in `folder` already. Raises
    TranscodeTimeout, OutOfMemory, OutputTooLarge or FfmpegFailed. Safe in any thread; blocks that thread.
    """
    stop_at = time.monotonic() + limits.wall_s_max
    kills_before = cage.memory_kills() if cage else 0
    with launcher or Launcher(folder) as waiting:
        waiting.start([*(cage.prefix if cage else ()), *argv], limits, cage.joins if cage else ())
        said = _Streams(launcher=waiting.process, report=waiting.report, on_line=on_line)
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
