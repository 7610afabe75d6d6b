"""Hostile files through the core: each refused or bounded, and a good job beside them unharmed.

    python -m benches.hostile

Every file goes through `transcode()` with the upload's renditions in a process of its own. Allowed are 2 s
from the call to its end, 600 MB (process and ffmpeg together, looked at every 5 ms) and the job's own
folder: any file new or changed elsewhere in its sandbox is an escape. Meanwhile a good GIF is transcoded
over and over, and must come out the same each time. What is within every budget is not an attack but work,
and takes its time.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benches.arguments import parser_of
from infra_under_test.transcode import RENDITIONS, UPLOAD_RENDITIONS, transcode
from tests.support.hostile_media import TEXTS, gif
from tests.support.hostile_mp4 import hostile_mp4s
from tidegauge.house import MEDIA

WALL_S_MAX, MEMORY_MB_MAX = 2.0, 600.0
LOOK_EVERY_S = 0.005
GIVE_UP_S = 60.0
CHILD = """
import json, sys, time
from pathlib import Path
from infra_under_test.transcode import RENDITIONS, UPLOAD_RENDITIONS, TranscodeError, find_ffmpeg, transcode
ffmpeg = find_ffmpeg()
print("ready", flush=True)
begun = time.monotonic()
try:
    source, out = map(Path, sys.argv[1:])
    made = transcode(source, out, [RENDITIONS[name] for name in UPLOAD_RENDITIONS], ffmpeg=ffmpeg)
    outcome = "made " + ", ".join(result.name for result in made.results)
except TranscodeError as error:
    outcome = f"refused: {error.code}: {error.reason}"
print(json.dumps({"outcome": outcome, "wall_s": time.monotonic() - begun}))
"""


def hostile_files() -> Iterator[tuple[str, str, bytes]]:
    """(what it is, file name, content)."""
    odd, clip = (MEDIA / "odd.gif").read_bytes(), (MEDIA / "anim_bbb.mp4").read_bytes()
    for name, content in TEXTS.items():
        yield f"{name} named .gif", "upload.gif", content
    yield "empty", "upload.gif", b""
    yield "GIF cut off", "upload.gif", odd[:100_000]
    yield "MP4 cut off", "upload.mp4", clip[:300_000]
    yield "16000 x 16000 x 30", "upload.gif", gif(width=16_000, height=16_000, frames=30)
    yield "65535 squared", "upload.gif", gif(width=65_535, height=65_535, frames=1)
    yield "4096 x 4096 x 1000", "upload.gif", gif(width=4096, height=4096, frames=1000, delay_cs=2)
    yield "5760 x 5760 x 100", "upload.gif", gif(width=5760, height=5760, frames=100, delay_cs=2)
    yield "3840 x 2160 x 480", "upload.gif", gif(width=3840, height=2160, frames=480, delay_cs=2)
    yield "18 h of delays", "upload.gif", gif(width=8, height=8, frames=100, delay_cs=65_535)
    yield "200,000 frames", "upload.gif", gif(width=8, height=8, frames=200_000, delay_cs=2)
    yield "zero width", "upload.gif", gif(width=0, height=8, frames=1)
    yield "frame outside the canvas", "upload.gif", gif(width=8, height=8, frames=1, left=65_000, top=65_000)
    for name, (content, _) in hostile_mp4s().items():
        yield f"MP4: {name}", "upload.mp4", content


def main() -> int:
    """0 when every file was refused or bounded and the good job came out the same."""
    parser = parser_of(__doc__)
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidegauge-hostile-") as folder:
        good = _GoodJob(Path(folder) / "good")
        good.start()
        rows = [
            attack(what, name, content, Path(folder) / f"sandbox-{number}")
            for number, (what, name, content) in enumerate(hostile_files())
        ]
        unharmed = good.end()
    beside = f"the good job beside them: {good.times} times, {len(good.seen)} different result(s)"
    print(beside, file=sys.stderr)  # noqa: T201
    if asked.json:
        print(json.dumps({"files": rows, "good_job": {"times": good.times, "unharmed": unharmed}}))  # noqa: T201
    return 0 if unharmed and all(row["held"] for row in rows) else 1


def attack(what: str, name: str, content: bytes, sandbox: Path) -> dict[str, Any]:
    """One file through the core in a sandbox with a neighbour's file and a folder for temporary files."""
    (sandbox / "job").mkdir(parents=True)
    (sandbox / "tmp").mkdir()
    (sandbox / "secret.gif").write_bytes(gif(width=8, height=8, frames=1))
    source = sandbox / name
    source.write_bytes(content)
    before = listing(sandbox)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(source), str(sandbox / "job")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "TMPDIR": str(sandbox / "tmp")},
    )
    assert child.stdout is not None
    child.stdout.readline()
    peak_bytes = _watch(child)
    said = json.loads(child.stdout.read() or '{"outcome": "killed by this bench", "wall_s": 1e9}')
    child.wait()
    row = {
        "file": what,
        "bytes": len(content),
        **said,
        "peak_mb": peak_bytes / 1e6,
        "escaped": sorted(set(listing(sandbox)) ^ set(before)),
    }
    row["held"] = row["wall_s"] <= WALL_S_MAX and row["peak_mb"] <= MEMORY_MB_MAX and not row["escaped"]
    print(  # noqa: T201
        f"{'held ' if row['held'] else 'BROKE'} {what:34} {row['wall_s']:6.2f} s {row['peak_mb']:5.0f} MB  "
        f"{row['outcome']:.90}",
        file=sys.stderr,
    )
    return row


def _watch(child: subprocess.Popen[str]) -> int:
    """The most memory in bytes that the child and its descendants held together; kills what does not end."""
    peak, begun, root = 0, time.monotonic(), psutil.Process(child.pid)
    while child.poll() is None:
        held = 0
        try:
            for process in (root, *root.children(recursive=True)):
                held += process.memory_info().rss
        except psutil.Error:
            pass
        peak = max(peak, held)
        if time.monotonic() - begun > GIVE_UP_S:
            child.kill()
        time.sleep(LOOK_EVERY_S)
    return peak


def listing(sandbox: Path) -> list[tuple[str, str]]:
    """Every file outside the job's folder, with its content's hash."""
    return [
        (str(path.relative_to(sandbox)), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(sandbox.rglob("*"))
        if path.is_file() and sandbox / "job" not in path.parents
    ]


class _GoodJob(threading.Thread):
    """Transcodes one good GIF again and again."""

    def __init__(self, out_dir: Path) -> None:
        super().__init__(daemon=True)
        self._out_dir = out_dir
        self._ended = threading.Event()
        self.times = 0
        self.seen: set[tuple[str, ...]] = set()

    def run(self) -> None:
        renditions = [RENDITIONS[name] for name in UPLOAD_RENDITIONS]
        while not self._ended.is_set():
            made = transcode(MEDIA / "alpha.gif", self._out_dir, renditions)
            self.seen.add(tuple(result.sha256 for result in made.results))
            self.times += 1

    def end(self) -> bool:
        """Whether it came out the same every time."""
        self._ended.set()
        self.join(GIVE_UP_S)
        return self.times > 0 and len(self.seen) == 1


if __name__ == "__main__":
    sys.exit(main())
