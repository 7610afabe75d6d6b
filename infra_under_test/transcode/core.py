"""The transcode core: one source file to verified renditions."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.transcode.binary import Ffmpeg, find_ffmpeg
from infra_under_test.transcode.graph import compile_argv
from infra_under_test.transcode.inspection import inspect_upload
from infra_under_test.transcode.limits import DEFAULT_LIMITS, Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.process import run_limited
from infra_under_test.transcode.renditions import Rendition
from infra_under_test.transcode.verify import verify_output

Progress = Callable[[float], None]
_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionResult:
    """One rendition on disk, and what its ffmpeg process took."""

    name: str
    path: Path
    bytes: int
    sha256: str
    mime_type: str
    cpu_s: float  # user and system time of ffmpeg
    wall_s: float  # from its start to its end
    rss_peak_mb: float  # 1 MB = 10^6 bytes


def transcode(
    source: Path,
    out_dir: Path,
    renditions: Sequence[Rendition],
    *,
    ffmpeg: Ffmpeg | None = None,
    on_progress: Progress | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[RenditionResult]:
    """Makes each of `renditions` of `source` as `out_dir/NAME.SUFFIX`; raises TranscodeError.

    Blocks until done, in whatever thread it is called. `on_progress` gets the share done, 0 to 1, over all
    renditions, never falling. A file appears in `out_dir` only when it is whole and verified.
    """
    info = inspect_upload(source, limits)
    executable = (ffmpeg or find_ffmpeg()).path
    out_dir.mkdir(parents=True, exist_ok=True)
    results = []
    with tempfile.TemporaryDirectory(prefix=".transcode-", dir=out_dir) as folder:
        for index, rendition in enumerate(renditions):
            share = _Share(on_progress=on_progress, index=index, count=len(renditions), info=info)
            results.append(
                _make(executable, rendition, source.resolve(), info, Path(folder), out_dir, limits, share)
            )
            share.done()
    return results


def _make(
    executable: Path,
    rendition: Rendition,
    source: Path,
    info: MediaInfo,
    folder: Path,
    out_dir: Path,
    limits: Limits,
    share: _Share,
) -> RenditionResult:
    draft = folder.resolve() / f"output{rendition.suffix}"
    argv = compile_argv(executable, rendition, source, info, draft, limits)
    used = run_limited(argv, folder=folder, limits=limits, on_line=share.take_line)
    verify_output(draft, rendition, info, limits)
    with draft.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    path = draft.replace(out_dir / f"{rendition.name}{rendition.suffix}")
    return RenditionResult(
        name=rendition.name,
        path=path,
        bytes=path.stat().st_size,
        sha256=sha256,
        mime_type=rendition.mime_type,
        cpu_s=used.cpu_s,
        wall_s=used.wall_s,
        rss_peak_mb=used.rss_peak_bytes / _BYTES_PER_MB,
    )


class _Share:
    """Turns ffmpeg's `-progress` lines of one rendition into the share done of all of them."""

    def __init__(self, *, on_progress: Progress | None, index: int, count: int, info: MediaInfo) -> None:
        self._on_progress = on_progress
        self._index = index
        self._count = count
        self._duration_s = info.duration_s
        self._told = index / count

    def take_line(self, line: str) -> None:
        """`out_time_us=1234567` is how far the output reaches; it reads N/A before the first frame."""
        name, _, value = line.strip().partition("=")
        if name == "out_time_us" and value.isdecimal() and self._duration_s > 0:
            self._tell(min(1.0, int(value) / 1e6 / self._duration_s))

    def done(self) -> None:
        """This rendition is whole."""
        self._tell(1.0)

    def _tell(self, share: float) -> None:
        total = (self._index + share) / self._count
        if self._on_progress is not None and total > self._told:
            self._told = total
            self._on_progress(total)
