"""Uploads are judged by their bytes, within budgets, before anything is decoded."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from infra_under_test.transcode import (
    RENDITIONS,
    Limits,
    MediaRefused,
    find_ffmpeg,
    inspect_upload,
    transcode,
)
from tests.support import hostile_media
from tests.support.turned_media import turned

MEDIA = Path(__file__).parents[3] / "fixtures" / "media"
ENTRIES = [entry for entry in json.loads((MEDIA / "manifest.json").read_text())["media"] if entry["in_git"]]


def refusal(path: Path, **limits: Any) -> str:
    """The code with which `path` is refused."""
    with pytest.raises(MediaRefused) as caught:
        inspect_upload(path, Limits(**limits))
    assert caught.value.reason
    return caught.value.code


def copied(path: Path, *options: str) -> Path:
    """The packets of the clip, unchanged but for `options`, in a new MP4."""
    copy = ["-y", "-v", "error", "-i", str(MEDIA / "anim_bbb.mp4"), "-c", "copy", *options]
    subprocess.run([find_ffmpeg().path, *copy, str(path)], check=True)
    return path


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_every_fixture_is_read_as_the_manifest_describes_it(entry: dict[str, Any]) -> None:
    info = inspect_upload(MEDIA / entry["name"])
    assert (info.width, info.height, info.frames) == (entry["width"], entry["height"], entry["frames"])
    assert info.duration_s == pytest.approx(entry["frames"] / entry["fps"], abs=0.01)


def test_a_gif_s_play_time_is_the_sum_that_pillow_reads(tmp_path: Path) -> None:
    pictures = [Image.fromarray(np.full((8, 8), shade, np.uint8)) for shade in (0, 90, 180)]
    path = tmp_path / "uneven.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 250, 1000])
    assert inspect_upload(path).duration_s == pytest.approx(1.35)


def test_a_gif_frame_without_delay_plays_for_a_tenth_of_a_second(tmp_path: Path) -> None:
    path = hostile_media.written(tmp_path, hostile_media.gif(width=8, height=8, frames=3, delay_cs=0))
    assert inspect_upload(path).duration_s == pytest.approx(0.3)


@pytest.mark.parametrize("content", hostile_media.TEXTS.values(), ids=hostile_media.TEXTS)
def test_text_named_gif_is_not_media(tmp_path: Path, content: bytes) -> None:
    assert refusal(hostile_media.written(tmp_path, content)) == "not_media"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refusal(hostile_media.written(tmp_path, b"")) == "empty"


@pytest.mark.parametrize("kept", [6, 9, 400, 100_000, -2])
def test_a_gif_that_was_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    whole = (MEDIA / "odd.gif").read_bytes()
    assert refusal(hostile_media.written(tmp_path, whole[:kept])) == "truncated"


def test_a_gif_that_lacks_only_its_trailer_is_whole(tmp_path: Path) -> None:
    whole = MEDIA / "odd.gif"
    cut = hostile_media.written(tmp_path, whole.read_bytes().removesuffix(b";"))
    assert cut.stat().st_size == whole.stat().st_size - 1
    assert inspect_upload(cut) == inspect_upload(whole)
    with Image.open(cut) as read:
        assert read.n_frames == 20  # type: ignore[attr-defined]


def test_a_gif_that_ends_where_an_announced_picture_should_start_is_refused(tmp_path: Path) -> None:
    one, two = (hostile_media.gif(width=8, height=8, frames=frames) for frames in (1, 2))
    control_bytes = 8
    cut = two[: len(one) - 1 + control_bytes]
    assert refusal(hostile_media.written(tmp_path, cut)) == "truncated"


def test_a_gif_without_trailer_still_obeys_the_budgets(tmp_path: Path) -> None:
    content = hostile_media.gif(width=8, height=8, frames=3)[:-1]
    assert refusal(hostile_media.written(tmp_path, content), frames_max=2) == "too_many_frames"


@pytest.mark.parametrize("kept", [100, 300_000, 560_000])
def test_an_mp4_that_was_cut_off_is_refused(tmp_path: Path, kept: int) -> None:
    whole = (MEDIA / "anim_bbb.mp4").read_bytes()
    assert refusal(hostile_media.written(tmp_path, whole[:kept], "upload.mp4")) == "truncated"


def test_a_file_that_only_starts_like_an_mp4_is_refused(tmp_path: Path) -> None:
    content = b"\x00\x00\x00\x18ftypisom" + b"not an atom " * 50
    assert refusal(hostile_media.written(tmp_path, content, "upload.mp4")) == "truncated"


def test_a_still_picture_in_mp4_clothing_is_not_media(tmp_path: Path) -> None:
    content = b"\x00\x00\x00\x18ftypavif" + bytes(12)
    assert refusal(hostile_media.written(tmp_path, content, "upload.mp4")) == "not_media"


def test_an_mp4_without_video_is_not_media(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    assert refusal(path) == "not_media"


def test_a_small_gif_of_sixteen_thousand_pixels_squared_is_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=16_000, height=16_000, frames=30)
    assert refusal(hostile_media.written(tmp_path, content)) == "too_many_pixels"


def test_a_frame_that_reaches_far_beyond_its_canvas_is_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=8, height=8, frames=1, left=65_000, top=65_000)
    assert refusal(hostile_media.written(tmp_path, content)) == "too_many_pixels"


def test_a_thousand_frames_of_four_thousand_pixels_squared_are_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=4096, height=4096, frames=1000, delay_cs=2)
    assert refusal(hostile_media.written(tmp_path, content)) == "too_many_pixels"


def test_two_hundred_thousand_frames_are_refused_without_reading_them_all(tmp_path: Path) -> None:
    path = hostile_media.written(tmp_path, hostile_media.gif(width=8, height=8, frames=200_000, delay_cs=2))
    started = time.monotonic()
    assert refusal(path, duration_s_max=1e9) == "too_many_frames"
    assert time.monotonic() - started < 1.0


def test_eighteen_hours_of_delays_are_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=8, height=8, frames=100, delay_cs=65_535)
    assert refusal(hostile_media.written(tmp_path, content)) == "too_long"


@pytest.mark.parametrize(("width", "height"), [(0, 8), (8, 0)])
def test_a_gif_without_area_is_refused(tmp_path: Path, width: int, height: int) -> None:
    content = hostile_media.gif(width=width, height=height, frames=1)
    assert refusal(hostile_media.written(tmp_path, content)) == "zero_dimension"


def test_a_gif_frame_without_area_is_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=8, height=8, frames=1, frame_width=0)
    assert refusal(hostile_media.written(tmp_path, content)) == "zero_dimension"


def test_a_gif_without_pictures_is_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=8, height=8, frames=0)
    assert refusal(hostile_media.written(tmp_path, content)) == "corrupt"


def test_a_gif_with_an_unknown_block_is_refused(tmp_path: Path) -> None:
    content = hostile_media.gif(width=8, height=8, frames=1)[:-1] + b"\x99"
    assert refusal(hostile_media.written(tmp_path, content)) == "corrupt"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"picture_pixels_max": 854 * 480 - 1}, "too_many_pixels"),
        ({"mp4_pixel_frames_max": 854 * 480 * 125 - 1}, "too_many_pixels"),
        ({"frames_max": 124}, "too_many_frames"),
        ({"duration_s_max": 4.9}, "too_long"),
    ],
)
def test_an_mp4_over_a_budget_is_refused(limits: dict[str, Any], code: str) -> None:
    assert refusal(MEDIA / "anim_bbb.mp4", **limits) == code


def test_an_mp4_at_every_budget_is_accepted() -> None:
    limits = Limits(
        picture_pixels_max=854 * 480, mp4_pixel_frames_max=854 * 480 * 125, frames_max=125, duration_s_max=5.0
    )
    assert inspect_upload(MEDIA / "anim_bbb.mp4", limits).frames == 125


def test_a_turned_mp4_has_the_size_that_a_player_shows(tmp_path: Path) -> None:
    upright = turned(MEDIA / "anim_bbb.mp4", tmp_path / "turned.mp4")
    info = inspect_upload(upright)
    assert (info.width, info.height) == (480, 854)


def test_a_fragmented_mp4_is_counted_though_its_index_says_zero_frames(tmp_path: Path) -> None:
    info = inspect_upload(copied(tmp_path / "fragmented.mp4", "-movflags", "+frag_keyframe+empty_moov"))
    assert (info.frames, info.duration_s) == (125, pytest.approx(5.0, abs=0.01))


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "mpeg4"])
def test_every_codec_that_is_accepted_becomes_a_preview(tmp_path: Path, encoder: str) -> None:
    path = tmp_path / "upload.mp4"
    command = [
        find_ffmpeg().path,
        "-v",
        "error",
        "-i",
        MEDIA / "anim_bbb.mp4",
        "-t",
        "0.5",
        "-vf",
        "scale=320:-2",
    ]
    subprocess.run([*command, "-c:v", encoder, "-an", path], check=True, stderr=subprocess.DEVNULL)
    assert (inspect_upload(path).width, inspect_upload(path).height) == (320, 180)
    made = transcode(path, tmp_path / "out", [RENDITIONS["preview_mp4"]])
    assert made.results[0].bytes > 0


def test_a_pixel_shape_that_only_the_pictures_tell_is_applied(tmp_path: Path) -> None:
    path = copied(tmp_path / "wide.mp4", "-bsf:v", "h264_metadata=sample_aspect_ratio=4/3")
    path.write_bytes(path.read_bytes().replace(b"pasp", b"free"))
    info = inspect_upload(path)
    assert (info.width, info.height) == (round(854 * 4 / 3), 480)


def test_a_track_that_understates_its_pictures_is_judged_by_them(tmp_path: Path) -> None:
    path = copied(tmp_path / "liar.mp4")
    told, lie = (
        width.to_bytes(2, "big") + height.to_bytes(2, "big") for width, height in ((854, 480), (86, 48))
    )
    assert path.read_bytes().count(told) == 1
    path.write_bytes(path.read_bytes().replace(told, lie))
    assert (inspect_upload(path).width, inspect_upload(path).height) == (854, 480)
    assert refusal(path, picture_pixels_max=854 * 480 - 1) == "too_many_pixels"
    assert refusal(path, mp4_pixel_frames_max=854 * 480 * 125 - 1) == "too_many_pixels"
