"""`python -m benches transcode` prints one document, or one error, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
COMMAND = [sys.executable, "-m", "benches", "transcode"]


def run(*arguments: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and the document on stdout; temporary files go to `folder`."""
    environ = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    return ended.returncode, json.loads(ended.stdout)


def test_a_bench_measures_each_medium_in_each_rendition(tmp_path: Path) -> None:
    raw, kept, scratch = tmp_path / "benchmark.json", tmp_path / "kept", tmp_path / "scratch"
    scratch.mkdir()
    exit_code, document = run(
        f"--media={ALPHA}",
        "--rendition=poster",
        "--rendition=webp",
        "--rounds=2",
        f"--raw={raw}",
        f"--keep={kept}",
        folder=scratch,
    )
    assert exit_code == 0
    cells = document["cells"]
    assert [(cell["media"], cell["media_class"], cell["rendition"]) for cell in cells] == [
        ("alpha.gif", "transparency", "poster"),
        ("alpha.gif", "transparency", "webp"),
    ]
    for cell in cells:
        assert (cell["rounds"], len(cell["cpu_s_rounds"])) == (2, 2)
        assert cell["speed_x"] == pytest.approx(2.0 / cell["wall_s"])  # the clip plays for 2.0 s
        assert cell["frames_per_s"] == pytest.approx(30 / cell["wall_s"])
        assert Path(cell["output"]).stat().st_size == cell["bytes_out"]
        with Image.open(cell["output"]) as image:
            assert image.size == (240, 240)
    assert len(document["ffmpeg"]["sha256"]) == 64
    assert len(json.loads(raw.read_text())["benchmarks"]) == 2
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--rendition=webb"], "no rendition is called 'webb'", "did you mean 'webp'?"),
        (["--media=/nonexistent.gif"], "/nonexistent.gif cannot be read: No such file", "check the path"),
        ([f"--media={__file__}"], "the file is neither a GIF nor an MP4", ""),
        ([f"--media={ALPHA}", f"--media={ALPHA}"], "two media have the same name", "rename one"),
        (["--rounds=0"], "at least one round", ""),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_measured(
    tmp_path: Path, arguments: list[str], message: str, hint: str
) -> None:
    exit_code, document = run(*arguments, folder=tmp_path)
    assert exit_code == document["error"]["exit_code"] == 2
    assert message in document["error"]["message"]
    assert hint in document["error"]["hint"]


def test_a_terminated_bench_says_so_and_leaves_no_folder(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [*COMMAND, f"--media={ALPHA}", "--rendition=webp", "--rounds=1000"]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as bench:
        stop_at = time.monotonic() + 30
        while not list(tmp_path.glob("tidegauge-bench-*/outputs/*")) and time.monotonic() < stop_at:
            time.sleep(0.05)
        bench.send_signal(signal.SIGTERM)
        said, _ = bench.communicate(timeout=30)
    assert bench.returncode == 130
    assert json.loads(said)["error"]["exit_code"] == 130
    assert list(tmp_path.iterdir()) == []
