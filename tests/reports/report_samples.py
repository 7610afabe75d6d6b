"""Made-up runs for the report's tests: an ordinary one, and builders of its parts for the odd ones."""

from __future__ import annotations

import math
from typing import Any

import cost_samples
from summary_samples import cache_counts, figures, summary

from reports.report_data import FlowSeries, PercentileCurve, RateSeries, ReportData, ValidityLimit
from tests.support.filled_documents import record_of
from tidegauge.audit_record import AuditRecord
from tidegauge.edge_record import EdgeCheck
from tidegauge.run_record import RunRecord
from tidegauge.summary import Summary

PLAN = {
    "name": "launch-day",
    "seed": 7,
    "warmup_s": 10,
    "arrivals": [{"shape": "constant", "process": "poisson", "rate_per_s": 30, "duration_s": 70}],
    "mix": {"view": 0.85, "short_link": 0.14, "upload": 0.01},
    "popularity": {"model": "zipf", "alpha": 0.9, "assets": 200},
    "objectives": {"GET /v1/s/{short_code}": {"p99_ms": 50}, "total": {"error_ratio": 0.0001}},
}


def run(**changes: Any) -> dict[str, Any]:
    """run.json of an ordinary run against the local stack."""
    document = {
        "run_id": "20261103-141502-7",
        "plan": PLAN,
        "seed": 7,
        "processes": 1,
        "stack": {
            "name": "local",
            "api_url": "http://127.0.0.1:40123",
            "cdn_url": "http://127.0.0.1:40124",
            "local": {"worker_vcpu": 0.5, "emulation": "cgroup v2 cpu.max"},
        },
        "versions": {"tidegauge": "0.1.0", "python": "3.11.2", "locust": "2.47.0", "ffmpeg": "9.0.2"},
        "machine": {
            "cpu_model": "AMD EPYC 7B13",
            "cores": 2,
            "memory_bytes": 8 * 2**30,
            "os": "Linux 6.1",
            "architecture": "x86_64",
        },
        "git_commit": "04b9e00c1",
        "cache_state_before": "warm",
        "started_at": "2026-11-03T14:15:02Z",
        "window": {"start_s": 10, "end_s": 70},
        "interrupted": False,
        "local": True,
        "connections": "per_session",
        "parts": [
            {"name": "edge (nginx)", "version": "1.31.3"},
            {"name": "API (uvicorn)", "version": "0.38.0"},
            {"name": "Redis (Valkey)", "version": "9.1.2"},
            {"name": "S3 (SeaweedFS)", "version": "4.48"},
        ],
    }
    return document | changes


def rates(seconds: int = 82) -> RateSeries:
    """A steady 30 sessions a second for 70 s, then the drain; two bad seconds."""
    asked = [
        30 + round(5 * math.sin(k * 1.7) + 3 * math.sin(k * 0.61)) if k < 70 else 0 for k in range(seconds)
    ]
    failed = [2 if k == 41 else 1 if k == 42 else 0 for k in range(seconds)]
    done = [round(7.1 * n) + (8 if k else 0) for k, n in enumerate(asked)]
    return RateSeries(
        bin_s=1.0, asked_sessions=asked, sent_sessions=asked, completed_requests=done, failed_requests=failed
    )


def flow_series(name: str, per_bin: int, median: float, bins: int = 16) -> FlowSeries:
    """Response times by 5 s with a hump at the 40th second."""
    hump = [1 + 2.4 * math.exp(-((k - 8) ** 2) / 1.4) + 0.1 * math.sin(k * 2.3) for k in range(bins)]
    counts = [per_bin + (k * 37) % 23 if k < 14 else 0 for k in range(bins)]
    return FlowSeries(
        flow=name,
        bin_s=5.0,
        count=counts,
        p50_ms=[median * (1 + (h - 1) / 5) if n else None for h, n in zip(hump, counts, strict=True)],
        p99_ms=[median * 4 * h if n else None for h, n in zip(hump, counts, strict=True)],
        max_ms=[median * 9 * h if n else None for h, n in zip(hump, counts, strict=True)],
    )


def percentile_curve(name: str, n: int, median: float) -> PercentileCurve:
    """Both clocks at 60 quantiles, evenly spread in nines up to P99.99."""
    quantiles = [1 - 10 ** (-4 * k / 60) for k in range(61)]
    response = [median * (0.55 + 0.45 * (-math.log10(1 - q) / 0.301) ** 1.35) for q in quantiles]
    service = [
        value * (0.93 - 0.05 * -math.log10(1 - q)) for value, q in zip(response, quantiles, strict=True)
    ]
    return PercentileCurve(flow=name, n=n, quantiles=quantiles, response_ms=response, service_ms=service)


def bench_cell(media: str, rendition: str, wall_s: float | None, **more: Any) -> dict[str, Any]:
    """A cell of the transcode bench; without `wall_s` one that holds no figures."""
    timed: dict[str, Any] = dict.fromkeys(
        ("wall_s", "cpu_s", "rss_peak_mb", "frames_per_s", "speed_x", "bytes_out", "vmaf_mean", "ssim")
    )
    if wall_s is not None:
        timed |= {"wall_s": wall_s, "wall_s_low": wall_s * 0.97, "wall_s_high": wall_s * 1.06}
        timed |= {"cpu_s": wall_s * 0.51, "rss_peak_mb": 143.2, "frames_per_s": 120 / wall_s}
        timed |= {"speed_x": 4 / wall_s, "bytes_out": round(412_000 / wall_s), "rounds": 3}
        timed |= {"cost_usd_per_asset": "0.0000123914"}
    named = {
        "media": media,
        "media_class": "screen recording",
        "rendition": rendition,
        "profile": "fargate-x86-0.5vcpu-1gb",
        "provenance": "emulated",
        "reason": None,
    }
    return named | timed | more


def bench() -> dict[str, Any]:
    """A small transcode bench: emulated, measured and skipped cells."""
    return {
        "cells": [
            bench_cell("screen-480p.gif", "preview_mp4", 2.31),
            bench_cell("screen-480p.gif", "webp", 4.87),
            bench_cell("noise-240p.gif", "preview_mp4", 0.92, profile="this machine", provenance="measured"),
            bench_cell(
                "noise-240p.gif",
                "webp",
                None,
                provenance="skipped",
                reason="this ffmpeg has no libwebp encoder",
            ),
        ],
        "ffmpeg": {"version": "9.0.2"},
        "machine": {},
    }


def validity() -> tuple[ValidityLimit, ...]:
    """The default thresholds, and what an ordinary run shows."""
    return (
        ValidityLimit(name="cpu_ratio_max", limit=0.9, default=0.9, observed=0.413),
        ValidityLimit(name="lag_ms_p99_max", limit=10, default=10, observed=1.21),
        ValidityLimit(name="lost_ratio_max", limit=0.01, default=0.01, observed=0.0),
    )


EDGE_CHECK = {
    "joined": 10471,
    "client_only": 0,
    "edge_only": 0,
    "without_id": 0,
    "torn_lines": 0,
    "mismatches": 0,
    "mismatched": [],
    "agree": True,
    "edge": cache_counts(9544, 12, 914, error=1),
    "client": cache_counts(9544, 12, 914, error=1),
}


def report_data(**changes: Any) -> ReportData:
    """An ordinary run, with `changes` to the record's fields; documents may leave out what doesn't matter."""
    fields: dict[str, Any] = {
        "summary": summary(),
        "run": run(),
        "rates": rates(),
        "flow_series": (
            flow_series("view", 880, 2.05),
            flow_series("short_link", 36, 2.6),
            flow_series("upload", 5, 22.0),
        ),
        "percentiles": (
            percentile_curve("view", 12341, 2.05),
            percentile_curve("short_link", 504, 2.6),
            percentile_curve("upload", 67, 22.0),
        ),
        "edge_check": EDGE_CHECK,
        "bench": bench(),
        "audit": cost_samples.audit(),
        "validity": validity(),
    }
    fields |= changes
    kinds = {"summary": Summary, "run": RunRecord, "edge_check": EdgeCheck, "audit": AuditRecord}
    records = {
        name: record_of(kind, fields[name]) for name, kind in kinds.items() if fields[name] is not None
    }
    return ReportData(**(fields | records))


def empty_report_data() -> ReportData:
    """A run in which nothing was due: interrupted before the first arrival."""
    nothing = figures(0, 1.0)
    generator = {"lag_ms_p99": None, "cpu_ratio_max": None}
    reason = "no request was sent in the measured window"
    return report_data(
        summary=summary(
            verdict="INCONCLUSIVE",
            reasons=["no request was due in the window"],
            objectives=[],
            total=nothing,
            flows=[],
            endpoints=[],
            behaviours=[],
            generator=generator,
            cost={"marginal_reason": reason, "loaded_reason": reason},
        ),
        run=run(interrupted=True),
        rates=None,
        flow_series=(),
        percentiles=(),
        edge_check=None,
        bench=None,
        audit=None,
        validity=(),
    )
