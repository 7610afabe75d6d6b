"""MP4s of a few kilobytes that ask for gigabytes are refused before libav sees them."""

from __future__ import annotations

import struct
import time
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest

from infra_under_test.transcode import DEFAULT_LIMITS, MediaRefused, inspect_upload
from infra_under_test.transcode.mp4_index import refuse_index
from tests.support.hostile_mp4 import box, clip, hostile_mp4s, table, with_boxes

HOSTILE = hostile_mp4s()


@pytest.mark.parametrize("name", [name for name, (_, code) in HOSTILE.items() if code])
def test_a_hostile_mp4_is_refused_at_once_with_its_reason(tmp_path: Path, name: str) -> None:
    content, code = HOSTILE[name]
    path = tmp_path / "upload.mp4"
    path.write_bytes(content)
    begun = time.monotonic()
    with pytest.raises(MediaRefused) as caught:
        inspect_upload(path)
    assert time.monotonic() - begun < 1.0
    assert (caught.value.code, bool(caught.value.reason)) == (code, True)


@pytest.mark.parametrize("name", [name for name, (_, code) in HOSTILE.items() if not code])
def test_what_only_looks_hostile_is_read_as_the_clip_that_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "upload.mp4"
    path.write_bytes(HOSTILE[name][0])
    assert inspect_upload(path).frames == 3


def test_a_bomb_is_judged_without_holding_what_it_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "upload.mp4"
    path.write_bytes(HOSTILE["1,300,000 edits"][0])
    tracemalloc.start()
    try:
        with pytest.raises(MediaRefused):
            refuse_index(path, DEFAULT_LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 4 * path.stat().st_size
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("place", [b"udta", b"uuid-less", b"free"], ids=["user data", "odd name", "padding"])
def test_a_table_s_name_in_harmless_places_refuses_nothing(tmp_path: Path, place: bytes) -> None:
    note = box(place[:4], b"a note about trak and others: " + bytes(8))
    path = tmp_path / "upload.mp4"
    path.write_bytes(clip() + note)
    assert inspect_upload(path).frames == 3


def test_a_table_outside_its_place_counts_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "upload.mp4"
    path.write_bytes(clip() + box(b"what", box(b"ever", table(b"stsz", 1, 100_000_000))))
    with pytest.raises(MediaRefused, match="100,000,000 samples"):
        inspect_upload(path)


def test_samples_at_the_budget_are_accepted_and_one_more_is_not(tmp_path: Path) -> None:
    most = DEFAULT_LIMITS.mp4_samples_max
    path = tmp_path / "upload.mp4"
    path.write_bytes(with_boxes({b"stts": table(b"stts", 2, 3, 1024, most - 3, 0)}))
    refuse_index(path, DEFAULT_LIMITS)
    path.write_bytes(with_boxes({b"stts": table(b"stts", 2, 3, 1024, most - 2, 0)}))
    with pytest.raises(MediaRefused):
        refuse_index(path, DEFAULT_LIMITS)


def test_chunks_of_different_lengths_are_counted_as_the_standard_says(tmp_path: Path) -> None:
    # 8.7.4: chunks 1 and 2 hold a million samples each, chunks 3 to 5 hold 300,000 each: 2.9 million.
    runs = table(b"stsc", 2, *(1, 1_000_000, 1), *(3, 300_000, 1))
    path = tmp_path / "upload.mp4"
    path.write_bytes(with_boxes({b"stsc": runs, b"stco": table(b"stco", 5, *[48] * 5)}))
    refuse_index(path, DEFAULT_LIMITS)
    path.write_bytes(with_boxes({b"stsc": runs, b"stco": table(b"stco", 6, *[48] * 6)}))
    with pytest.raises(MediaRefused, match="3,200,000 samples"):
        refuse_index(path, DEFAULT_LIMITS)


def test_a_clip_with_sound_and_a_front_index_passes(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video, sound = container.add_stream("libx264", rate=10), container.add_stream("aac", rate=48_000)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        for _ in range(10):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(video.encode(picture))
        for number in range(47):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48_000, 1024 * number
            container.mux(sound.encode(frame))
        container.mux([*video.encode(None), *sound.encode(None)])
    content = path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert struct.unpack_from(">I", content)[0] < 64
    info = inspect_upload(path)
    assert (info.frames, info.audio) == (10, True)
