"""Short ways to say usage and to price it, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.architecture.fixed import FixedCost, price_architecture
from tidegauge.cost.lines import PricedUsage, price_usage
from tidegauge.cost.per_request import Counts, FlowCounts
from tidegauge.cost.usage import UnknownUsage, Usage, UsageItem

BOOK = read_prices("us-east-1")
GB = 2**30
TB = 2**40


def item(
    service: str,
    unit: str,
    quantity: int | str,
    attributes: Mapping[str, str] | None = None,
    flow: str | None = "view",
) -> UsageItem:
    return UsageItem(
        flow=flow,
        service=service,
        unit=unit,
        attributes=tuple(sorted((attributes or {}).items())),
        quantity=Decimal(quantity),
        provenance="counted",
    )


def usage(*items: UsageItem, unknown: tuple[UnknownUsage, ...] = ()) -> Usage:
    return Usage(region="us-east-1", window_s=Decimal(60), items=items, unknown=unknown)


def marginal(*items: UsageItem) -> PricedUsage:
    return price_usage(usage(*items), BOOK, marginal=True)


def month(*items: UsageItem, free_tier: bool = False) -> PricedUsage:
    return price_usage(usage(*items), BOOK, marginal=False, free_tier=free_tier)


def total(priced: PricedUsage) -> Decimal:
    assert priced.total is not None
    return priced.total


def fixed(template: str, parameters: Mapping[str, str] | None = None) -> FixedCost:
    return price_architecture({"stack.yaml": template}, BOOK, parameters=parameters)


def counts(answered: int, sent: int | None = None, asked: int | None = None) -> Counts:
    """As many sent as answered, and asked as sent, where nothing else is said."""
    sent = answered if sent is None else sent
    return Counts(asked=sent if asked is None else asked, sent=sent, answered=answered)


def answered(requests: Mapping[str, int], sessions: Mapping[str, int]) -> list[FlowCounts]:
    """Flows of which every request and session was answered."""
    return [
        FlowCounts(flow=flow, requests=counts(requests.get(flow, 0)), sessions=counts(sessions.get(flow, 0)))
        for flow in dict.fromkeys([*requests, *sessions])
    ]


def document(**changes: Any) -> dict[str, Any]:
    """A legal usage.json with some of its top-level keys changed."""
    row = {
        "flow": "view",
        "service": "cloudfront",
        "unit": "https_request",
        "attributes": {"geo": "us"},
        "quantity": "85000",
        "provenance": "counted",
    }
    return {"schema_version": 1, "region": "us-east-1", "window_s": 60, "items": [row]} | changes


def changed_item(**changes: Any) -> dict[str, Any]:
    """The same document with its only item changed."""
    legal = document()
    return legal | {"items": [legal["items"][0] | changes]}
