"""Several renditions of one decode: the same files as of one decode each, and when they share."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from infra_under_test.transcode import DEFAULT_LIMITS, RENDITIONS, MediaInfo, find_ffmpeg, transcode
from infra_under_test.transcode.fan_out import group_renditions

MEDIA = Path(__file__).parents[3] / "fixtures" / "media"
FIVE = [RENDITIONS[name] for name in ("preview_mp4", "slack_gif", "webp", "poster", "discord_mp4")]
CLIP = MediaInfo(kind="gif", width=480, height=270, frames=36, duration_s=3.0)
UHD = MediaInfo(kind="mp4", width=3840, height=2160, frames=30, duration_s=1.0)


def frames(path: Path) -> str:
    """A hash of each decoded frame."""
    demuxer = ["-f", "webp_anim"] if path.suffix == ".webp" else []
    argv = [find_ffmpeg().path, "-v", "error", *demuxer, "-i", path, "-f", "framemd5", "-"]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("name", ["odd.gif", "alpha.gif", "anim_bbb.mp4"])
def test_one_decode_gives_the_frames_of_five(name: str, tmp_path: Path) -> None:
    once = transcode(MEDIA / name, tmp_path / "once", FIVE, decode="once")
    five = transcode(MEDIA / name, tmp_path / "five", FIVE, decode="separate")
    assert [len(run.names) for run in once.runs] == [5]
    assert [len(run.names) for run in five.runs] == [1] * 5
    for shared, alone in zip(once.results, five.results, strict=True):
        assert frames(shared.path) == frames(alone.path), shared.name


def test_what_renditions_shared_belongs_to_none_of_them(tmp_path: Path) -> None:
    made = transcode(MEDIA / "odd.gif", tmp_path, FIVE[:2], decode="once")
    assert [(result.cpu_s, result.wall_s) for result in made.results] == [(None, None)] * 2
    assert made.runs[0].cpu_s > 0


def test_a_small_clip_is_decoded_once_for_all() -> None:
    assert group_renditions(FIVE, CLIP, DEFAULT_LIMITS, "auto") == [FIVE]


def test_memory_splits_what_one_process_could_not_hold() -> None:
    everything = [*RENDITIONS.values()]
    groups = group_renditions(everything, UHD, replace(DEFAULT_LIMITS, rss_bytes_max=1_500_000_000), "auto")
    assert len(groups) > 1
    assert [one for group in groups for one in group] == everything


def test_a_run_that_fails_together_is_done_one_by_one(tmp_path: Path) -> None:
    """All five of a 4K clip hold over 300 MB together; no single one does."""
    source = tmp_path / "uhd.mp4"
    drawn = ["-f", "lavfi", "-i", "testsrc2=s=3840x2160:r=30:d=1", "-pix_fmt", "yuv420p", "-crf", "21"]
    subprocess.run([find_ffmpeg().path, "-v", "error", *drawn, source], check=True)
    tight = replace(DEFAULT_LIMITS, rss_bytes_max=330_000_000)
    made = transcode(source, tmp_path / "made", FIVE, limits=tight, decode="once")
    assert [run.names for run in made.runs] == [(each.name,) for each in FIVE]


def test_sound_is_kept_where_it_is_asked_for_and_there(tmp_path: Path) -> None:
    source = tmp_path / "sound.mp4"
    sine = ["-f", "lavfi", "-i", "sine=duration=1", "-f", "lavfi", "-i", "testsrc2=d=1:s=64x64:r=10"]
    subprocess.run([find_ffmpeg().path, "-v", "error", *sine, source], check=True)
    made = transcode(source, tmp_path / "out", [RENDITIONS["uhd_4k"], RENDITIONS["preview_mp4"]])
    streams = [
        subprocess.run([find_ffmpeg().path, "-i", result.path], capture_output=True, text=True).stderr
        for result in made.results
    ]
    assert ["Audio: aac" in text for text in streams] == [True, False]
