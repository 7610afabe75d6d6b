"""What clients asked of the edge and the API, as CloudFront, S3 and API Gateway would bill it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegauge.cost.prices import Attributes, sorted_attributes
from tidegauge.cost.usage import UsageItem

API_PATH = "/api"  # the edge maps it to the API and never caches it
WEBSOCKET = "GET /ws"
US = (("geo", "us"),)
STANDARD = (("storage_class", "standard"),)
FETCHED = ("miss", "refresh_hit")  # from the bucket; S3 bills the conditional GET of a refresh as well


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRequests:
    """Requests of one flow to one endpoint with one cache result, failed ones among them."""

    flow: str
    endpoint: str  # method and path template
    base: str  # api, cdn or other
    requests: int  # answered
    received_bytes: int  # body bytes
    cache: str = "none"  # hit, refresh_hit, miss, error; none without X-Cache
    behaviour: str | None = None  # path pattern of the cache behaviour, where the stack names them
    sent_bytes: int = 0  # body bytes of the requests themselves
    unanswered: int = 0  # went out, but no answer came: what the stack did for them was for nothing

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
    def is_upload(self) -> bool:
        """Whether it is a PUT to a presigned address, neither of the API nor of the edge."""
        return self.base == "other" and self.endpoint.startswith("PUT ")

    @property
    def _is_api_through_edge(self) -> bool:
        return self.base == "cdn" and self.endpoint.partition(" ")[2].startswith(f"{API_PATH}/")


def edge_items(client: Sequence[ClientRequests]) -> Iterator[UsageItem]:
    """What CloudFront bills, and S3 for what the edge had to fetch."""
    for row in client:
        if row.base != "cdn" or not row.requests:
            continue
        behaviour = () if row.behaviour is None else (("behaviour", row.behaviour),)
        result = sorted_attributes(dict((*US, *behaviour, ("cache", row.cache))))
        yield _counted(row.flow, "cloudfront", "https_request", result, row.requests)
        yield _counted(
            row.flow,
            "cloudfront",
            "egress_byte",
            sorted_attributes(dict((*US, *behaviour))),
            row.received_bytes,
        )
        if row.reaches_api and row.sent_bytes:
            yield _counted(row.flow, "cloudfront", "origin_transfer_byte", US, row.sent_bytes)
        if row.cache in FETCHED and not row.reaches_api:
            fetched = sorted_attributes(dict((*STANDARD, *behaviour)))
            yield _counted(row.flow, "s3", "get_request", fetched, row.requests)


def gateway_items(client: Sequence[ClientRequests], unit: str | None) -> Iterator[UsageItem]:
    """What API Gateway bills for the requests that it would pass on; WebSockets are billed otherwise.

    A `unit` of None: there is no API Gateway.
    """
    for row in client:
        if unit and row.requests and row.reaches_api and row.route != WEBSOCKET:
            yield _counted(row.flow, "apigateway", unit, (), row.requests)


def transfer_items(client: Sequence[ClientRequests]) -> Iterator[UsageItem]:
    """Bodies that leave AWS otherwise than by the CDN: answers of the API itself, and of buckets."""
    for row in client:
        if row.base != "cdn" and row.received_bytes:
            yield _counted(row.flow, "data_transfer", "internet_byte", (), row.received_bytes)


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
