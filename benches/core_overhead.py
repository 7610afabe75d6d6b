"""What the core costs beside ffmpeg itself: inspection, limits, verification and hash.

    python -m benches.core_overhead --rounds 9

A rendition by `transcode()` against the same argument list run bare: wall time, interleaved, the first round
of each left out. At most 2 % or 30 ms are allowed, whichever is more. On a busy machine two runs of ffmpeg
differ by more than that; `around_s` is what the core took of one call's time beside its own ffmpeg,
which load disturbs less.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benches.arguments import parser_of
from benches.fixtures import fixture
from infra_under_test.transcode import DEFAULT_LIMITS, RENDITIONS, find_ffmpeg, inspect_upload, transcode
from infra_under_test.transcode.graph import compile_argv

CASES = (("anim_bbb.gif", "preview_mp4"), ("anim_bbb.mp4", "slack_gif"), ("uhd.mp4", "preview_mp4"))
ALLOWED_S, ALLOWED_RATIO = 0.030, 0.02


def main() -> int:
    """0 when the overhead is within what is allowed."""
    parser = parser_of(__doc__)
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    rows = [measure(medium, name, asked.rounds) for medium, name in CASES]
    if asked.json:
        print(json.dumps({"cases": rows}))  # noqa: T201
    return 0 if all(row["allowed"] for row in rows) else 1


def measure(medium: str, name: str, rounds: int) -> dict[str, Any]:
    """Both ways of making one rendition."""
    ffmpeg, source, rendition = find_ffmpeg(), fixture(medium), RENDITIONS[name]
    core_s: list[float] = []
    bare_s: list[float] = []
    around_s: list[float] = []
    with tempfile.TemporaryDirectory(prefix="tidegauge-overhead-") as folder:
        output = Path(folder) / f"bare{rendition.suffix}"
        info = inspect_upload(source)
        argv = compile_argv(ffmpeg.path, source, info, [(rendition, output)], limits=DEFAULT_LIMITS)
        for number in range(rounds + 1):
            begun = time.perf_counter()
            made = transcode(source, Path(folder) / "core", [rendition], ffmpeg=ffmpeg)
            between = time.perf_counter()
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, timeout=300)
            ended = time.perf_counter()
            if number:
                core_s.append(between - begun)
                bare_s.append(ended - between)
                around_s.append(between - begun - sum(run.wall_s for run in made.runs))
    extra_s = median(core - bare for core, bare in zip(core_s, bare_s, strict=True))
    bare = median(bare_s)
    row = {
        "media": medium,
        "rendition": name,
        "core_s": median(core_s),
        "bare_s": bare,
        "overhead_s": extra_s,
        "overhead_ratio": extra_s / bare,
        "around_s": median(around_s),
        "around_s_min": min(around_s),
        "allowed": extra_s <= max(ALLOWED_S, ALLOWED_RATIO * bare),
    }
    print(  # noqa: T201
        f"{medium} {name}: {1000 * extra_s:.1f} ms more than {bare:.3f} s ({100 * extra_s / bare:.1f} %); "
        f"around ffmpeg {1000 * median(around_s):.1f} ms, at least {1000 * min(around_s):.1f}",
        file=sys.stderr,
    )
    return row


if __name__ == "__main__":
    sys.exit(main())
