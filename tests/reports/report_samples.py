"""Made-up runs for the report's tests: an ordinary one, and builders of its parts for the odd ones."""

from __future__ import annotations

import math
from typing import Any

import cost_samples

from reports.report_data import FlowSeries, PercentileCurve, RateSeries, ReportData, ValidityLimit
from tests.support.filled_documents import record_of
from tidegauge.audit_record import AuditRecord
from tidegauge.edge_record import EdgeCheck
from tidegauge.run_record import RunRecord
from tidegauge.summary import Summary

QUANTILES = {"p50": (0.5, 5), "p90": (0.9, 29), "p95": (0.95, 59), "p99": (0.99, 299), "p999": (0.999, 2995)}
FLOWS = ("view", "short_link", "upload")


def times_ms(n: int, median: float) -> dict[str, Any]:
    """Quantiles that rise with the nines; null, and named as unsupported, where `n` is too small."""
    times: dict[str, Any] = {"n": n, "max": median * 19.37 if n else None, "unsupported": {}}
    for name, (quantile, needed) in QUANTILES.items():
        value = median * (1 + 2.1 * (-math.log10(1 - quantile) - 0.30103))
        if n < needed:
            times |= {name: None, f"{name}_low": None, f"{name}_high": None}
            times["unsupported"][name] = f"{n} of {needed}"
        else:
            times |= {name: value, f"{name}_low": value * 0.94, f"{name}_high": value * 1.09}
    return times


def cache_counts(hit: int, refresh_hit: int, miss: int, error: int = 0, none: int = 0) -> dict[str, Any]:
    """A `cache` mapping with both ratios; null ratios where nothing was asked for."""
    asked = hit + refresh_hit + miss + error
    return {
        "hit": hit,
        "refresh_hit": refresh_hit,
        "miss": miss,
        "error": error,
        "none": none,
        "hit_ratio_by_request": (hit + refresh_hit) / asked if asked else None,
        "hit_ratio_by_byte": 0.97 * (hit + refresh_hit) / asked if asked else None,
    }


def figures(
    n: int, median: float, *, cache: dict[str, Any] | None = None, causes: dict[str, int] | None = None
) -> dict[str, Any]:
    """Count, failures, both clocks and cache results, as summary.json has them for a row."""
    failures = sum((causes or {}).values())
    return {
        "count": n,
        "failures": failures,
        "failures_by_cause": causes or {},
        "rate_per_s": n / 60,
        "response_time_ms": times_ms(n - failures, median),
        "service_time_ms": times_ms(n - failures, median * 0.9),
        "cache": cache or cache_counts(0, 0, 0, none=n),
    }


def endpoint(flow: str, name: str, n: int, median: float, **more: Any) -> dict[str, Any]:
    """A row of `endpoints`."""
    return {"flow": flow, "endpoint": name, **figures(n, median, **more)}


def flow(name: str, sessions: int, n: int, median: float, **more: Any) -> dict[str, Any]:
    """A row of `flows`."""
    session_time_ms = times_ms(sessions, median * 40)
    return {
        "flow": name,
        "sessions": sessions,
        "session_time_ms": session_time_ms,
        **figures(n, median, **more),
    }


ENDPOINTS = [
    endpoint("view", "GET /v1/asset/{asset_id}", 1531, 3.42),
    endpoint(
        "view", "GET /transcode/{asset_id}/preview_mp4.mp4", 7102, 1.87, cache=cache_counts(6630, 12, 460)
    ),
    endpoint("view", "GET /assets/{asset_id}.gif", 2210, 2.31, cache=cache_counts(1903, 0, 307)),
    endpoint("view", "POST /v1/analytics/track", 1498, 4.1, causes={"timeout": 2, "status": 1}),
    endpoint("short_link", "GET /v1/s/{short_code}", 252, 2.9),
    endpoint("short_link", "GET /assets/{asset_id}.gif", 252, 2.2, cache=cache_counts(201, 0, 51)),
    endpoint("upload", "POST /v1/upload", 18, 11.8),
    endpoint("upload", "PUT upload part", 31, 24.0),
    endpoint("upload", "POST /v1/upload/complete", 18, 31.2),
]
BEHAVIOURS = [
    ("/api/*", 0, cache_counts(0, 0, 0, none=3317)),
    ("/assets/*.gif", 31536000, cache_counts(2104, 0, 358)),
    ("/assets/*.mp4", 31536000, cache_counts(0, 0, 0)),
    ("/cache/*", 86400, cache_counts(810, 0, 96, error=1)),
    ("/transcode/*", 3600, cache_counts(6630, 12, 460)),
    ("/*", 3600, cache_counts(0, 0, 0)),
]
OBJECTIVES = [
    {
        "target": "GET /v1/s/{short_code}",
        "objective": "p99_ms",
        "limit_ms": 50,
        "allowed_ratio": 0.01,
        "n": 252,
        "violations": 0,
        "observed_ratio": 0.0,
        "lower": 0.0,
        "upper": 0.01182,
        "state": "inconclusive",
    },
    {
        "target": "flow:view",
        "objective": "p99_ms",
        "limit_ms": 40,
        "allowed_ratio": 0.01,
        "n": 12341,
        "violations": 61,
        "observed_ratio": 0.004943,
        "lower": 0.003951,
        "upper": 0.006123,
        "state": "holds",
    },
    {
        "target": "total",
        "objective": "error_ratio",
        "limit_ratio": 0.0001,
        "allowed_ratio": 0.0001,
        "n": 12912,
        "violations": 3,
        "observed_ratio": 0.000232,
        "lower": 0.000063,
        "upper": 0.0006,
        "state": "broken",
    },
]


def line(service: str, unit: str, flow: str | None, quantity: str, price: str, amount: str) -> dict[str, Any]:
    """A priced line item."""
    return {
        "service": service,
        "unit": unit,
        "flow": flow,
        "tier": "first",
        "quantity": quantity,
        "price": price,
        "list_price": price,
        "list_unit": unit.replace("_", "-"),
        "amount": amount,
        "price_date": "2026-07-20",
        "source": "AWS price list, us-east-1",
        "attributes": {"geo": "us"} if service == "cloudfront" else {},
        "provenance": "counted",
    }


UNKNOWN = [
    {
        "service": "cloudfront",
        "unit": "lambda_edge_request",
        "flow": None,
        "reason": "no Lambda@Edge runs here",
    },
    {"service": "waf", "unit": "request", "flow": None, "reason": "the local stack has no firewall"},
]


def cost() -> dict[str, Any]:
    """The `cost` part of a summary: marginal known, loaded not."""
    return {
        "currency": "USD",
        "prices_dated": "2026-07-20",
        "marginal_per_1k_requests": "0.0214837219",
        "loaded_per_1k_requests": None,
        "loaded_reason": "the stack names no architecture, so its fixed hours are unknown",
        "by_flow": [
            {"flow": "view", "per_1k_requests": "0.0198120014", "per_1k_sessions": "0.158496011"},
            {"flow": "short_link", "per_1k_requests": "0.00300125", "per_1k_sessions": "0.0060025"},
            {"flow": "upload", "per_1k_requests": "0.91200000004", "per_1k_sessions": "8.2080000004"},
        ],
        "unknown": UNKNOWN,
        "lines": [
            line("cloudfront", "https_request", "view", "10843", "0.000001", "0.010843"),
            line("cloudfront", "egress_byte", "view", "3221225472", "0.0000000000791624188423", "0.255"),
            line("dynamodb", "read_request_unit", "short_link", "6.5", "0.000000125", "0.0000008125"),
            line("sqs", "standard_request", None, "1498", "0.0000004", "0.0005992"),
            line("fargate", "vcpu_second", "upload", "183.52", "0.0000112444444444", "0.0020635804"),
        ],
    }


def summary(**changes: Any) -> dict[str, Any]:
    """summary.json of an ordinary run that fails one objective."""
    causes = {"timeout": 2, "status": 1}
    document = {
        "schema_version": 1,
        "run_id": "20261103-141502-7",
        "verdict": "FAIL",
        "reasons": [
            "total: error_ratio 0.0001 is broken: 3 of 12,912 requests failed or were not sent (0.0232 %);"
            " at least 0.0063 % at 95 % confidence, 0.01 % may.",
        ],
        "objectives": OBJECTIVES,
        "total": figures(12912, 2.14, cache=cache_counts(9544, 12, 914, error=1, none=2441), causes=causes),
        "flows": [
            flow("view", 1531, 12341, 2.05, cache=cache_counts(9343, 12, 863, error=1), causes=causes),
            flow("short_link", 252, 504, 2.6, cache=cache_counts(201, 0, 51)),
            flow("upload", 18, 67, 22.0),
        ],
        "endpoints": ENDPOINTS,
        "behaviours": [{"path_pattern": p, "ttl_s": ttl, "cache": cache} for p, ttl, cache in BEHAVIOURS],
        "generator": {
            "rate_asked_per_s": 30.02,
            "rate_sent_per_s": 30.02,
            "lag_ms_p99": 1.21,
            "late": 0,
            "unsent": 0,
            "cpu_ratio_max": 0.413,
        },
        "cost": cost(),
    }
    return document | changes


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
