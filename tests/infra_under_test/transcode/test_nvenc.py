"""NVENC is believed only when it has encoded; why not is told in words."""

from __future__ import annotations

import pytest

from infra_under_test.transcode import RENDITIONS, find_ffmpeg
from infra_under_test.transcode.nvenc import classify, options, probe


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        ("[h264_nvenc @ 0x5] Cannot load libcuda.so.1\n", "no NVIDIA driver"),
        ("[h264_nvenc @ 0x5] Cannot load libnvidia-encode.so.1\n", "video capability"),
        (
            "Driver does not support the required nvenc API version. Required: 13.0 Found: 12.1\n",
            "driver is too old",
        ),
        ("[h264_nvenc @ 0x5] OpenEncodeSessionEx failed: out of memory (10)\n", "sessions are taken"),
        ("[h264_nvenc @ 0x5] No capable devices found\n", "has an encoder"),
        ("Unknown encoder 'h264_nvenc'\n", "built without"),
        ("something new\n", "failed to encode"),
    ],
)
def test_what_ffmpeg_says_becomes_a_reason(stderr: str, words: str) -> None:
    assert words in classify(stderr)


def test_the_probe_tells_a_reason_exactly_when_nvenc_does_not_work() -> None:
    found = probe(find_ffmpeg())
    assert found.available == (found.reason == "")


def test_limits_of_the_platform_survive_the_change_of_encoder() -> None:
    asked = dict(options(RENDITIONS["discord_mp4"]))
    assert (asked["c:v"], asked["cq"], asked["maxrate"], asked["level:v"]) == (
        "h264_nvenc",
        "23",
        "2500k",
        "4.0",
    )
    assert "crf" not in asked


def test_a_gif_has_no_gpu_encoder() -> None:
    with pytest.raises(ValueError, match="slack_gif is not made by libx264"):
        options(RENDITIONS["slack_gif"])
