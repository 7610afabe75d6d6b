"""One decode for five renditions against five runs: CPU-seconds, wall time, and the same frames.

    python -m benches.fan_out --rounds 5

The renditions are preview_mp4, slack_gif, webp, poster and discord_mp4; CPU-seconds are those of ffmpeg, from
wait4(2). Rounds are interleaved. Every frame of every output must be the same both ways. `auto` is what the
core chooses for that medium.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benches.arguments import add_core_options, parser_of
from benches.fixtures import fixture
from infra_under_test.transcode import (
    DEFAULT_LIMITS,
    RENDITIONS,
    Ffmpeg,
    Transcoded,
    find_ffmpeg,
    inspect_upload,
    transcode,
)
from infra_under_test.transcode.fan_out import group_renditions
from tidegauge.house import MEDIA

NAMES = ("preview_mp4", "slack_gif", "webp", "poster", "discord_mp4")
FIVE = [RENDITIONS[name] for name in NAMES]
BIG_GIF = "anim_bbb-854x480.gif"  # 125 frames at 25/s, made here: 13 MB are too many for a repository


def main() -> int:
    """0 when all frames are the same."""
    parser = parser_of(__doc__)
    add_core_options(parser, rounds=5)
    asked = parser.parse_args()
    ffmpeg = find_ffmpeg()
    with tempfile.TemporaryDirectory(prefix="tidegauge-fan-out-") as folder:
        media = asked.media or [
            MEDIA / "anim_bbb.gif", big_gif(ffmpeg, Path(folder)), MEDIA / "anim_bbb.mp4", fixture("uhd.mp4"),
        ]  # fmt: skip
        rows = [compare(source, asked.rounds, ffmpeg, Path(folder)) for source in media]
    if asked.json:
        print(json.dumps({"ffmpeg": ffmpeg.version, "media": rows}))  # noqa: T201
    return 0 if all(row["same_frames"] for row in rows) else 1


def big_gif(ffmpeg: Ffmpeg, folder: Path) -> Path:
    """The 480p clip as a GIF."""
    made = folder / BIG_GIF
    graph = "split[a][b];[a]palettegen[p];[b][p]paletteuse"
    argv = [str(ffmpeg.path), "-v", "error", "-i", str(MEDIA / "anim_bbb.mp4"), "-vf", graph, str(made)]
    subprocess.run(argv, check=True, timeout=120)
    return made


def compare(source: Path, rounds: int, ffmpeg: Ffmpeg, folder: Path) -> dict[str, Any]:
    """Both ways of making five renditions of `source`."""
    cpu_s: dict[str, list[float]] = {"once": [], "separate": []}
    wall_s: dict[str, list[float]] = {"once": [], "separate": []}
    made: dict[str, Transcoded] = {}
    for number in range(rounds):
        ways = ("once", "separate") if number % 2 == 0 else ("separate", "once")
        for way in ways:
            out = folder / way
            made[way] = transcode(
                source, out, FIVE, ffmpeg=ffmpeg, decode="once" if way == "once" else "separate"
            )
            cpu_s[way].append(sum(run.cpu_s for run in made[way].runs))
            wall_s[way].append(sum(run.wall_s for run in made[way].runs))
    ratios = sorted(once / separate for once, separate in zip(cpu_s["once"], cpu_s["separate"], strict=True))
    groups = group_renditions(FIVE, inspect_upload(source), DEFAULT_LIMITS, "auto")
    row = {
        "media": source.name,
        "cpu_s_once": median(cpu_s["once"]),
        "cpu_s_separate": median(cpu_s["separate"]),
        "cpu_ratio": median(ratios),
        "cpu_ratios": ratios,
        "wall_ratio": median(wall_s["once"]) / median(wall_s["separate"]),
        "rss_mb_once": max(run.rss_peak_mb for run in made["once"].runs),
        "rss_mb_separate": max(run.rss_peak_mb for run in made["separate"].runs),
        "same_frames": same_frames(made["once"], made["separate"], ffmpeg),
        "auto": [[each.name for each in group] for group in groups],
    }
    chosen = "one decode" if len(groups) == 1 else f"{len(groups)} runs"
    print(  # noqa: T201
        f"{row['media']:22} CPU-s {row['cpu_s_once']:.2f} / {row['cpu_s_separate']:.2f} = "
        f"{row['cpu_ratio']:.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})  wall {row['wall_ratio']:.2f}  "
        f"memory {row['rss_mb_once']:.0f} / {row['rss_mb_separate']:.0f} MB  "
        f"{'same frames' if row['same_frames'] else 'OTHER FRAMES'}  auto: {chosen}",
        file=sys.stderr,
    )
    return row


def same_frames(once: Transcoded, separate: Transcoded, ffmpeg: Ffmpeg) -> bool:
    """Whether both ways gave the same frames in the same order at the same times."""
    pairs = zip(once.results, separate.results, strict=True)
    return all(hashes(ffmpeg, one.path) == hashes(ffmpeg, other.path) for one, other in pairs)


def hashes(ffmpeg: Ffmpeg, path: Path) -> str:
    """A hash of each decoded frame, by ffmpeg."""
    demuxer = ["-f", "webp_anim"] if path.suffix == ".webp" else []
    argv = [str(ffmpeg.path), "-v", "error", *demuxer, "-i", str(path), "-f", "framemd5", "-"]
    done = subprocess.run(argv, capture_output=True, check=True, text=True, timeout=300)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
