"""pytest-benchmark's JSON to the meter's transcode bench document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA_VERSION = 1
NOT_MEASURED = {
    ("vmaf_mean", "vmaf_p5", "ssim"): "quality is not measured yet",
    ("cost_usd_per_asset",): "this machine's own cores have no list price",
}
_COPIED = (
    "media",
    "media_class",
    "rendition",
    "profile",
    "provenance",
    "cpu_s",
    "cpu_s_rounds",
    "rss_peak_mb",
    "frames",
    "frames_per_s",
    "speed_x",
    "bytes_out",
    "output",
)


def cells_from_benchmark(document: Mapping[str, Any]) -> dict[str, Any]:
    """{"schema_version", "cells", "ffmpeg", "machine"} of what `--benchmark-json` wrote.

    ValueError where it holds no cell, or cells of different ffmpegs: those are not comparable.
    """
    benchmarks = document["benchmarks"]
    if not benchmarks:
        raise ValueError("the bench measured nothing")
    ffmpeg = benchmarks[0]["extra_info"]["ffmpeg"]
    if any(each["extra_info"]["ffmpeg"] != ffmpeg for each in benchmarks):
        raise ValueError("the cells were made by different ffmpegs")
    return {
        "schema_version": SCHEMA_VERSION,
        "cells": [_cell(each["extra_info"], each["stats"]) for each in benchmarks],
        "ffmpeg": ffmpeg,
        "machine": _machine(document["machine_info"]),
    }


def _cell(info: Mapping[str, Any], stats: Mapping[str, Any]) -> dict[str, Any]:
    nothing = {name: None for names in NOT_MEASURED for name in names}
    return {
        **{name: info[name] for name in _COPIED},
        **nothing,
        "reason": "; ".join(f"{', '.join(names)}: {why}" for names, why in NOT_MEASURED.items()),
        "wall_s": stats["median"],
        "wall_s_low": stats["min"],
        "wall_s_high": stats["max"],
        "wall_s_confidence": extremes_confidence(stats["rounds"]),
        "rounds": stats["rounds"],
    }


def extremes_confidence(rounds: int) -> float:
    """The confidence with which [fastest, slowest] of `rounds` holds the true median.

    Each round is above the median with probability 1/2, so the interval misses it only when all fall on one
    side (order statistics; David and Nagaraja 2003, section 7.1).
    """
    return 1 - 2 * 0.5**rounds


def _machine(info: Mapping[str, Any]) -> dict[str, Any]:
    """What figures must not be compared across; the host's name is nobody's business."""
    return {
        "os": f"{info['system']} {info['release']}",
        "architecture": info["machine"],
        "cpu_model": info["cpu"].get("brand_raw"),
        "cores": info["cpu"].get("count"),
        "python": info["python_version"],
    }
