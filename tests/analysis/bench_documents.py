"""Small bench documents for the tests of their answer."""

from __future__ import annotations

from typing import Any

from tidegauge.analysis.transcode.document import Bench, read_bench

SEED_WORKER = "fargate-x86-2vcpu-4gb"


def cell(profile: str, wall_s: float | None, usd: str | None, **more: Any) -> dict[str, Any]:
    """An emulated cell; without `wall_s` a skipped one."""
    named = {
        "media": "a.gif",
        "media_class": "natural",
        "rendition": "preview_mp4",
        "profile": profile,
        "provenance": "skipped" if wall_s is None else "emulated",
        "reason": None,
        "wall_s": wall_s,
        "cpu_s": wall_s,
        "frames": 120,
        "frames_per_s": None if wall_s is None else 120 / wall_s,
        "bytes_out": 1_000_000,
        "encoder": "libx264",
        "preset": "veryfast",
        "cost_usd_per_asset": usd,
        "cost": {"egress_usd": "0.001", "prices_dated": "2026-09-29"},
    }
    return named | more


def profile(name: str, usd_per_hour: str | None, **more: Any) -> dict[str, Any]:
    """A Fargate size of 2 vCPU / 4 GB unless told otherwise."""
    row = {"name": name, "kind": "fargate", "arch": "x86", "vcpu": 2, "memory_gb": 4, "gpu": None}
    return row | {"capacity": "on_demand", "usd_per_hour": usd_per_hour, "emulation": None} | more


def gpu(name: str, usd_per_hour: str) -> dict[str, Any]:
    """A GPU instance."""
    return profile(name, usd_per_hour, kind="ec2-gpu", gpu="T4", vcpu=4, memory_gb=16)


def curve(preset: str, points: list[tuple[int, float, float]], **more: Any) -> dict[str, Any]:
    """A sweep on this machine: (bytes, VMAF, CPU-seconds) a point."""
    rows = [
        {"setting": f"crf={number}", "bytes_out": size, "vmaf_mean": vmaf, "cpu_s": cpu_s, "wall_s": cpu_s}
        for number, (size, vmaf, cpu_s) in enumerate(points)
    ]
    named = {"media": "a.gif", "rendition": "preview_mp4", "encoder": "libx264", "preset": preset}
    return named | {"profile": "local-machine", "provenance": "measured", "points": rows} | more


TASK_USE = {
    "workers": {"value": 3, "source": "the guide"},
    "worker_vcpu": {"value": 2, "source": "the guide"},
    "worker_memory_gb": {"value": 4, "source": "the guide"},
    "hours_per_month": {"value": 300, "source": "the guide"},
    "assets_per_month": {"value": 100_000, "source": "assumption"},
    "views_per_asset": {"value": 10, "source": "the guide"},
}
# 2 x $0.04048 + 4 x $0.004445 an hour, by hand
SEED_PROFILE = profile(SEED_WORKER, "0.09874")


def bench(*cells: dict[str, Any], **more: Any) -> Bench:
    """The records of a document of these cells, priced and with the guide's task use."""
    document = {
        "schema_version": 1,
        "cells": list(cells),
        "profiles": [SEED_PROFILE],
        "task_use": TASK_USE,
        "ffmpeg": {"version": "9.0.2", "sha256": "ab" * 32},
        "machine": {"cpu_model": "EPYC", "cores": 2},
    }
    return read_bench(document | more, "bench.json")
