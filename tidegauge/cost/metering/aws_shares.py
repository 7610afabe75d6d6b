"""Whose requests caused what AWS metered: the run's flows in the window, the rest of the run, others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.metering.aws_metered import AwsMetered
from tidegauge.cost.metering.client_traffic import FETCHED, ClientRequests

Chosen = Callable[[ClientRequests], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequests:
    """Answered requests of the measured window, and of the whole run with warm-up and drain."""

    window: Sequence[ClientRequests]
    whole_run: Sequence[ClientRequests]

    @property
    def edge_requests(self) -> int:
        """Requests of the whole run that the CDN answered."""
        return self.count(_is_edge)

    @property
    def edge_bytes(self) -> int:
        """Body bytes of these."""
        return sum(row.received_bytes for row in self.whole_run if _is_edge(row))

    @property
    def edge_fetches(self) -> int:
        """Requests of the whole run that the CDN had to fetch from a bucket."""
        return self.count(lambda row: _is_edge(row) and row.cache in FETCHED and not row.reaches_api)

    @property
    def uploads(self) -> int:
        """PUTs of the whole run to presigned addresses of a bucket."""
        return self.count(lambda row: row.is_upload)

    @property
    def api_requests(self) -> int:
        """Requests of the whole run that the API answered."""
        return self.count(_is_api)

    @property
    def api_flows(self) -> list[str]:
        """Flows that reached the API in the window."""
        return sorted({row.flow for row in self.window if row.reaches_api})

    def count(self, chosen: Chosen) -> int:
        """Chosen requests of the whole run."""
        return sum(row.requests for row in self.whole_run if chosen(row))


class Shares:
    """{flow: its share of some units}; None is shared. What adds up to less than 1 lay outside the window."""

    def __init__(self, run: RunRequests, metered: AwsMetered) -> None:
        self._run, self._causes = run, metered.causes
        counted = api_requests_metered(metered)
        self._api_metered = Decimal(0) if counted is None else counted
        self._edge_metered = sum((row.total for row in metered.of("cloudfront", "Requests")), Decimal(0))

    def of_edge(self) -> dict[str | None, Fraction]:
        """By the requests that the CDN answered; others' are shared."""
        own = self._run.edge_requests
        return self._by(_is_edge, own, _own_part(own, self._edge_metered))

    def of_edge_function(self, name: str) -> dict[str | None, Fraction]:
        """By the CDN's requests to the endpoints that [aws.causes] names; by all, where it names none."""
        routes = self._causes.get(name)
        if routes is None:
            return self.of_edge()
        own = _own_part(self._run.edge_requests, self._edge_metered)
        return self._by(
            lambda row: _is_edge(row) and {row.endpoint, row.route} & {*routes} != set(), None, own
        )

    def of_api(self) -> dict[str | None, Fraction]:
        """By the requests that the API answered; others' are shared."""
        return self._by(_is_api, self._run.api_requests, self._own)

    def of_resource(self, name: str) -> dict[str | None, Fraction]:
        """By the endpoints that [aws.causes] names; by all, where one flow reaches the API; else shared."""
        routes = self._causes.get(name)
        if routes is not None:
            return self._by(lambda row: row.reaches_api and row.route in routes, None, self._own)
        shares = self.of_api()
        if len(self._run.api_flows) <= 1:
            return shares
        return {None: sum(shares.values(), Fraction(0))}

    @property
    def _own(self) -> Fraction:
        """The run's part of the API's requests."""
        return _own_part(self._run.api_requests, self._api_metered)

    def _by(self, chosen: Chosen, total: int | None, own: Fraction) -> dict[str | None, Fraction]:
        requests = self._run.count(chosen) if total is None else total
        if not requests:
            return {None: Fraction(1)}
        flows: dict[str | None, int] = defaultdict(int)
        for row in self._run.window:
            if chosen(row):
                flows[row.flow] += row.requests
        shares = {flow: own * Fraction(count, requests) for flow, count in flows.items()}
        return shares | ({None: 1 - own} if own < 1 else {})


def api_requests_metered(metered: AwsMetered) -> Decimal | None:
    """What API Gateway counted, or the load balancer; None where neither is named."""
    for series in (metered.of("api", "Count"), metered.of("load_balancer", "RequestCount")):
        if series:
            return sum((row.total for row in series), Decimal(0))
    return None


def _own_part(own: int, metered: Decimal) -> Fraction:
    return Fraction(own) / max(Fraction(own), Fraction(metered)) if own else Fraction(0)


def _is_edge(row: ClientRequests) -> bool:
    return row.base == "cdn"


def _is_api(row: ClientRequests) -> bool:
    return row.reaches_api
