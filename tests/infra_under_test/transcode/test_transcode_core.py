"""Renditions are what platforms expect, by readers that are not ours, and nothing half-done is left."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import random
import subprocess
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from PIL import Image

from infra_under_test.transcode import (
    RENDITIONS,
    Ffmpeg,
    Limits,
    MediaRefused,
    RenditionResult,
    TranscodeError,
    find_ffmpeg,
    transcode,
)
from tests.support import hostile_media
from tests.support.turned_media import turned

MEDIA = Path(__file__).parents[3] / "fixtures" / "media"


def one(source: Path, out_dir: Path, name: str) -> RenditionResult:
    """The only rendition asked for."""
    (result,) = transcode(source, out_dir, [RENDITIONS[name]]).results
    return result


def pillow_duration_s(path: Path) -> float:
    """Play time in s as Pillow reads it, frame by frame."""
    total_ms = 0
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            total_ms += image.info["duration"]
    return total_ms / 1000


@pytest.fixture(scope="module")
def alpha(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RenditionResult]:
    """All renditions of the transparent GIF: 240 x 240, 2.0 s."""
    out_dir = tmp_path_factory.mktemp("alpha")
    made = transcode(MEDIA / "alpha.gif", out_dir, [*RENDITIONS.values()], decode="separate")
    return {result.name: result for result in made.results}


def test_a_result_names_the_bytes_that_are_on_disk(alpha: dict[str, RenditionResult]) -> None:
    for result in alpha.values():
        content = result.path.read_bytes()
        assert (result.bytes, result.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_result_says_what_ffmpeg_took(alpha: dict[str, RenditionResult]) -> None:
    for result in alpha.values():
        assert result.cpu_s is not None
        assert result.wall_s is not None
        assert 0 < result.cpu_s < 20
        assert 0 < result.wall_s < 20
        assert 5 < result.rss_peak_mb < 1000


def test_the_preview_has_24_frames_a_second_for_as_long_as_the_source(
    alpha: dict[str, RenditionResult],
) -> None:
    with av.open(str(alpha["preview_mp4"].path)) as container:
        stream = container.streams.video[0]
        pictures = list(container.decode(stream))
    assert (stream.width, stream.height, len(pictures)) == (240, 240, 48)
    assert stream.codec_context.pix_fmt == "yuv420p"


def test_transparent_areas_of_the_preview_are_white(alpha: dict[str, RenditionResult]) -> None:
    with av.open(str(alpha["preview_mp4"].path)) as container:
        luma = next(container.decode(video=0)).to_ndarray()[:240]
    assert abs(int(luma[2, 2]) - 235) <= 1  # white in limited-range video


def test_the_preview_s_index_comes_first_for_players_that_stream(alpha: dict[str, RenditionResult]) -> None:
    content = alpha["preview_mp4"].path.read_bytes()
    assert 0 < content.find(b"moov") < content.find(b"mdat")


def test_the_poster_is_one_white_backed_jpeg(alpha: dict[str, RenditionResult]) -> None:
    with Image.open(alpha["poster"].path, formats=["jpeg"]) as image:
        assert image.size == (240, 240)
        assert min(image.convert("RGB").getpixel((2, 2))) > 250


def test_the_slack_gif_plays_as_long_as_the_source_in_at_most_128_colours(
    alpha: dict[str, RenditionResult],
) -> None:
    path = alpha["slack_gif"].path
    assert pillow_duration_s(path) == pytest.approx(2.0, abs=0.08)
    with Image.open(path) as image:
        colours = image.convert("RGBA").getcolors()
    assert colours is not None
    assert len(colours) <= 128


def test_the_webp_keeps_transparency_and_play_time(alpha: dict[str, RenditionResult]) -> None:
    path = alpha["webp"].path
    assert pillow_duration_s(path) == pytest.approx(2.0, abs=0.07)
    with Image.open(path) as image:
        assert image.convert("RGBA").getpixel((2, 2))[3] == 0


def test_animations_repeat_for_ever(alpha: dict[str, RenditionResult]) -> None:
    for name in ("slack_gif", "webp"):
        with Image.open(alpha[name].path) as image:
            assert image.info["loop"] == 0


def test_pure_red_is_coded_and_tagged_as_bt_709(tmp_path: Path) -> None:
    red = tmp_path / "red.gif"
    Image.new("RGB", (64, 64), (255, 0, 0)).save(red)
    with av.open(str(one(red, tmp_path / "out", "preview_mp4").path)) as container:
        picture = next(container.decode(video=0))
    assert int(picture.to_ndarray()[32, 32]) == pytest.approx(63, abs=1)  # 16 + 219 x 0.2126; BT.601: 81
    assert (picture.colorspace, picture.color_primaries, picture.color_trc) == (1, 1, 1)  # ITU-T H.273


@pytest.mark.parametrize("name", RENDITIONS)
def test_a_clip_with_odd_sides_becomes_even(tmp_path: Path, name: str) -> None:
    path = one(MEDIA / "odd.gif", tmp_path, name).path
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            size = (container.streams.video[0].width, container.streams.video[0].height)
    else:
        with Image.open(path) as image:
            size = image.size
    assert size == ((512, 512) if name == "sticker" else (478, 268))


@pytest.mark.parametrize("name", ["slack_gif", "webp"])
def test_a_480p_clip_is_shrunk_to_480_pixels_wide(tmp_path: Path, name: str) -> None:
    with Image.open(one(MEDIA / "anim_bbb.mp4", tmp_path, name).path) as image:
        assert image.size == (480, 268)


@pytest.mark.parametrize("name", RENDITIONS)
@pytest.mark.parametrize("durations_ms", [[100], [5000], [30] * 7, [100] * 5 + [2000]])
def test_uneven_and_still_clips_keep_their_play_time(
    tmp_path: Path, name: str, durations_ms: list[int]
) -> None:
    pictures = [
        Image.fromarray(np.full((48, 64), 30 * index, np.uint8)) for index in range(len(durations_ms))
    ]
    source = tmp_path / "clip.gif"
    pictures[0].save(source, save_all=True, append_images=pictures[1:], duration=durations_ms)
    path = one(source, tmp_path / "out", name).path
    if path.suffix == ".mp4":
        with av.open(str(path)) as container:
            duration_s = float(container.streams.video[0].duration * container.streams.video[0].time_base)
        assert duration_s == pytest.approx(sum(durations_ms) / 1000, abs=2 / 24)


def test_a_turned_clip_is_made_upright(tmp_path: Path) -> None:
    upright = turned(MEDIA / "anim_bbb.mp4", tmp_path / "turned.mp4")
    with Image.open(one(upright, tmp_path, "poster").path) as image:
        assert image.size == (404, 720)


def test_the_uploader_s_metadata_are_not_passed_on(tmp_path: Path) -> None:
    titled = tmp_path / "titled.mp4"
    copy = ["-y", "-v", "error", "-i", str(MEDIA / "anim_bbb.mp4"), "-c", "copy"]
    subprocess.run(
        [find_ffmpeg().path, *copy, "-metadata", "title=at home, 52.5 N 13.4 E", str(titled)], check=True
    )
    assert b"at home" in titled.read_bytes()
    assert b"at home" not in one(titled, tmp_path, "preview_mp4").path.read_bytes()


@pytest.mark.parametrize("decode", ["once", "separate"])
def test_progress_rises_to_one_over_all_renditions(
    tmp_path: Path, decode: Literal["once", "separate"]
) -> None:
    told: list[float] = []
    names = ("poster", "slack_gif")
    renditions = [RENDITIONS[name] for name in names]
    transcode(MEDIA / "odd.gif", tmp_path, renditions, on_progress=told.append, decode=decode)
    assert told == sorted(set(told))
    assert (0.5 in told) == (decode == "separate")
    assert told[-1] == 1.0


def test_jobs_in_threads_of_an_event_loop_give_what_a_single_one_gives(tmp_path: Path) -> None:
    async def three() -> list[RenditionResult]:
        jobs = (
            asyncio.to_thread(one, MEDIA / "odd.gif", tmp_path / str(index), "slack_gif")
            for index in range(3)
        )
        return list(await asyncio.gather(*jobs))

    alone = one(MEDIA / "odd.gif", tmp_path / "alone", "slack_gif")
    assert [result.sha256 for result in asyncio.run(three())] == [alone.sha256] * 3


def test_only_the_renditions_are_left_in_the_folder(tmp_path: Path) -> None:
    transcode(MEDIA / "odd.gif", tmp_path, [RENDITIONS["poster"], RENDITIONS["webp"]])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["poster.jpg", "webp.webp"]


def test_a_source_with_a_name_like_an_option_or_a_url_is_read_as_a_file(tmp_path: Path) -> None:
    for name in ("-y.gif", "http:%2d.gif", "a'b,c;[d].gif"):
        source = hostile_media.written(tmp_path, (MEDIA / "alpha.gif").read_bytes(), name)
        assert one(source, tmp_path / "out", "poster").bytes > 0


def test_what_is_refused_is_never_given_to_ffmpeg(tmp_path: Path) -> None:
    source = hostile_media.written(tmp_path, hostile_media.TEXTS["ffconcat"])
    nowhere = Ffmpeg(path=Path("/nonexistent"), origin="argument", version="", configuration="", sha256="")
    with pytest.raises(MediaRefused):
        transcode(source, tmp_path / "out", [RENDITIONS["poster"]], ffmpeg=nowhere)


def failure(source: Path, out_dir: Path, **changes: object) -> str:
    """The code with which a preview of `source` fails, and nothing of it left on disk."""
    limits = changes.pop("limits", Limits())
    ffmpeg = changes.pop("ffmpeg", None)
    rendition = dataclasses.replace(RENDITIONS["preview_mp4"], **changes)  # type: ignore[arg-type]
    with pytest.raises(TranscodeError) as caught:
        transcode(source, out_dir, [rendition], ffmpeg=ffmpeg, limits=limits)  # type: ignore[arg-type]
    assert list(out_dir.iterdir()) == []
    return caught.value.code


def test_a_shortened_output_is_a_failure(tmp_path: Path) -> None:
    shortened = (*RENDITIONS["preview_mp4"].encoder, ("frames:v", "20"))
    assert failure(MEDIA / "alpha.gif", tmp_path, encoder=shortened) == "output_invalid"


def test_an_output_over_the_budget_of_bytes_is_a_failure(tmp_path: Path) -> None:
    assert (
        failure(MEDIA / "noise.gif", tmp_path, limits=Limits(output_bytes_max=20_000)) == "output_too_large"
    )


@pytest.mark.parametrize("writes", ["", ': > "$file"', 'echo rubbish > "$file"'])
def test_success_without_a_usable_output_is_a_failure(tmp_path: Path, writes: str) -> None:
    script = tmp_path / "ffmpeg"
    script.write_text(f'#!/bin/sh\nfor last; do :; done\nfile="${{last#file:}}"\n{writes}\n')
    script.chmod(0o755)
    fake = Ffmpeg(path=script, origin="argument", version="", configuration="", sha256="")
    (tmp_path / "out").mkdir()
    assert failure(MEDIA / "alpha.gif", tmp_path / "out", ffmpeg=fake) == "output_invalid"


def test_damaged_video_data_are_a_failure(tmp_path: Path) -> None:
    content = bytearray((MEDIA / "anim_bbb.mp4").read_bytes())
    content[200_000:204_000] = random.Random(7).randbytes(4000)
    source = hostile_media.written(tmp_path, bytes(content), "damaged.mp4")
    (tmp_path / "out").mkdir()
    assert failure(source, tmp_path / "out") == "ffmpeg_failed"


def test_every_picture_of_a_gif_without_trailer_is_in_its_rendition(tmp_path: Path) -> None:
    whole = (MEDIA / "odd.gif").read_bytes()
    cut = hostile_media.written(tmp_path, whole.removesuffix(b";"))
    assert len(cut.read_bytes()) == len(whole) - 1
    made = one(cut, tmp_path / "cut", "slack_gif")
    assert made.sha256 == one(MEDIA / "odd.gif", tmp_path / "whole", "slack_gif").sha256
