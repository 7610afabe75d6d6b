"""What a benchmark measured becomes a cell of the bench document, figure by figure."""

from __future__ import annotations

from typing import Any

import pytest

from benches.transcode.cells import empty_cell, extremes_confidence, is_unstable, measured_cell

NAMED = {
    "media": "a.gif",
    "media_class": "natural",
    "rendition": "webp",
    "encoder": "libwebp",
    "preset": None,
}
INFO: dict[str, Any] = {
    **NAMED,
    "profile": "local-machine",
    "provenance": "measured",
    "cpu_s_rounds": [0.8, 0.9, 1.0],
    "decode_cpu_s": None,
    "rss_peak_mb": 61.5,
    "process_rss_peak_mb": 61.5,
    "memory_source": "ru_maxrss",
    "frames": 36,
    "duration_s": 3.0,
    "bytes_out": 1234,
    "sha256": "ab",
    "setting": {},
    "vmaf_mean": None,
    "vmaf_p5": None,
    "vmaf_model": None,
    "ssim": None,
    "quality_reason": "not asked for",
    "output": None,
    "emulation": None,
}
CONTRACT = """
media media_class rendition profile provenance reason wall_s cpu_s rss_peak_mb frames_per_s speed_x bytes_out
vmaf_mean vmaf_p5 ssim rounds output wall_s_low wall_s_high wall_s_confidence cpu_s_rounds wall_s_rounds
memory_source frames quality_reason encoder preset unstable
"""


def test_times_are_medians_between_the_fastest_and_the_slowest_round() -> None:
    cell = measured_cell(INFO, [0.75, 0.4, 0.5])
    assert (cell["wall_s_low"], cell["wall_s"], cell["wall_s_high"]) == (0.4, 0.5, 0.75)
    assert cell["cpu_s"] == 0.9
    assert cell["rounds"] == 3


def test_rates_are_source_frames_and_source_seconds_over_the_median() -> None:
    cell = measured_cell(INFO, [0.75, 0.4, 0.5])
    assert cell["frames_per_s"] == 72.0  # 36 / 0.5
    assert cell["speed_x"] == 6.0  # 3.0 / 0.5


@pytest.mark.parametrize("cell", [measured_cell(INFO, [1.0]), empty_cell(NAMED, "x", "no")])
def test_every_field_of_the_contract_is_there(cell: dict[str, Any]) -> None:
    assert set(cell) >= set(CONTRACT.split())


def test_a_skipped_cell_has_a_reason_and_no_figure() -> None:
    cell = empty_cell(NAMED, "fargate-x86-16vcpu-32gb", "too large")
    assert (cell["provenance"], cell["reason"]) == ("skipped", "too large")
    assert not any(isinstance(value, float) or type(value) is int for value in cell.values())


@pytest.mark.parametrize(
    ("wall", "cpu", "unstable"),
    [
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], False),
        ([1.0, 1.1, 1.25], [1.0, 1.05, 1.1], False),  # 0.25 / 1.1 and 0.1 / 1.05
        ([1.0, 1.1, 1.2], [1.0, 1.0, 1.2], True),  # CPU-seconds: 0.2 / 1.0
        ([1.0, 1.0, 1.4], [1.0, 1.0, 1.0], True),  # wall: 0.4 / 1.0
        ([1.0], [1.0], False),
    ],
)
def test_rounds_that_differ_much_mark_a_cell(wall: list[float], cpu: list[float], unstable: bool) -> None:
    assert is_unstable(wall, cpu) is unstable


@pytest.mark.parametrize(("rounds", "confidence"), [(1, 0.0), (3, 0.75), (6, 0.96875)])
def test_the_extremes_hold_the_median_unless_all_rounds_fall_on_one_side(
    rounds: int, confidence: float
) -> None:
    # As many fair coins: P(all heads) + P(all tails) = 2/2, 2/8, 2/64.
    assert extremes_confidence(rounds) == confidence
