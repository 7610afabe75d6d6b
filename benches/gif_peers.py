"""Our GIFs against gifski's and gifsicle's: bytes and CPU-seconds at the same VMAF.

    python -m benches.gif_peers [--media FILE]… [--gifski PATH] [--gifsicle PATH] [--json]

All make 480 pixels at 15 pictures a second, judged against the same scaled source. The measure is `palette`
with 256 colours (palettegen of differences, ordered dither of scale 5); the others are interpolated between
their own points at its VMAF, in the logarithm of the bytes. Peers that are not installed are left out.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benches.arguments import parser_of
from benches.gif_ways import Clip, Way, find_programs, ways
from benches.transcode.quality import measure_quality
from infra_under_test.transcode import RENDITIONS, Ffmpeg, TranscodeError, find_ffmpeg, inspect_upload
from tidegauge.errors import ExitCode
from tidegauge.house import MEDIA

DEFAULT_MEDIA = tuple(MEDIA / name for name in ("anim_bbb.mp4", "city.gif", "screen.gif", "flat_life.gif"))
RENDITION = dataclasses.replace(RENDITIONS["slack_gif"], fps="15", bytes_max=None, search=())
MEASURE = "palette"
VMAF_TOLERANCE = 0.3


def measure_peers(medium: Path, ffmpeg: Ffmpeg, programs: Mapping[str, str | None]) -> dict[str, Any]:
    """Each way's points on `medium`, and what each takes at the measure's VMAF."""
    known = ways(programs)
    points = {way.name: [] if way.why_not else _points(medium, ffmpeg, way) for way in known}
    measure = points[MEASURE][0]
    return {
        "media": medium.name,
        "measure": measure,
        "ways": [
            {
                "way": way.name,
                "reason": way.why_not,
                "points": points[way.name],
                "at_equal_vmaf": at_equal_vmaf(points[way.name], measure),
            }
            for way in known
        ],
    }


def at_equal_vmaf(points: Sequence[Mapping[str, Any]], measure: Mapping[str, Any]) -> dict[str, Any] | None:
    """Bytes and CPU-seconds where the curve of `points` has the measure's VMAF; None where it never has.

    A point that is beyond the ends by at most VMAF_TOLERANCE stands for itself, and says so by its own VMAF.
    """
    judged = sorted(
        (point["vmaf_mean"], point["bytes_out"], point["cpu_s"])
        for point in points
        if point["vmaf_mean"] is not None
    )
    target = measure["vmaf_mean"]
    if not judged or target is None:
        return None
    vmaf, sizes, cpu = (np.array(column, dtype=float) for column in zip(*judged, strict=True))
    reached = float(np.clip(target, vmaf[0], vmaf[-1]))
    if abs(reached - target) > VMAF_TOLERANCE:
        return None
    bytes_out = float(np.exp(np.interp(reached, vmaf, np.log(sizes))))
    return {
        "vmaf_mean": reached,
        "bytes_out": bytes_out,
        "bytes_ratio": bytes_out / measure["bytes_out"],
        "cpu_s": float(np.interp(reached, vmaf, cpu)),
    }


def _points(medium: Path, ffmpeg: Ffmpeg, way: Way) -> list[dict[str, Any]]:
    return [_point(medium, ffmpeg, way, value) for value in way.values]


def _point(medium: Path, ffmpeg: Ffmpeg, way: Way, value: float) -> dict[str, Any]:
    info = inspect_upload(medium)
    with tempfile.TemporaryDirectory(prefix="tidegauge-gif-") as folder:
        clip = Clip(
            medium=medium.resolve(),
            info=info,
            rendition=RENDITION,
            ffmpeg=ffmpeg,
            folder=Path(folder).resolve(),
        )
        made = way.make(clip, value)
        quality = measure_quality(ffmpeg, medium, made, RENDITION, info)
        return {
            "setting": f"{way.option}={value:g}",
            "bytes_out": made.stat().st_size,
            "cpu_s": clip.cpu_s,
            "vmaf_mean": quality.vmaf_mean,
            "vmaf_p5": quality.vmaf_p5,
            "ssim": quality.ssim,
            "quality_reason": quality.reason,
        }


def main(arguments: Sequence[str]) -> int:
    """Measures and prints; 2 for media that cannot be measured, 130 when interrupted."""
    parser = parser_of(__doc__)
    parser.add_argument("--media", action="append", type=Path, metavar="FILE", help="GIF or MP4; repeatable")
    parser.add_argument("--gifski", metavar="PATH", help="else the one on PATH")
    parser.add_argument("--gifsicle", metavar="PATH", help="else the one on PATH")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args(arguments)
    programs = find_programs({"gifski": asked.gifski, "gifsicle": asked.gifsicle})
    try:
        found = [measure_peers(medium, find_ffmpeg(), programs) for medium in asked.media or DEFAULT_MEDIA]
    except (TranscodeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    print(json.dumps({"peers": found}) if asked.json else "\n".join(map(_table, found)))  # noqa: T201
    return ExitCode.PASS


def _table(peers: Mapping[str, Any]) -> str:
    measure = peers["measure"]
    lines = [f"{peers['media']}: {MEASURE} takes {measure['bytes_out']:,} bytes for {_vmaf(measure)}"]
    for way in peers["ways"]:
        lines.append(f"  {way['way']}: {way['reason'] or _equal(way['at_equal_vmaf'])}")
        lines += [
            f"    {point['setting']:14} {point['bytes_out']:>10,} bytes  {_vmaf(point)}  "
            f"{point['cpu_s']:6.2f} CPU-s"
            for point in way["points"]
        ]
    return "\n".join(lines)


def _equal(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "its points do not reach that VMAF"
    return f"{found['bytes_ratio']:.1%} of the bytes and {found['cpu_s']:.2f} CPU-s at {_vmaf(found)}"


def _vmaf(point: Mapping[str, Any]) -> str:
    if point["vmaf_mean"] is None:
        return f"no VMAF ({point['quality_reason']})"
    return f"VMAF {point['vmaf_mean']:.2f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
