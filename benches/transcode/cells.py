"""The cells of the bench document: one medium in one rendition on one profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from infra_under_test.transcode import Rendition
from infra_under_test.transcode.graph import Encoder
from infra_under_test.transcode.nvenc import options as nvenc_options
from tidegauge.house import MEDIA

UNSTABLE_CPU_RATIO = 0.15
UNSTABLE_WALL_RATIO = 0.30
UNSTABLE_MEANING = (
    f"a cell is unstable when its rounds' CPU-seconds differ by more than {UNSTABLE_CPU_RATIO:.0%} of their "
    f"median, or its wall times by more than {UNSTABLE_WALL_RATIO:.0%} of theirs (slowest less fastest round)"
)
_NAMED = ("media", "media_class", "rendition", "encoder", "preset")
_MEASURED = (
    *(
        "cpu_s_rounds",
        "decode_cpu_s",
        "rss_peak_mb",
        "memory_source",
        "process_rss_peak_mb",
        "frames",
        "duration_s",
        "bytes_out",
        "sha256",
        "setting",
    ),
    *("vmaf_mean", "vmaf_p5", "vmaf_model", "ssim", "quality_reason", "output", "emulation"),
)
_DERIVED = (
    *("wall_s", "wall_s_low", "wall_s_high", "wall_s_confidence", "wall_s_rounds", "cpu_s"),
    *("frames_per_s", "speed_x", "rounds"),
)


def media_classes() -> dict[str, str]:
    """The media class of each fixture, by sha256: a renamed copy keeps its class, a namesake has none."""
    manifest = json.loads((MEDIA / "manifest.json").read_text(encoding="utf-8"))
    return {entry["sha256"]: entry["class"] for entry in manifest["media"]}


def named(
    medium: Path, rendition: Rendition, classes: Mapping[str, str], encoder: Encoder = "cpu"
) -> dict[str, Any]:
    """What a cell is of; `classes` are the media classes by sha256."""
    with medium.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    options = dict(nvenc_options(rendition) if encoder == "nvenc" else rendition.encoder)
    return {
        "media": medium.name,
        "media_class": classes.get(sha256),
        "rendition": rendition.name,
        "encoder": options.get("c:v", rendition.container),
        "preset": options.get("preset"),
    }


def measured_cell(info: Mapping[str, Any], wall_s_rounds: Sequence[float]) -> dict[str, Any]:
    """A cell without its cost: `info` is a benchmark's `extra_info`, `wall_s_rounds` its timed rounds."""
    wall_s, cpu_s = median(wall_s_rounds), median(info["cpu_s_rounds"])
    return {
        **{name: info[name] for name in (*_NAMED, *_MEASURED)},
        "profile": info["profile"],
        "provenance": info["provenance"],
        "reason": None,
        "wall_s": wall_s,
        "wall_s_low": min(wall_s_rounds),
        "wall_s_high": max(wall_s_rounds),
        "wall_s_confidence": extremes_confidence(len(wall_s_rounds)),
        "wall_s_rounds": list(wall_s_rounds),
        "cpu_s": cpu_s,
        "frames_per_s": info["frames"] / wall_s,
        "speed_x": info["duration_s"] / wall_s,
        "rounds": len(wall_s_rounds),
        "unstable": is_unstable(wall_s_rounds, info["cpu_s_rounds"]),
    }


def empty_cell(named: Mapping[str, Any], profile: str, reason: str) -> dict[str, Any]:
    """A cell that holds no figures, and why."""
    return {
        **{name: named[name] for name in _NAMED},
        **dict.fromkeys((*_MEASURED, *_DERIVED)),
        "profile": profile,
        "provenance": "skipped",
        "reason": reason,
        "unstable": False,
    }


def is_unstable(wall_s_rounds: Sequence[float], cpu_s_rounds: Sequence[float]) -> bool:
    """Whether the rounds differ by more than UNSTABLE_MEANING says; a single round shows no difference."""
    return (
        _range_ratio(cpu_s_rounds) > UNSTABLE_CPU_RATIO or _range_ratio(wall_s_rounds) > UNSTABLE_WALL_RATIO
    )


def _range_ratio(values: Sequence[float]) -> float:
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def extremes_confidence(rounds: int) -> float:
    """The confidence with which [fastest, slowest] of `rounds` holds the true median.

    Each round is above the median with probability 1/2, so the interval misses it only when all fall on one
    side (order statistics; David and Nagaraja 2003, section 7.1).
    """
    return 1 - 2 * 0.5**rounds
