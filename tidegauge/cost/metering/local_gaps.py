"""What AWS would bill for a run against the local stack, but nobody counts there, and of what order it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from tidegauge.cost.metering.client_traffic import WEBSOCKET, ClientRequests
from tidegauge.cost.metering.from_templates import ESTIMATED, FromTemplates
from tidegauge.cost.usage import UnknownUsage

NOTES = (
    "the local edge speaks HTTP; its requests are priced as HTTPS, as CloudFront would serve them",
    "all requests are priced as if they came from the United States",
    "DynamoDB units follow the sizes of the items by its published rules, in a stand-in of DynamoDB",
    "polls of the queues that bring nothing are shared: no request caused them",
    "a consumer batch that holds both events and clicks is received and deleted for the events",
    "what runs around the clock (tasks of the API, cache nodes) and what is kept (objects, items, logs, "
    "images) is billed by the hour or month, not by a request",
    "neither errors of the edge are counted as fetches from S3 nor parts of uploads that never completed",
)

HEADERS = (
    "cloudfront",
    "egress_byte",
    500_000,
    "response headers, at 500 bytes each: only bodies are counted",
)
MESSAGES = ("apigateway", "websocket_message", 1000, "messages on /ws, at one a request")
# (service, unit, units of 1,000 requests, what is not counted and at how many a request)
OTHERS = (
    ("waf", "request", 1000, "a web ACL that inspects each request once"),
    ("lambda_edge", "request", 2000, "Lambda@Edge, at two viewer triggers a request"),
    ("alb", "lcu_hour", Decimal("0.0111"), "a load balancer, at a new connection a request"),
    ("nat", "processed_byte", 1024_000, "NAT gateways, at 1 KB a request"),
    ("cloudwatch", "log_ingested_byte", 1024_000, "logs, at 1 KB a request"),
    ("xray", "trace_recorded", 1000, "X-Ray, at a trace a request"),
    ("kms", "request", 1000, "KMS, at a call a request"),
    ("route53", "query", 1000, "DNS, at a query a request"),
)
NO_TEMPLATES = "; the stack file names no templates (architecture) that say whether there is one"


def not_counted(client: Sequence[ClientRequests], told: FromTemplates | None) -> list[UnknownUsage]:
    """What lies outside the figures of a run: of what the templates hold, or could where there are none."""
    found = [gap(*HEADERS)] if any(row.base == "cdn" for row in client) else []
    if any(row.route == WEBSOCKET for row in client):
        found.append(gap(*MESSAGES))
    return [*found, *untold(OTHERS, told)]


def untold(
    rows: Sequence[tuple[str, str, int | Decimal, str]],
    told: FromTemplates | None,
    known: Collection[tuple[str, str]] = (),
) -> list[UnknownUsage]:
    """Those of `rows` that templates hold and do not tell of; all but the `known` ones without templates."""
    if told is None:
        return [
            gap(service, unit, units, reason + NO_TEMPLATES)
            for service, unit, units, reason in rows
            if (service, unit) not in known
        ]
    held = told.units - ESTIMATED
    return [*(gap(*row) for row in rows if row[:2] in held), *told.unknown]


def gap(service: str, unit: str, units_per_1k: int | Decimal, reason: str) -> UnknownUsage:
    """Usage outside the figures, with the units that give its order of size."""
    return UnknownUsage(
        flow=None,
        service=service,
        unit=unit,
        reason=reason,
        blocking=False,
        units_per_1k=Decimal(units_per_1k),
    )
