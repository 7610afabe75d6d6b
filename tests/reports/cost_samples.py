"""A made-up estimate and its audit, for the report's tests: sums by hand, sources of three kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRICE_LIST = {"price_date": "2026-09-25", "source": "ElastiCache price list", "confidence": "H"}
GOLDEN = {"price_date": "2024-07", "source": "golden files", "confidence": "M"}
ASSUMED = {"price_date": None, "source": "unverified assumption", "confidence": "L"}


def priced(
    service: str, unit: str, quantity: str, price: str, amount: str, origin: Mapping[str, str | None]
) -> dict[str, Any]:
    """A priced item of an audited line."""
    return {
        "service": service,
        "unit": unit,
        "attributes": {},
        "flow": None,
        "tier": "all",
        "quantity": quantity,
        "price": price,
        "list_price": price,
        "list_unit": unit.replace("_", "-"),
        "amount": amount,
        "provenance": "estimated",
        "note": "",
        **origin,
    }


def finding(code: str, message: str) -> dict[str, str]:
    """A finding."""
    return {"code": code, "message": message}


def audited_line(**changes: Any) -> dict[str, Any]:
    """A line that prices 3 nodes of 6 at $0.226: 495 of 4380 x 0.206 = 902.28."""
    line = {
        "id": "redis",
        "text": "cache.r6g.large × 3 nodes = $495",
        "service": "elasticache",
        "unit": "node_hour",
        "attributes": {},
        "flow": None,
        "formula": "3 nodes × 730 hours × $0.226/hour",
        "estimate": "495",
        "corrected": "902.28",
        "difference": "407.28",
        "basis": "architecture",
        "findings": [
            finding("quantity", "the estimate prices 3 nodes, the architecture has 6 nodes"),
            finding("price", "$0.226 is not the price of a node-hour, $0.206"),
        ],
        "priced": [priced("elasticache", "node_hour", "4380", "0.206", "902.28", PRICE_LIST)],
    }
    return line | changes


def kept_line() -> dict[str, Any]:
    """A line without a quantity, which stays as it is."""
    return audited_line(
        id="logs",
        text="CloudWatch Logs: ~$10",
        service="cloudwatch",
        formula=None,
        estimate="10",
        corrected="10",
        difference="0",
        basis="kept",
        findings=[],
        priced=[],
    )


def absent(resource: str, service: str, amount: str | None, **changes: Any) -> dict[str, Any]:
    """What no line has; without an amount because the scenario lacks `nat_gb_per_month`."""
    row = {
        "resource": resource,
        "resource_type": f"AWS::{service}",
        "service": service,
        "unit": None if amount is None else "gateway_hour",
        "amount": amount,
        "needs": ["nat_gb_per_month"] if amount is None else [],
        "why": "GB through the NAT gateways" if amount is None else "",
        "priced": [] if amount is None else [priced(service, "gateway_hour", "1", amount, amount, GOLDEN)],
    }
    return row | changes


def what_if(title: str, saves: str | None, after: str | None, **changes: Any) -> dict[str, Any]:
    """A change to the month of 978.235."""
    row = {
        "id": title.lower(),
        "title": title,
        "before": "978.235",
        "after": after,
        "saves_usd_per_month": saves,
        "message": f"{title} takes the same load",
        "confidence": "H",
        "assumptions": [],
    }
    return row | changes


WHAT_IFS = [
    what_if("Valkey", "180.456", "797.779", assumptions=["commands are the same"]),
    what_if("Plan Business", "-200", "1178.235", confidence="M"),
    what_if("Plan Free", None, None, message="the traffic does not fit"),
]


def elsewhere(**changes: Any) -> dict[str, Any]:
    """The month of 978.235 at another provider, for 75.7: 10 + 65.7 stay."""
    document = {
        "name": "Cloudflare",
        "aws": "978.235",
        "there": "75.7",
        "saves_usd_per_month": "902.535",
        "confidence": "M",
        "rows": [
            {
                "service": "elasticache",
                "unit": "node_hour",
                "fate": "gone",
                "aws": "902.535",
                "there": "0",
                "how": "Durable Objects",
                "priced": [priced("durable_objects", "request", "5", "0", "0", ASSUMED)],
            },
            {
                "service": "as estimated",
                "unit": None,
                "fate": "kept",
                "aws": "75.7",
                "there": "75.7",
                "how": "amounts without units stay",
                "priced": [],
            },
        ],
        "assumptions": ["data moves once, which is not counted"],
    }
    return document | changes


def audit(**changes: Any) -> dict[str, Any]:
    """An audited estimate: 505 as stated; 902.28 + 10 + 65.7 + 0.255 = 978.235 corrected."""
    document = {
        "schema_version": 1,
        "name": "launch",
        "region": "us-east-1",
        "currency": "USD",
        "tolerance": "0.1",
        "deviation": "0.4837641262069",
        "within_tolerance": False,
        "estimate_total": "505",
        "corrected_total": "978.235",
        "totals": {"redis_oss": "978.235", "valkey": "797.779"},
        "fixed_monthly": "967.98",
        "complete": False,
        "unpriced": [
            {
                "file": "stack.yaml",
                "resource": "NatA",
                "type": "AWS::EC2::NatGateway",
                "property": None,
                "reason": "GB through the NAT gateways: the scenario does not say nat_gb_per_month",
            }
        ],
        "free": [],
        "architecture": [
            {
                "resource": "NatA",
                "resource_type": "AWS::EC2::NatGateway",
                "file": "stack.yaml",
                "fixed_monthly": "32.85",
                "usage": [
                    {
                        "service": "nat",
                        "unit": "processed_byte",
                        "quantity": None,
                        "needs": ["nat_gb_per_month"],
                        "how": "GB through the NAT gateways",
                    },
                    {
                        "service": "vpc",
                        "unit": "public_ipv4_hour",
                        "quantity": "730",
                        "needs": [],
                        "how": "around the clock",
                    },
                ],
            }
        ],
        "lines": [audited_line(), kept_line()],
        "absent": [
            absent("Metrics", "cloudwatch", "0.255", priced=[]),
            absent("NatA, NatB", "nat", "65.7"),
            absent("NatA", "nat", None),
        ],
        "findings": [finding("nothing_scales", "no scalable target is registered")],
        "claims": [
            {
                "id": "staging",
                "text": "Staging: ~$150/month",
                "findings": [finding("no_breakdown", "$150.00 a month has no breakdown")],
            }
        ],
        "what_ifs": WHAT_IFS,
        "elsewhere": [elsewhere()],
        "assumptions": ["load_balancer_lcu = 1: mean LCUs of the load balancer"],
        "old_prices": ["nat gateway_hour: of 2024-07, more than 365 days ago"],
    }
    return document | changes


def known_cost() -> dict[str, Any]:
    """A cost by flow and service with its loaded curve: 3.6 USD an hour make 1/r USD per 1,000 at r a second.

    Half of the loaded cost is fixed at 50 a second, where 1/r is the marginal 0.02.
    """
    rates = [12.5 * 2.0**doublings for doublings in range(-4, 8)]
    flows = {
        "view": ("0.016", {"cloudfront": "0.012", "s3": "0.004"}),
        "short_link": ("0.08", {"dynamodb": "0.08"}),
        "upload": (None, {}),
    }
    return {
        "currency": "USD",
        "prices_dated": "2024-07",
        "requests": 953,
        "requests_sent": 532,
        "requests_answered": 500,
        "marginal_per_1k_requests": "0.02",
        "loaded_per_1k_requests": "0.1",
        "by_service": parts({"cloudfront": "0.011", "dynamodb": "0.005", "s3": "0.0035", "sqs": "0.0005"}),
        "by_flow": [
            {
                "flow": flow,
                "requests": 600,
                "requests_answered": 300,
                "sessions": 60,
                "sessions_answered": 20,
                "per_1k_requests": whole,
                "per_1k_sessions": None,
                "by_service": parts(spent),
                "reason": None if whole else "no usage is known of flow upload",
            }
            for flow, (whole, spent) in flows.items()
        ],
        "lines": [
            priced("cloudfront", "https_request", "10000", "0.000001", "0.01", PRICE_LIST) | {"flow": "view"},
            priced("sqs", "fifo_request", "1000", "0.0000005", "0.0005", GOLDEN),
        ],
        "fixed": {
            "hourly": "3.6",
            "items": [
                priced("nat", "gateway_hour", "80", "0.045", "3.6", GOLDEN)
                | {"resource": "Nat", "resource_type": "AWS::EC2::NatGateway", "hourly": "3.6"}
                | {"monthly": "2628"}
            ],
        },
        "loaded_curve": {
            "fixed_hourly": "3.6",
            "marginal_per_1k_requests": "0.02",
            "measured_rate_per_s": 12.5,
            "half_rate_per_s": 50.0,
            "points": [
                {
                    "rate_per_s": rate,
                    "marginal_per_1k": "0.02",
                    "fixed_per_1k": str(1 / rate),
                    "counted_once_per_1k": "0",
                    "loaded_per_1k_requests": str(0.02 + 1 / rate),
                }
                for rate in rates
            ],
        },
    }


def parts(spent: Mapping[str, str]) -> list[dict[str, str]]:
    """Each service's part of a cost per 1,000 requests."""
    return [{"service": service, "per_1k_requests": amount} for service, amount in spent.items()]
