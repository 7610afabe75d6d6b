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
        "architecture": [],
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
        "what_ifs": [],
        "assumptions": ["load_balancer_lcu = 1: mean LCUs of the load balancer"],
        "old_prices": ["nat gateway_hour: of 2024-07, more than 365 days ago"],
    }
    return document | changes
