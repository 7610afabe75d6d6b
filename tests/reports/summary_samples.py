"""A made-up summary.json and builders of its rows, for the report's tests."""

from __future__ import annotations

import math
from typing import Any

QUANTILES = {"p50": (0.5, 5), "p90": (0.9, 29), "p95": (0.95, 59), "p99": (0.99, 299), "p999": (0.999, 2995)}
FLOWS = ("view", "short_link", "upload")


def times_ms(n: int, median: float) -> dict[str, Any]:
    """Quantiles that rise with the nines; null, and named as unsupported, where `n` is too small."""
    times: dict[str, Any] = {"n": n, "max": median * 19.37 if n else None, "unsupported": {}}
    times["effective_n"] = dict.fromkeys(QUANTILES, n // 3)
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


def share(events: int, n: int) -> dict[str, Any]:
    """A share with bounds about it."""
    if not n:
        return {"value": None, "low": None, "high": None, "effective_n": None}
    value = events / n
    return {"value": value, "low": value * 0.9, "high": min(value * 1.1, 1.0), "effective_n": n // 3}


def hit_share(cache: dict[str, Any]) -> dict[str, Any]:
    """The hit ratio by request, where there is one."""
    hits = cache["hit"] + cache["refresh_hit"]
    return share(hits, hits + cache["miss"] + cache["error"])


def figures(
    n: int, median: float, *, cache: dict[str, Any] | None = None, causes: dict[str, int] | None = None
) -> dict[str, Any]:
    """Count, failures, both clocks and cache results, as summary.json has them for a row."""
    failures = sum((causes or {}).values())
    cache = cache or cache_counts(0, 0, 0, none=n)
    return {
        "count": n,
        "sent": n,
        "answered": n,
        "failures": failures,
        "failures_by_cause": causes or {},
        "rate_per_s": n / 60,
        "rate_sent_per_s": n / 60,
        "rate_answered_per_s": n / 60,
        "response_time_ms": times_ms(n - failures, median),
        "service_time_ms": times_ms(n - failures, median * 0.9),
        "error_ratio": share(failures, n),
        "cache": cache,
        "hit_ratio": hit_share(cache),
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
        "sessions_sent": sessions,
        "sessions_answered": sessions,
        "session_failures": 3,
        "session_time_ms": session_time_ms,
        "scheduled": sessions + 5,
        "lag_ms_p99": 0.4321,
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
        "effective_n": 201,
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
        "effective_n": 9120,
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
        "behaviours": [
            {"path_pattern": p, "ttl_s": ttl, "cache": cache, "hit_ratio": hit_share(cache)}
            for p, ttl, cache in BEHAVIOURS
        ],
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
