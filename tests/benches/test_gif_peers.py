"""GIFs are compared at the same VMAF, and a held palette keeps to what it promises."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benches.gif_peers import at_equal_vmaf
from benches.held_palette import hold_colours, make_palette, oklab

ROOT = Path(__file__).parents[2]
ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
MEASURE = {"vmaf_mean": 95.0, "bytes_out": 4000, "cpu_s": 3.0}


def point(vmaf: float, size: int, cpu_s: float) -> dict[str, Any]:
    return {"vmaf_mean": vmaf, "bytes_out": size, "cpu_s": cpu_s}


def test_bytes_at_equal_vmaf_are_halfway_in_their_logarithm() -> None:
    found = at_equal_vmaf([point(96.0, 8000, 2.0), point(94.0, 2000, 1.0)], MEASURE)
    assert found is not None
    assert found["bytes_out"] == pytest.approx(math.sqrt(2000 * 8000))
    assert (found["bytes_ratio"], found["cpu_s"]) == (pytest.approx(1.0), 1.5)


def test_a_curve_that_ends_short_of_the_vmaf_is_not_continued() -> None:
    assert at_equal_vmaf([point(94.6, 2000, 1.0), point(90.0, 1000, 1.0)], MEASURE) is None
    assert at_equal_vmaf([], MEASURE) is None
    near = at_equal_vmaf([point(94.8, 3000, 1.0), point(90.0, 1000, 1.0)], MEASURE)
    assert near is not None
    assert (near["vmaf_mean"], near["bytes_ratio"]) == (94.8, pytest.approx(0.75))


def test_oklab_is_what_its_author_gives() -> None:
    found = oklab(np.array([[255, 255, 255], [255, 0, 0]], dtype=np.uint8))
    assert found[0] == pytest.approx([1.0, 0.0, 0.0], abs=1e-4)
    assert found[1] == pytest.approx([0.62796, 0.22486, 0.12585], abs=1e-4)  # CSS Color 4, sRGB red


def test_a_clip_of_few_colours_keeps_them_all() -> None:
    generator = np.random.default_rng(1)
    colours = generator.integers(0, 256, (40, 3)).astype(np.uint8)
    pictures = colours[generator.integers(0, 40, (5, 30, 40))]
    palette = make_palette(pictures, 255, generator)
    assert np.array_equal(palette[hold_colours(pictures, palette, 0.0)], pictures)


def test_noise_within_the_slack_is_held_and_a_cut_is_not() -> None:
    palette = np.array([[100, 100, 100], [104, 104, 104], [250, 10, 10]], dtype=np.uint8)
    pictures = np.array([[[[100] * 3]], [[[103] * 3]], [[[250, 10, 10]]]], dtype=np.uint8)
    assert hold_colours(pictures, palette, 0.0).ravel().tolist() == [0, 1, 2]
    assert hold_colours(pictures, palette, 1e-3).ravel().tolist() == [0, 0, 2]


def test_a_peer_that_is_not_installed_is_said_to_be_and_the_others_go_on() -> None:
    command = [sys.executable, "-m", "benches.gif_peers", f"--media={ALPHA}", "--json"]
    command += ["--gifski=/nonexistent/gifski", "--gifsicle=/nonexistent/gifsicle"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (peers,) = json.loads(ended.stdout)["peers"]
    found = {way["way"]: way for way in peers["ways"]}
    assert found["gifski"]["reason"] == found["palette and gifsicle -O3"]["reason"] == "not installed"
    assert found["gifski"]["points"] == []
    assert found["palette"]["at_equal_vmaf"]["bytes_ratio"] == pytest.approx(1.0)
    assert len(found["held"]["points"]) == 5
    for each in (*found["palette"]["points"], *found["held"]["points"]):
        assert each["bytes_out"] > 0
        assert each["cpu_s"] > 0
