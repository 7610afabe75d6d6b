"""A rate-quality curve has its points, or the reason why it has none."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benches.transcode.curves import measure_curves
from benches.transcode.sweeps import Sweep, load_sweeps, sweeps_of
from infra_under_test.transcode import RENDITIONS, find_ffmpeg
from infra_under_test.transcode.nvenc import NvencProbe

ROOT = Path(__file__).parents[2]
ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
NO_GPU = NvencProbe(available=False, reason="no NVIDIA driver is here")


def curves_of(rendition: str, **changes: Any) -> list[dict[str, Any]]:
    return measure_curves([ALPHA], [RENDITIONS[rendition]], find_ffmpeg(), nvenc=NO_GPU, **changes)


def of(encoder: str, preset: str | None) -> Sweep:
    (sweep,) = [each for each in load_sweeps() if (each.encoder, each.preset) == (encoder, preset)]
    return sweep


def test_a_curve_falls_in_bytes_and_in_quality_with_its_setting() -> None:
    (curve,) = curves_of("preview_mp4", known=[of("libx264", "veryfast")])
    assert (curve["media"], curve["media_class"]) == ("alpha.gif", "transparency")
    assert (curve["encoder"], curve["preset"], curve["reason"]) == ("libx264", "veryfast", None)
    assert (curve["profile"], curve["provenance"]) == ("local-machine", "measured")
    points = curve["points"]
    assert [point["setting"] for point in points] == ["crf=14", "crf=18", "crf=23", "crf=28", "crf=33"]
    for name in ("bytes_out", "vmaf_mean", "ssim"):
        values = [point[name] for point in points]
        assert values == sorted(values, reverse=True)
        assert len(set(values)) == 5
    for point in points:
        assert point["cpu_s"] > 0
        assert point["frames_per_s"] == pytest.approx(30 / point["wall_s"])  # the clip has 30 pictures


def test_nvenc_without_a_gpu_is_a_curve_with_a_reason_and_no_points() -> None:
    (curve,) = curves_of("preview_mp4", known=[of("h264_nvenc", "medium")])
    assert (curve["provenance"], curve["points"]) == ("skipped", [])
    assert curve["reason"] == "no NVIDIA driver is here"
    assert curve["preset"] == "p5"


def test_an_encoder_that_a_platform_does_not_take_is_not_swept() -> None:
    (curve,) = curves_of("discord_mp4", known=[of("libx265", "fast")])
    assert (curve["reason"], curve["points"]) == ("Discord is not known to play what libx265 makes", [])


def test_an_encoder_that_is_not_compiled_in_is_not_swept() -> None:
    without = dataclasses.replace(find_ffmpeg(), version="5.1.9", configuration="--enable-libx264")
    reason = of("libx265", "fast").why_not(RENDITIONS["preview_mp4"], without, NO_GPU)
    assert reason == "ffmpeg 5.1.9 was built without libx265"


def test_a_palette_is_swept_by_its_colours() -> None:
    (curve,) = curves_of("slack_gif", known=[of("gif", None)])
    assert [point["setting"] for point in curve["points"]] == [
        *("colours=32", "colours=64", "colours=128", "colours=256")
    ]


def test_a_sweep_is_free_of_the_caps_that_would_bend_its_curve() -> None:
    variant = of("libx264", "medium").variant(RENDITIONS["discord_mp4"], 28)
    options = dict(variant.encoder)
    assert (options["crf"], options["preset"], options["profile:v"]) == ("28", "medium", "high")
    assert not {"maxrate", "bufsize"} & set(options)
    assert variant.bytes_max is None


def test_the_way_a_rendition_is_made_today_comes_first() -> None:
    first = {name: sweeps_of(RENDITIONS[name], load_sweeps())[0] for name in ("discord_mp4", "webp")}
    assert (first["discord_mp4"].encoder, first["discord_mp4"].preset) == ("libx264", "medium")
    assert (first["webp"].encoder, first["webp"].preset) == ("libwebp_anim", "4")


def test_a_sweep_of_three_points_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sweeps.toml"
    file.write_text('[[sweep]]\ncontainer = "gif"\nencoder = "gif"\noption = "colours"\nvalues = [2, 4, 8]\n')
    with pytest.raises(ValueError, match="gif has fewer than 4 points"):
        load_sweeps(file)


def test_the_command_prints_one_document() -> None:
    command = [
        sys.executable,
        "-m",
        "benches.transcode.curves",
        f"--media={ALPHA}",
        "--rendition=slack_gif",
        "--json",
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (curve,) = json.loads(ended.stdout)["curves"]
    assert (curve["rendition"], len(curve["points"])) == ("slack_gif", 4)


def test_a_rendition_that_does_not_exist_is_an_error_with_its_nearest_name() -> None:
    command = [sys.executable, "-m", "benches.transcode.curves", "--rendition=slak_gif"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no rendition is called 'slak_gif'" in ended.stderr
    assert "Traceback" not in ended.stderr
