"""The transcode core: one source file to verified renditions."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra_under_test.cgroup import Cage
from infra_under_test.transcode.binary import Ffmpeg, find_ffmpeg
from infra_under_test.transcode.errors import TranscodeError
from infra_under_test.transcode.fan_out import Decode, group_renditions
from infra_under_test.transcode.graph import Encoder, compile_argv
from infra_under_test.transcode.inspection import inspect_upload
from infra_under_test.transcode.limits import DEFAULT_LIMITS, Limits
from infra_under_test.transcode.media import MediaInfo
from infra_under_test.transcode.process import Launcher, Used, run_limited
from infra_under_test.transcode.progress import Progress, Share
from infra_under_test.transcode.rendition import Rendition
from infra_under_test.transcode.size_search import mildest_that_fits
from infra_under_test.transcode.verify import verify_output

_BYTES_PER_MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionResult:
    """One rendition on disk, and what its ffmpeg processes took."""

    name: str
    path: Path
    bytes: int
    sha256: str
    mime_type: str
    # User and system time of ffmpeg, and its wall time. None where one run made several renditions: what they
    # shared cannot be told apart.
    cpu_s: float | None
    wall_s: float | None
    rss_peak_mb: float  # the largest process that made it; 1 MB = 10^6 bytes
    encodes: int = 1  # above 1 when quality was searched to fit a size
    # What the search changed in the rendition: {"crf": "34"}. Empty: it fitted as it is.
    setting: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One ffmpeg process."""

    names: tuple[str, ...]  # the renditions that it made
    cpu_s: float
    wall_s: float
    rss_peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcoded:
    """What was made of a source."""

    results: tuple[RenditionResult, ...]  # in the order asked for
    unfit: Mapping[str, str]  # rendition: why no quality fits its size
    runs: tuple[Run, ...]


def transcode(
    source: Path,
    out_dir: Path,
    renditions: Sequence[Rendition],
    *,
    ffmpeg: Ffmpeg | None = None,
    on_progress: Callable[[float], None] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    decode: Decode = "auto",
    encoder: Encoder = "cpu",
    cage: Cage | None = None,
) -> Transcoded:
    """Makes each of `renditions` of `source` as `out_dir/NAME.SUFFIX`; raises TranscodeError.

    Blocks until done, in whatever thread it is called. `on_progress` gets the share done, 0 to 1, over all
    renditions, never falling. A file appears in `out_dir` only when it is whole and verified. `decode` says
    whether renditions share one decode; a run of several that fails is done again one by one, since together
    they may need more than each may have. Whether to ask for the `encoder` "nvenc" is for its probe to say.
    ffmpeg joins `cage`.
    """
    executable = (ffmpeg or find_ffmpeg()).path
    out_dir.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".transcode-", dir=out_dir) as folder,
        Launcher(Path(folder)) as launcher,  # starts while the source is judged
    ):
        info = inspect_upload(source, limits)
        progress = Progress(on_progress=on_progress, count=len(renditions), duration_s=info.duration_s)
        job = _Job(
            executable=executable,
            source=source.resolve(),
            info=info,
            folder=Path(folder).resolve(),
            limits=limits,
            encoder=encoder,
            cage=cage,
            waiting=[launcher],
            runs=[],
        )
        made: dict[str, _Draft] = {}
        for group in group_renditions(renditions, info, limits, decode):
            made |= job.make_together(group, progress.share(len(group)))
        unfit = job.shrink(renditions, made)
        results = [made[each.name].publish(out_dir, each) for each in renditions if each.name not in unfit]
    return Transcoded(results=tuple(results), unfit=unfit, runs=tuple(job.runs))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A verified rendition that is not yet where the caller sees it."""

    rendition: Rendition
    path: Path
    used: tuple[Used, ...]  # one for every process that worked for it
    shared: bool

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size

    def publish(self, out_dir: Path, asked: Rendition) -> RenditionResult:
        with self.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        path = self.path.replace(out_dir / f"{self.rendition.name}{self.rendition.suffix}")
        return RenditionResult(
            name=self.rendition.name,
            path=path,
            bytes=path.stat().st_size,
            sha256=sha256,
            mime_type=self.rendition.mime_type,
            cpu_s=None if self.shared else sum(used.cpu_s for used in self.used),
            wall_s=None if self.shared else sum(used.wall_s for used in self.used),
            rss_peak_mb=max(used.rss_peak_bytes for used in self.used) / _BYTES_PER_MB,
            encodes=len(self.used),
            setting=self.rendition.changes_from(asked),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One source in its private folder."""

    executable: Path
    source: Path
    info: MediaInfo
    folder: Path
    limits: Limits
    encoder: Encoder
    cage: Cage | None
    waiting: list[Launcher]  # at most one, for the first run; later runs start their own
    runs: list[Run]

    def make_together(self, group: Sequence[Rendition], share: Share) -> dict[str, _Draft]:
        """The drafts by name: of one run for all or, where that fails, of a run for each."""
        try:
            drafts = self._run(group, share.take_line)
        except TranscodeError:
            if len(group) == 1:
                raise
            drafts = {}
            for one in group:
                drafts |= self._run([one], lambda _line: None)
        share.done()
        return drafts

    def shrink(self, renditions: Sequence[Rendition], made: dict[str, _Draft]) -> dict[str, str]:
        """Replaces what is over its size by the mildest variant that fits; returns why, where none does."""
        unfit = {}
        for rendition in renditions:
            limit, first = rendition.bytes_max, made[rendition.name]
            if limit is None or first.bytes <= limit:
                continue
            tried: list[_Draft] = []

            def encode(variant: Rendition, tried: list[_Draft] = tried) -> int:
                number = f"{variant.name}-{len(tried) + 1}"
                tried.append(self._run([variant], lambda _line: None, stem=number)[variant.name])
                return tried[-1].bytes

            variants = rendition.smaller()
            chosen = mildest_that_fits(variants, encode, limit)
            if chosen is None:
                smallest = min(draft.bytes for draft in tried)
                unfit[rendition.name] = (
                    f"{smallest:,} bytes at the lowest quality; {rendition.platform} takes {limit:,}"
                )
                continue
            best = next(draft for draft in tried if draft.rendition == variants[chosen])
            used = (*first.used, *(each for draft in tried for each in draft.used))
            made[rendition.name] = replace(best, used=used, shared=first.shared)
        return unfit

    def _run(
        self, group: Sequence[Rendition], on_line: Callable[[str], None], stem: str | None = None
    ) -> dict[str, _Draft]:
        outputs = [self.folder / f"{stem or each.name}{each.suffix}" for each in group]
        argv = compile_argv(
            self.executable,
            self.source,
            self.info,
            list(zip(group, outputs, strict=True)),
            limits=self.limits,
            encoder=self.encoder,
        )
        several = len(group)
        limits = replace(
            self.limits,
            wall_s_max=self.limits.wall_s_max * several,
            cpu_s_max=self.limits.cpu_s_max * several,
        )
        used = run_limited(
            argv,
            folder=self.folder,
            limits=limits,
            on_line=on_line,
            cage=self.cage,
            launcher=self.waiting.pop() if self.waiting else None,
        )
        self.runs.append(
            Run(
                names=tuple(each.name for each in group),
                cpu_s=used.cpu_s,
                wall_s=used.wall_s,
                rss_peak_mb=used.rss_peak_bytes / _BYTES_PER_MB,
            )
        )
        for each, output in zip(group, outputs, strict=True):
            verify_output(output, each, self.info, self.limits)
        return {
            each.name: _Draft(rendition=each, path=output, used=(used,), shared=several > 1)
            for each, output in zip(group, outputs, strict=True)
        }
