"""Whether an emulated task is as slow as its vCPUs say: wall time in cages of .25, .5, 1 and 2 vCPU.

    python -m benches.quota --rounds 5

A job of c CPU-seconds that takes f seconds on the whole machine should take max(c / vCPU, f): the quota, or
what the job can use at once. c is that of the same run, since slower runs cost more. Rounds are interleaved,
after one that does not count. The kernel hands the quota out in periods of 100 ms, so jobs of less than
a CPU-second say little. Exit code 1 when a median is off by more than 15 %.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benches.arguments import add_core_options, parser_of
from infra_under_test.cgroup import CannotEmulate, make_cage
from infra_under_test.transcode import RENDITIONS, transcode
from tidegauge.house import MEDIA

DEFAULT_MEDIA = ("anim_bbb.mp4", "anim_bbb.gif", "city.gif", "long60.gif")
NAMES = ("preview_mp4", "slack_gif", "webp", "poster", "discord_mp4")
SIZES = (0.25, 0.5, 1.0, 2.0)
MEMORY_BYTES = 4 * 2**30
OFF_MAX = 0.15


def main() -> int:
    """0 when every size is within 15 % of what its quota says."""
    parser = parser_of(__doc__)
    add_core_options(parser, rounds=5)
    asked = parser.parse_args()
    try:
        rows = [
            measure(source, asked.rounds)
            for source in asked.media or [MEDIA / name for name in DEFAULT_MEDIA]
        ]
    except CannotEmulate as error:
        print(f"cannot emulate: {error}", file=sys.stderr)  # noqa: T201
        return 2
    if asked.json:
        print(json.dumps({"media": rows}))  # noqa: T201
    return 0 if all(size["within"] for row in rows for size in row["sizes"]) else 1


def measure(source: Path, rounds: int) -> dict[str, Any]:
    """Wall and CPU-seconds of all five renditions of `source`, at each size and without a cage."""
    walls: dict[float | None, list[float]] = {size: [] for size in (None, *SIZES)}
    ratios: dict[float, list[float]] = {size: [] for size in SIZES}
    one(source, None)
    for number in range(rounds):
        free_s, _ = one(source, None)
        walls[None].append(free_s)
        for size in SIZES if number % 2 == 0 else SIZES[::-1]:
            wall_s, cpu_s = one(source, size)
            walls[size].append(wall_s)
            ratios[size].append(wall_s / max(cpu_s / size, free_s))
    sizes: list[dict[str, Any]] = [
        {
            "vcpu": size,
            "wall_s": median(walls[size]),
            "ratio": median(ratios[size]),
            "ratios": sorted(ratios[size]),
            "within": abs(median(ratios[size]) - 1) <= OFF_MAX,
        }
        for size in SIZES
    ]
    row = {"media": source.name, "wall_s_free": median(walls[None]), "sizes": sizes}
    print(f"{source.name:14} whole machine {row['wall_s_free']:6.2f} s", file=sys.stderr)  # noqa: T201
    for each in sizes:
        ordered = sorted(ratios[each["vcpu"]])
        said = f"{each['ratio']:.2f} x what its quota says ({ordered[0]:.2f} to {ordered[-1]:.2f})"
        mark = "" if each["within"] else "  OUTSIDE"
        print(f"  {each['vcpu']:<5} vCPU {each['wall_s']:6.2f} s, {said}{mark}", file=sys.stderr)  # noqa: T201
    return row


def one(source: Path, vcpu: float | None) -> tuple[float, float]:
    """(wall seconds, CPU-seconds) of ffmpeg in a cage of that size."""
    renditions = [RENDITIONS[name] for name in NAMES]
    with tempfile.TemporaryDirectory(prefix="tidegauge-quota-") as folder:
        if vcpu is None:
            made = transcode(source, Path(folder), renditions)
        else:
            with make_cage("quota", vcpu, MEMORY_BYTES) as cage:
                made = transcode(source, Path(folder), renditions, cage=cage)
    return sum(run.wall_s for run in made.runs), sum(run.cpu_s for run in made.runs)


if __name__ == "__main__":
    sys.exit(main())
