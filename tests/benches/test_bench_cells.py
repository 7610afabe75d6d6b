"""pytest-benchmark's JSON becomes the bench document, figure by figure."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from benches.cells import cells_from_benchmark, extremes_confidence

MACHINE = {
    "node": "somebody-s-laptop",
    "machine": "x86_64",
    "system": "Linux",
    "release": "6.1",
    "python_version": "3.11.7",
    "cpu": {"brand_raw": "Some CPU", "count": 2},
}
BENCHMARK: dict[str, Any] = {
    "stats": {"median": 0.5, "min": 0.4, "max": 0.75, "rounds": 3},
    "extra_info": {
        "media": "a.gif",
        "media_class": "natural",
        "rendition": "webp",
        "profile": "local-machine",
        "provenance": "measured",
        "cpu_s": 0.9,
        "cpu_s_rounds": [0.8, 0.9, 1.0],
        "rss_peak_mb": 61.5,
        "frames": 36,
        "frames_per_s": 72.0,
        "speed_x": 6.0,
        "bytes_out": 1234,
        "output": None,
        "ffmpeg": {"version": "9", "sha256": "ab"},
    },
}


def document(*benchmarks: dict[str, Any]) -> dict[str, Any]:
    return cells_from_benchmark({"benchmarks": list(benchmarks), "machine_info": MACHINE})


def test_wall_time_is_the_median_between_the_fastest_and_the_slowest_round() -> None:
    (cell,) = document(BENCHMARK)["cells"]
    assert (cell["wall_s_low"], cell["wall_s"], cell["wall_s_high"]) == (0.4, 0.5, 0.75)
    assert cell["rounds"] == 3


def test_every_field_of_the_contract_is_there() -> None:
    (cell,) = document(BENCHMARK)["cells"]
    contract = (
        "media media_class rendition profile provenance reason wall_s cpu_s rss_peak_mb frames_per_s speed_x "
        "bytes_out vmaf_mean vmaf_p5 ssim cost_usd_per_asset rounds output"
    )
    assert set(contract.split()) <= set(cell)


def test_what_was_not_measured_is_null_and_named_in_the_reason() -> None:
    (cell,) = document(BENCHMARK)["cells"]
    empty = {name for name in ("vmaf_mean", "vmaf_p5", "ssim", "cost_usd_per_asset") if cell[name] is None}
    assert len(empty) == 4
    assert all(name in cell["reason"] for name in empty)


def test_the_machine_is_described_without_its_name() -> None:
    assert document(BENCHMARK)["machine"] == {
        "os": "Linux 6.1",
        "architecture": "x86_64",
        "cpu_model": "Some CPU",
        "cores": 2,
        "python": "3.11.7",
    }


def test_cells_of_different_ffmpegs_are_refused() -> None:
    other = copy.deepcopy(BENCHMARK)
    other["extra_info"]["ffmpeg"]["sha256"] = "cd"
    with pytest.raises(ValueError, match="different ffmpegs"):
        document(BENCHMARK, other)


def test_an_empty_bench_is_refused() -> None:
    with pytest.raises(ValueError, match="measured nothing"):
        document()


@pytest.mark.parametrize(("rounds", "confidence"), [(1, 0.0), (3, 0.75), (6, 0.96875)])
def test_the_extremes_hold_the_median_unless_all_rounds_fall_on_one_side(
    rounds: int, confidence: float
) -> None:
    # As many fair coins: P(all heads) + P(all tails) = 2/2, 2/8, 2/64.
    assert extremes_confidence(rounds) == confidence
