"""Rate-quality curves: what each encoder and preset takes, in bytes and CPU-seconds, for its quality.

    python -m benches.transcode.curves [--media FILE]… [--rendition NAME]… [--json]

Each point is one run of the core, timed by itself; quality is judged afterwards. A point has one round: the
bytes and the quality of an encoder do not vary, its CPU-seconds do by some per cent.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.transcode.cells import media_classes, named
from benches.transcode.profiles import LOCAL
from benches.transcode.quality import measure_quality
from benches.transcode.sweeps import NVENC, Sweep, load_sweeps, sweeps_of
from infra_under_test.cgroup import Cage
from infra_under_test.transcode import (
    RENDITIONS,
    Ffmpeg,
    MediaInfo,
    Rendition,
    TranscodeError,
    find_ffmpeg,
    inspect_upload,
    transcode,
)
from infra_under_test.transcode.nvenc import NvencProbe, probe
from tidegauge.conduct.bench.child import DEFAULT_RENDITIONS
from tidegauge.errors import ExitCode, TidegaugeError, nearest
from tidegauge.house import MEDIA

DEFAULT_MEDIA = (MEDIA / "anim_bbb.mp4", MEDIA / "city.gif")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the points are measured, as the document names it."""

    profile: str = LOCAL
    provenance: str = "measured"
    cage: Cage | None = None


def measure_curves(
    media: Sequence[Path],
    renditions: Iterable[Rendition],
    ffmpeg: Ffmpeg,
    *,
    place: Place = Place(),
    known: Sequence[Sweep] | None = None,
    nvenc: NvencProbe | None = None,
) -> list[dict[str, Any]]:
    """The `curves` of the bench document: a curve a medium, rendition, encoder and preset.

    One that cannot be had here is `skipped`, with its reason and no points. Blocks: about a second a point of
    a clip of 5 s.
    """
    sweeps = load_sweeps() if known is None else known
    probed = probe(ffmpeg) if nvenc is None else nvenc
    classes = media_classes()
    found = []
    for medium in media:
        info = inspect_upload(medium)
        for rendition in renditions:
            for sweep in sweeps_of(rendition, sweeps):
                bench = _Bench(medium=medium, info=info, rendition=rendition, ffmpeg=ffmpeg, place=place)
                reason = sweep.why_not(rendition, ffmpeg, probed)
                found.append(bench.curve(sweep, reason, classes))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One medium in one rendition."""

    medium: Path
    info: MediaInfo
    rendition: Rendition
    ffmpeg: Ffmpeg
    place: Place

    def curve(self, sweep: Sweep, reason: str | None, classes: Mapping[str, str]) -> dict[str, Any]:
        points: list[dict[str, Any]] = []
        if reason is None:
            try:
                points.extend(self._points(sweep))
            except TranscodeError as error:
                reason = f"{sweep.option}={sweep.values[len(points)]}: {error.reason}"
        return {
            **named(self.medium, self.rendition, classes),
            "encoder": sweep.encoder,
            "preset": sweep.shown_preset(self.rendition),
            "profile": self.place.profile,
            "provenance": self.place.provenance if points else "skipped",
            "reason": reason,
            "points": points,
        }

    def _points(self, sweep: Sweep) -> Iterator[dict[str, Any]]:
        for value in sweep.values:
            yield self._point(sweep, value)

    def _point(self, sweep: Sweep, value: int) -> dict[str, Any]:
        variant = sweep.variant(self.rendition, value)
        with tempfile.TemporaryDirectory(prefix="tidegauge-curve-") as folder:
            made = transcode(
                self.medium,
                Path(folder),
                [variant],
                ffmpeg=self.ffmpeg,
                encoder="nvenc" if sweep.encoder == NVENC else "cpu",
                cage=self.place.cage,
            )
            (result,), (run,) = made.results, made.runs
            quality = measure_quality(self.ffmpeg, self.medium, result.path, variant, self.info)
        return {
            "setting": f"{'cq' if sweep.encoder == NVENC else sweep.option}={value}",
            "bytes_out": result.bytes,
            "vmaf_mean": quality.vmaf_mean,
            "vmaf_p5": quality.vmaf_p5,
            "vmaf_model": quality.vmaf_model,
            "ssim": quality.ssim,
            "quality_reason": quality.reason,
            "cpu_s": run.cpu_s,
            "wall_s": run.wall_s,
            "frames_per_s": self.info.frames / run.wall_s,
            "cost_usd_per_asset": None,
        }


def main(arguments: Sequence[str]) -> int:
    """Measures and prints; 2 for a request that cannot be measured, 130 when interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benches.transcode.curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--media", action="append", type=Path, metavar="FILE", help="GIF or MP4; repeatable")
    parser.add_argument("--rendition", action="append", metavar="NAME", help="repeatable")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args(arguments)
    try:
        renditions = [_named(name) for name in asked.rendition or DEFAULT_RENDITIONS]
        curves = measure_curves(asked.media or DEFAULT_MEDIA, renditions, find_ffmpeg())
    except (TidegaugeError, TranscodeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    print(json.dumps({"curves": curves}) if asked.json else _table(curves))  # noqa: T201
    return ExitCode.PASS


def _named(name: str) -> Rendition:
    if name not in RENDITIONS:
        raise TidegaugeError(f"no rendition is called '{name}'", nearest(name, RENDITIONS))
    return RENDITIONS[name]


def _table(curves: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for curve in curves:
        title = (curve["media"], curve["rendition"], curve["encoder"], curve["preset"] or "")
        lines.append(" ".join(title).rstrip() + (f": {curve['reason']}" if curve["reason"] else ""))
        lines += [
            f"  {point['setting']:12} {point['bytes_out']:>10,} bytes  {_score(point['vmaf_mean'])} VMAF"
            f"  {_score(point['vmaf_p5'])} its 5th percentile  {point['cpu_s']:6.2f} CPU-s"
            for point in curve["points"]
        ]
    return "\n".join(lines)


def _score(value: float | None) -> str:
    return "   n/a" if value is None else f"{value:6.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
