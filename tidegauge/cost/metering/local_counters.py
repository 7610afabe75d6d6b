"""The local stack's counters between two readings, spread over the flows whose requests caused them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.metering.spread import cut
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, sorted_attributes
from tidegauge.cost.usage import Provenance, UsageItem, parse_quantity
from tidegauge.errors import TidegaugeError

FARGATE = (("arch", "x86"), ("capacity", "on_demand"))
# Whose requests cause the asynchronous work of a part, by the part's name in the counters.
CAUSES = {
    "worker": "POST /v1/upload/complete",
    "analytics-consumer": "POST /v1/analytics/track",
    "clicks-consumer": "GET /v1/s/{short_code}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSize:
    """The Fargate task on which the local worker's work would run."""

    vcpu: Decimal
    memory_gb: Decimal


def counted_by_stack(
    client: Sequence[ClientRequests], before: Mapping[str, Any], after: Mapping[str, Any], worker: WorkerSize
) -> list[UsageItem]:
    """Everything that the counters gained from `before` to `after`, by flow (exit 2 if they are damaged)."""
    try:
        return list(_Spread(client, before, after).items(worker))
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise TidegaugeError(
            f"the stack's counters cannot be read: {type(error).__name__} {error!s:.80}",
            "do the stack and this program have the same version?",
        ) from None


class _Spread:
    """The stack's counters between two readings, and each flow's share of a route."""

    def __init__(
        self, client: Sequence[ClientRequests], before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        self._before, self._after = before, after
        self._client: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in client:
            if row.reaches_api:
                self._client[row.route][row.flow] += row.requests + row.unanswered

    def items(self, worker: WorkerSize) -> Iterator[UsageItem]:
        """Everything that the counters say, by flow; the worker's time as Fargate seconds."""
        earlier, later = _counters(self._before), _counters(self._after)
        for key in {**later, **earlier}:  # one that is gone went back to zero
            route, service, unit, attributes = key
            zero = Decimal(0)
            grown = _grown(later.get(key, zero), earlier.get(key, zero), f"{route} {service} {unit}")
            provenance: Provenance = "metered" if service == "dynamodb" else "counted"
            yield from self._shared_out(
                CAUSES.get(route, route), service, unit, attributes, grown, provenance=provenance
            )
        busy_s = _grown(_busy_s(self._after), _busy_s(self._before), "worker busy_s")
        for unit, size in (("vcpu_second", worker.vcpu), ("gb_second", worker.memory_gb)):
            yield from self._shared_out(
                CAUSES["worker"], "fargate", unit, FARGATE, busy_s * size, provenance="estimated"
            )

    def _shared_out(
        self,
        route: str,
        service: str,
        unit: str,
        attributes: Attributes,
        quantity: Decimal,
        *,
        provenance: Provenance,
    ) -> Iterator[UsageItem]:
        """`quantity` by flow; the route's own count may exceed the window's, never the other way round."""
        flows = self._client[route]
        seen = sum(flows.values())
        served = max(self._served(route), seen)
        if quantity and not served:
            yield _item(None, service, unit, attributes, quantity, provenance)
        left = cut(Fraction(quantity) * seen / served) if seen else Fraction(0)
        for number, (flow, requests) in enumerate(flows.items(), start=1):
            share = left if number == len(flows) else min(left, cut(Fraction(quantity) * requests / served))
            left -= share
            if share:
                yield _item(flow, service, unit, attributes, to_decimal(share), provenance)

    def _served(self, route: str) -> int:
        """Requests of `route` that the stack counted between the readings."""
        before, after = (
            Decimal(reading.get("routes", {}).get(route, {}).get("requests", 0))
            for reading in (self._before, self._after)
        )
        return int(_grown(after, before, route))


def _counters(reading: Mapping[str, Any]) -> dict[tuple[str, str, str, Attributes], Decimal]:
    return {
        (row["route"], row["service"], row["unit"], sorted_attributes(row["attributes"])): parse_quantity(
            row["quantity"], f"counter {row['route']} {row['service']} {row['unit']}"
        )
        for row in reading.get("counters", [])
    }


def _busy_s(reading: Mapping[str, Any]) -> Decimal:
    return parse_quantity(reading.get("worker", {}).get("busy_s", 0), "worker busy_s")


def _grown(after: Decimal, before: Decimal, what: str) -> Decimal:
    if after < before:
        raise TidegaugeError(
            f"the stack's counter of {what} went back from {before} to {after}",
            "a part was restarted during the run, so its usage is lost; run again",
        )
    return after - before


def _item(
    flow: str | None,
    service: str,
    unit: str,
    attributes: Attributes,
    quantity: Decimal,
    provenance: Provenance,
) -> UsageItem:
    return UsageItem(
        flow=flow,
        service=service,
        unit=unit,
        attributes=attributes,
        quantity=quantity,
        provenance=provenance,
    )
