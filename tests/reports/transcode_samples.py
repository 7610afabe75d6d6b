"""A made-up transcode bench as bench.json has it: sizes emulated, GPUs imported or skipped, presets swept."""

from __future__ import annotations

from typing import Any

USD_PER_HOUR = {"x86": (0.04048, 0.004445), "arm": (0.03238, 0.00356)}
SIZES = ((0.25, 0.5), (0.5, 1), (1, 2), (2, 4))
MEDIA = {
    "anim_bbb.gif": ("3D animation", 0.9),
    "city.gif": ("natural", 1.0),
    "noise.gif": ("worst case", 1.6),
}
WALL_S = {0.25: 9.11, 0.5: 4.50, 1: 2.24, 2: 1.27}  # GIF to MP4 by CPU quota, as measured once
WORK = {"preview_mp4": 2.3, "slack_gif": 4.7, "webp": 2.7}  # CPU-seconds of the natural medium
BYTES = {"preview_mp4": 595_000, "slack_gif": 4_110_000, "webp": 1_500_000}
EGRESS_USD_PER_BYTE = 0.085 / 2**30 * 10


def name_of(arch: str, vcpu: float, memory_gb: float, *, spot: bool = False) -> str:
    """As the bench names Fargate sizes."""
    return f"fargate-{arch}-{vcpu:g}vcpu-{memory_gb:g}gb" + ("-spot" if spot else "")


def profiles() -> list[dict[str, Any]]:
    """Fargate sizes, two GPU instances and this machine."""
    rows = []
    for arch, spot in (("x86", False), ("x86", True), ("arm", False)):
        for vcpu, memory_gb in SIZES:
            per_vcpu, per_gb = USD_PER_HOUR[arch]
            hour = (vcpu * per_vcpu + memory_gb * per_gb) * (0.3 if spot else 1)
            rows.append(
                {
                    "name": name_of(arch, vcpu, memory_gb, spot=spot),
                    "kind": "fargate",
                    "arch": arch,
                    "vcpu": vcpu,
                    "memory_gb": memory_gb,
                    "gpu": None,
                    "capacity": "spot" if spot else "on_demand",
                    "usd_per_hour": f"{hour:.9f}",
                    "price_note": "",
                    "emulation": "CPU quota and memory limit by cgroup v2",
                }
            )
    for kind, gpu, hour in (
        ("g4dn.xlarge", "T4", "0.526"),
        ("g6.xlarge", "L4", "0.8048"),
        ("g5.xlarge", "A10G", "1.006"),
    ):
        row = {
            "name": f"ec2-gpu-{kind}",
            "kind": "ec2-gpu",
            "arch": "x86",
            "vcpu": 4,
            "memory_gb": 16,
            "gpu": gpu,
        }
        rows.append(
            row | {"capacity": "on_demand", "usd_per_hour": hour, "price_note": "", "emulation": None}
        )
    return rows


def cell(media: str, rendition: str, profile: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An emulated cell whose wall time follows the quota."""
    media_class, weight = MEDIA[media]
    wall_s = WALL_S.get(profile["vcpu"], 1.04) * weight * WORK[rendition] / WORK["preview_mp4"]
    cpu_s = WORK[rendition] * weight * (0.78 if profile["vcpu"] >= 2 else 1)
    size = round(BYTES[rendition] * weight)
    hour = float(profile["usd_per_hour"] or 0)
    named = {
        "media": media,
        "media_class": media_class,
        "rendition": rendition,
        "profile": profile["name"],
        "provenance": "emulated",
        "reason": None,
        "wall_s": wall_s,
        "wall_s_low": wall_s * 0.98,
        "wall_s_high": wall_s * 1.03,
        "cpu_s": cpu_s,
        "decode_cpu_s": 0.76 * weight if rendition == "preview_mp4" else None,
        "rss_peak_mb": 143.2,
        "memory_source": "cgroup",
        "frames": 125,
        "frames_per_s": 125 / wall_s,
        "speed_x": 5 / wall_s,
        "bytes_out": size,
        "vmaf_mean": 94.2,
        "vmaf_p5": 90.1,
        "ssim": 0.987,
        "encoder": "libx264" if rendition == "preview_mp4" else rendition,
        "preset": "veryfast" if rendition == "preview_mp4" else None,
        "unstable": False,
        "rounds": 5,
        "cost_usd_per_asset": f"{hour * (wall_s + 57 / 1111) / 3600:.12f}",
        "cost": {
            "compute_usd": f"{hour * wall_s / 3600:.12f}",
            "cold_start_usd": f"{hour * 57 / 1111 / 3600:.12f}",
            "egress_usd": f"{size * EGRESS_USD_PER_BYTE:.12f}",
            "usd_per_hour": profile["usd_per_hour"],
            "prices_dated": "2026-09-29",
        },
    }
    return named | more


def skipped(media: str, rendition: str, profile: str, reason: str) -> dict[str, Any]:
    """A cell without figures."""
    row = {
        "media": media,
        "rendition": rendition,
        "profile": profile,
        "provenance": "skipped",
        "reason": reason,
    }
    return row | dict.fromkeys(("wall_s", "cpu_s", "bytes_out", "vmaf_mean", "cost_usd_per_asset", "cost"))


def curve(media: str, preset: str, size: float, cpu: float, **more: Any) -> dict[str, Any]:
    """Five settings of an encoder; `size` and `cpu` scale those of veryfast."""
    points = [
        {
            "setting": f"crf={crf}",
            "bytes_out": round(280_000 * 2 ** ((32 - crf) / 4) * size),
            "vmaf_mean": vmaf,
            "vmaf_p5": vmaf - 4,
            "ssim": None,
            "cpu_s": (1.6 + (32 - crf) * 0.06) * cpu,
            "wall_s": (0.9 + (32 - crf) * 0.03) * cpu,
            "frames_per_s": 100.0,
            "cost_usd_per_asset": None,
        }
        for crf, vmaf in ((32, 81.3), (28, 88.4), (24, 93.6), (20, 96.7), (16, 98.3))
    ]
    named = {"media": media, "media_class": "natural", "rendition": "preview_mp4", "encoder": "libx264"}
    named |= {"preset": preset, "profile": "local-machine", "provenance": "measured", "reason": None}
    return named | {"points": points} | more


def document(**changes: Any) -> dict[str, Any]:
    """A bench over three media and renditions, with one unstable cell, one imported GPU and two skipped."""
    sizes = [row for row in profiles() if row["kind"] == "fargate" and row["arch"] == "x86"]
    gpu = next(row for row in profiles() if row["name"] == "ec2-gpu-g4dn.xlarge")
    cells = [cell(media, rendition, size) for size in sizes for media in MEDIA for rendition in WORK]
    cells[0] |= {"unstable": True, "wall_s_high": cells[0]["wall_s"] * 1.6}
    cells += [
        cell(
            media,
            "preview_mp4",
            gpu,
            wall_s=0.21,
            cpu_s=0.6,
            frames_per_s=125 / 0.21,
            provenance="imported",
            decode_cpu_s=None,
        )
        for media in MEDIA
    ]
    cells += [
        skipped(media, rendition, row["name"], reason)
        for row, reason in (
            (profiles()[8], "this machine is x86_64, the profile ARM"),
            (profiles()[13], "no NVENC here: Cannot load libcuda.so.1"),
        )
        for media in MEDIA
        for rendition in WORK
    ]
    made = {
        "schema_version": 1,
        "cells": cells,
        "curves": [
            curve(media, preset, size, cpu)
            for media in ("city.gif", "anim_bbb.gif")
            for preset, size, cpu in (("veryfast", 1, 1), ("medium", 0.83, 2.6), ("slow", 0.79, 4.4))
        ],
        "profiles": profiles(),
        "gpu": {"available": False, "reason": "no driver", "detail": "Cannot load libcuda.so.1"},
        "task_use": {
            name: {"value": value, "source": "the guide"}
            for name, value in (
                ("workers", 3), ("worker_vcpu", 2), ("worker_memory_gb", 4), ("hours_per_month", 300),
                ("assets_per_month", 100_000), ("views_per_asset", 10),
            )
        },
        "assumptions": ["a -spot profile has the times of its on-demand twin"],
        "imports": [
            {
                "file": "gpu.json", "cells": 3, "ffmpeg": {"version": "9.0.2"},
                "machine": {"cpu_model": "Xeon Platinum 8259CL", "cores": 4},
            }
        ],
        "ffmpeg": {"version": "9.0.2", "sha256": "3f" * 32},
        "machine": {"cpu_model": "AMD EPYC 7B13", "cores": 2},
    }  # fmt: skip
    return made | changes
