"""Usage of a run against the local stack: what clients received, and what the stack's parts consumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tidegauge.cost.metering.client_traffic import ClientRequests, edge_items, gateway_items
from tidegauge.cost.metering.local_counters import TaskSize, counted_by_stack
from tidegauge.cost.metering.local_gaps import NOT_COUNTED, NOTES
from tidegauge.cost.money import text, to_decimal
from tidegauge.cost.prices import Attributes
from tidegauge.cost.usage import Provenance, UnknownUsage, Usage, UsageItem

SEED_WORKER = TaskSize(vcpu=Decimal(2), memory_gb=Decimal(4))  # seed, section 3: media worker service


def worker_size(vcpu: float | None) -> TaskSize:
    """The task that a local worker stands for: the guide's, or one of its quota with as much memory a vCPU.

    2 GB a vCPU is a legal size of Fargate at each of its numbers of vCPUs.
    """
    if vcpu is None:
        return SEED_WORKER
    own = Decimal(str(vcpu))
    return TaskSize(vcpu=own, memory_gb=own * SEED_WORKER.memory_gb / SEED_WORKER.vcpu)


def usage_from_local(
    client: Sequence[ClientRequests],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    region: str,
    window_s: float,
    worker: TaskSize = SEED_WORKER,
) -> Usage:
    """Usage by flow from the clients' requests and two readings of the stack's counters.

    A route's units are spread over its requests; a flow gets as many shares as it sent requests in the
    window. What the route served besides (warm-up, other clients) stays out. Units without a request that
    explains them, such as an idle worker's polls, are shared (flow None). Without readings, whatever lies
    behind the API is unknown.
    """
    items = [*edge_items(client), *gateway_items(client)]
    unknown = list(NOT_COUNTED)
    if before is None or after is None:
        unknown += _unread_counters(client)
    else:
        items += counted_by_stack(client, before, after, worker)
    return Usage(
        region=region,
        window_s=Decimal(str(window_s)),  # the shortest decimal of the float, as documents write it
        items=tuple(merged_items(items)),
        unknown=tuple(unknown),
        notes=(*NOTES, _task_note(worker)),
    )


def _task_note(worker: TaskSize) -> str:
    size = f"{text(worker.vcpu)} vCPU and {text(worker.memory_gb)} GB"
    return (
        f"the worker's busy seconds are priced as a Fargate task of {size}; a local core is no Fargate vCPU"
    )


def _unread_counters(client: Sequence[ClientRequests]) -> Iterator[UnknownUsage]:
    reason = "the stack's counters could not be read, so the calls behind the API are not known"
    flows = sorted({row.flow for row in client if row.reaches_api})
    for flow in flows:
        for service, unit in (("dynamodb", "write_request_unit"), ("sqs", "standard_request")):
            yield UnknownUsage(flow=flow, service=service, unit=unit, reason=reason, blocking=True)


def merged_items(items: Sequence[UsageItem]) -> Iterator[UsageItem]:
    """Items of the same kind as one, in order of first appearance."""
    sums: dict[tuple[str | None, str, str, Attributes, Provenance], Fraction] = {}
    for item in items:
        key = (item.flow, item.service, item.unit, item.attributes, item.provenance)
        sums[key] = sums.get(key, Fraction(0)) + Fraction(item.quantity)
    for (flow, service, unit, attributes, provenance), quantity in sums.items():
        yield UsageItem(
            flow=flow,
            service=service,
            unit=unit,
            attributes=attributes,
            quantity=to_decimal(quantity),
            provenance=provenance,
        )
