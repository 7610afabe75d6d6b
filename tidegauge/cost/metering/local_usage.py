"""Usage of a run against the local stack: what clients received, and what the stack's parts consumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tidegauge.cost.metering.client_traffic import ClientRequests, edge_items, gateway_items, transfer_items
from tidegauge.cost.metering.from_templates import FromTemplates, gateway_unit
from tidegauge.cost.metering.local_counters import WorkerSize, counted_by_stack
from tidegauge.cost.metering.local_gaps import NOTES, not_counted
from tidegauge.cost.metering.spread import merged_items
from tidegauge.cost.money import text
from tidegauge.cost.usage import UnknownUsage, Usage

GATEWAY_NOTE = "each API request is priced as one of API Gateway, though none stands before the local API"
SEED_WORKER = WorkerSize(vcpu=Decimal(2), memory_gb=Decimal(4))  # seed, section 3: media worker service


def worker_size(vcpu: float | None) -> WorkerSize:
    """The task that a local worker stands for: the guide's, or its own vCPUs with memory in proportion.

    2 GB a vCPU is a legal size of Fargate at each of its numbers of vCPUs.
    """
    if vcpu is None:
        return SEED_WORKER
    own = Decimal(str(vcpu))
    return WorkerSize(vcpu=own, memory_gb=own * SEED_WORKER.memory_gb / SEED_WORKER.vcpu)


def usage_from_local(
    client: Sequence[ClientRequests],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    region: str,
    window_s: float,
    worker: WorkerSize = SEED_WORKER,
    told: FromTemplates | None = None,
) -> Usage:
    """Usage by flow from the clients' requests and two readings of the stack's counters.

    A route's units are spread over its requests; a flow gets as many shares as it sent requests in the
    window, those without an answer among them: what they used is a cost of the answered ones. What the route
    served besides (warm-up, other clients) stays out. Units without a request that explains them, such as an
    idle worker's polls, are shared (flow None). Without readings, whatever lies behind the API is unknown.
    `told` is what the stack's templates add.
    """
    gateway = gateway_unit(told)
    items = [*edge_items(client), *transfer_items(client), *gateway_items(client, gateway)]
    items += told.items if told else ()
    unknown = not_counted(client, told)
    if before is None or after is None:
        unknown += _unread_counters(client)
    else:
        items += counted_by_stack(client, before, after, worker)
    return Usage(
        region=region,
        window_s=Decimal(str(window_s)),  # the shortest decimal of the float, as documents write it
        items=tuple(merged_items(items)),
        unknown=tuple(unknown),
        notes=(
            *NOTES,
            *([GATEWAY_NOTE] if gateway else ()),
            _task_note(worker),
            *(told.notes if told else ()),
        ),
    )


def _task_note(worker: WorkerSize) -> str:
    size = f"{text(worker.vcpu)} vCPU and {text(worker.memory_gb)} GB"
    return (
        f"the worker's busy seconds are priced as a Fargate task of {size}; "
        "a local core is not a Fargate vCPU"
    )


def _unread_counters(client: Sequence[ClientRequests]) -> Iterator[UnknownUsage]:
    reason = "the stack's counters could not be read, so the calls behind the API are not known"
    flows = sorted({row.flow for row in client if row.reaches_api})
    for flow in flows:
        for service, unit in (("dynamodb", "write_request_unit"), ("sqs", "standard_request")):
            yield UnknownUsage(flow=flow, service=service, unit=unit, reason=reason, blocking=True)
