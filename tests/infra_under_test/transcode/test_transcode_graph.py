"""Renditions compile to command lines that keep ffmpeg on its leash."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from infra_under_test.transcode import DEFAULT_LIMITS, RENDITIONS, MediaInfo
from infra_under_test.transcode.graph import compile_argv, fitted_size


def argv(name: str, kind: Literal["gif", "mp4"] = "gif") -> list[str]:
    """The command line for a 640 x 360 clip."""
    info = MediaInfo(kind=kind, width=640, height=360, frames=10, duration_s=1.0)
    made = [(RENDITIONS[name], Path("/job/output"))]
    return compile_argv(Path("/ff"), Path("/in/x.gif"), info, made, limits=DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("size", "largest", "fitted"),
    [
        ((640, 360), (854, 480), (640, 360)),  # never enlarged
        ((1920, 1080), (854, 480), (852, 480)),  # 480 x 16 / 9 = 853.3
        ((854, 480), (480, 480), (480, 268)),  # 269.8
        ((479, 269), (854, 480), (478, 268)),
        ((480, 854), (480, 480), (268, 480)),
        ((5000, 1), (480, 480), (480, 2)),
        ((1, 1), (480, 480), (2, 2)),
    ],
)
def test_a_picture_is_shrunk_to_fit_with_even_sides(
    size: tuple[int, int], largest: tuple[int, int], fitted: tuple[int, int]
) -> None:
    assert fitted_size(*size, *largest) == fitted


@pytest.mark.parametrize(("kind", "demuxer"), [("gif", "gif"), ("mp4", "mov")])
@pytest.mark.parametrize("name", RENDITIONS)
def test_the_input_is_a_file_read_by_a_forced_demuxer(
    name: str, kind: Literal["gif", "mp4"], demuxer: str
) -> None:
    command = argv(name, kind)
    before_input = command[: command.index("-i")]
    assert before_input[before_input.index("-f") + 1] == demuxer
    assert before_input[before_input.index("-protocol_whitelist") + 1] == "file"
    assert command[command.index("-i") + 1] == "file:/in/x.gif"
    assert command.count("-i") == 1


@pytest.mark.parametrize("name", RENDITIONS)
def test_memory_of_one_picture_and_of_one_allocation_is_limited(name: str) -> None:
    before_input = argv(name)[: argv(name).index("-i")]
    assert before_input[before_input.index("-max_pixels") + 1] == "33554432"
    assert before_input[before_input.index("-max_alloc") + 1] == "536870912"


@pytest.mark.parametrize("name", ["preview_mp4", "slack_gif", "webp"])
def test_moving_renditions_end_after_a_minute(name: str) -> None:
    assert argv(name)[argv(name).index("-t") + 1] == "60"


def test_compiling_twice_gives_the_same_command_line() -> None:
    assert argv("preview_mp4") == argv("preview_mp4")
