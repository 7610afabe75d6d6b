"""What clients asked of the edge and the API, as CloudFront, S3 and API Gateway would bill it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegauge.cost.prices import Attributes
from tidegauge.cost.usage import UsageItem

API_PATH = "/api"  # the edge maps it to the API and never caches it
WEBSOCKET = "GET /ws"
US = (("geo", "us"),)
STANDARD = (("storage_class", "standard"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRequests:
    """Answered requests of one flow to one endpoint in the measured window, failed ones among them."""

    flow: str
    endpoint: str  # method and path template
    base: str  # api, cdn or other
    requests: int
    received_bytes: int  # body bytes
    cache_misses: int = 0  # X-Cache Miss, cdn only
    refresh_hits: int = 0  # X-Cache RefreshHit, cdn only: S3 bills the conditional GET

    @property
    def reaches_api(self) -> bool:
        """Whether the API answers it, directly or through the edge."""
        return self.base == "api" or self._is_api_through_edge

    @property
    def route(self) -> str:
        """The API's own name of the endpoint."""
        method, _space, path = self.endpoint.partition(" ")
        return f"{method} {path.removeprefix(API_PATH)}" if self._is_api_through_edge else self.endpoint

    @property
    def _is_api_through_edge(self) -> bool:
        return self.base == "cdn" and self.endpoint.partition(" ")[2].startswith(f"{API_PATH}/")


def edge_items(client: Sequence[ClientRequests]) -> Iterator[UsageItem]:
    """What CloudFront bills, and S3 for what the edge had to fetch."""
    for row in client:
        if row.base != "cdn":
            continue
        yield _counted(row.flow, "cloudfront", "https_request", US, row.requests)
        yield _counted(row.flow, "cloudfront", "egress_byte", US, row.received_bytes)
        fetches = row.cache_misses + row.refresh_hits
        if fetches and not row.reaches_api:
            yield _counted(row.flow, "s3", "get_request", STANDARD, fetches)


def gateway_items(client: Sequence[ClientRequests]) -> Iterator[UsageItem]:
    """What API Gateway bills for the requests that it would pass on; WebSockets are billed otherwise."""
    for row in client:
        if row.reaches_api and row.route != WEBSOCKET:
            yield _counted(row.flow, "apigateway", "http_request", (), row.requests)


def _counted(flow: str, service: str, unit: str, attributes: Attributes, quantity: int) -> UsageItem:
    """Units that clients caused one by one."""
    return UsageItem(
        flow=flow,
        service=service,
        unit=unit,
        attributes=attributes,
        quantity=Decimal(quantity),
        provenance="counted",
    )
