"""Billable units as they are consumed, by route, rewritten to USAGE_FILE at most once a second.

Only real calls are counted: one per HTTP answer of S3 (a retried call is billed twice, so it counts twice),
one per answer and started 64 KB of SQS, one per command that Redis answered, and what DynamoDB reports as
ConsumedCapacity; of a conditional write that was refused, which it bills as well, the units of the item that
was in the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextvars import ContextVar
from decimal import Decimal
from pathlib import Path
from typing import Any

from infra_under_test.app.item_size import item_bytes, write_units

CURRENT_ROUTE: ContextVar[str] = ContextVar("CURRENT_ROUTE", default="start-up")
WRITE_INTERVAL_S = 1.0
READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
UNBILLED_S3 = frozenset({"DeleteObject", "DeleteObjects", "AbortMultipartUpload"})  # S3 price list: free
S3_GET_TIER = frozenset({"GetObject", "HeadObject", "HeadBucket"})
SQS_REQUEST_BYTES = 64 * 1024  # SQS price list: each 64 KB chunk of a payload is a request
IDLE_POLL = "idle-poll"  # route of a receive that brought nothing: no request caused it
REFUSED = "ConditionalCheckFailedException"

_CounterKey = tuple[str, str, str, tuple[tuple[str, str], ...]]
Messages = Sequence[dict[str, Any]]  # as SQS hands them out


class UsageLedger:
    """Counters of one process; `write` puts them into USAGE_FILE, for others to read.

    `route_of_messages` says for what a receive is counted, where that is not the route of the context.
    """

    def __init__(self, path: Path | None, route_of_messages: Callable[[Messages], str] | None = None) -> None:
        self._path = path
        self._route_of_messages = route_of_messages
        self._requests: Counter[str] = Counter()
        self._quantities: dict[_CounterKey, Decimal] = {}
        self._worker: dict[str, float] = {}
        self._is_dirty = False

    def count_request(self, route: str) -> None:
        """One client request of a route, whatever its answer."""
        self._requests[route] += 1
        self._is_dirty = True

    def add(
        self, service: str, unit: str, quantity: Decimal, route: str | None = None, **attributes: str
    ) -> None:
        """Adds units consumed for `route`, by default that of the current context."""
        key = (route or CURRENT_ROUTE.get(), service, unit, tuple(sorted(attributes.items())))
        self._quantities[key] = self._quantities.get(key, Decimal(0)) + quantity
        self._is_dirty = True

    def route_of(self, messages: Messages) -> str:
        """The route that a receive of these messages is counted for."""
        if not messages:
            return IDLE_POLL
        return self._route_of_messages(messages) if self._route_of_messages else CURRENT_ROUTE.get()

    def set_worker(self, *, jobs: int, busy_s: float, cpu_s: float) -> None:
        """Totals of a media worker: finished jobs, seconds with work in hand, CPU seconds with children."""
        self._worker = {"jobs": jobs, "busy_s": round(busy_s, 3), "cpu_s": round(cpu_s, 3)}
        self._is_dirty = True

    def document(self) -> dict[str, Any]:
        """The counters as USAGE_FILE holds them."""
        counters = [
            {
                "route": route,
                "service": service,
                "unit": unit,
                "attributes": dict(attributes),
                "quantity": str(quantity),
            }
            for (route, service, unit, attributes), quantity in sorted(self._quantities.items())
        ]
        routes = {route: {"requests": count} for route, count in sorted(self._requests.items())}
        worker = {"worker": self._worker} if self._worker else {}
        return {"routes": routes, "counters": counters, **worker}

    def write(self) -> None:
        """Replace USAGE_FILE, so that a reader never sees half a document."""
        if self._path is None or not self._is_dirty:
            return
        self._is_dirty = False
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        part.write_text(json.dumps(self.document()))
        part.replace(self._path)

    @contextlib.asynccontextmanager
    async def written_regularly(self) -> AsyncIterator[None]:
        """Write once a second while the block runs, and a last time at its end."""
        writer = asyncio.create_task(self._write_forever())
        try:
            yield
        finally:
            writer.cancel()
            self.write()

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(WRITE_INTERVAL_S)
            self.write()


def count_aws_calls(client: Any, ledger: UsageLedger) -> None:
    """Let every answered call of a botocore client (S3, DynamoDB or SQS) count itself in the ledger."""
    service = client.meta.service_model.service_id.hyphenize()
    events = client.meta.events

    def remember_parameters(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        context["usage_parameters"] = params
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"
        if "ConditionExpression" in params:  # a refusal says what it met
            params["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"

    def count(
        event_name: str,
        response_dict: dict[str, Any] | None,
        parsed_response: dict[str, Any] | None,
        context: dict[str, Any],
        **_: Any,
    ) -> None:
        if response_dict is None:  # no answer came, so nothing is billed
            return
        operation, answer = event_name.rsplit(".", 1)[1], parsed_response or {}
        if service == "s3":
            _count_s3(ledger, operation)
        elif service == "sqs":
            _count_sqs(ledger, operation, context["usage_parameters"], answer)
        else:
            _count_dynamodb(ledger, operation, context["usage_parameters"], answer)

    events.register(f"before-parameter-build.{service}", remember_parameters)
    events.register(f"response-received.{service}", count)


def count_redis_command(ledger: UsageLedger) -> None:
    """A command that Redis answered; nodes are billed by the hour, so it has no price of its own."""
    ledger.add("elasticache", "command", Decimal(1))


def count_client_parts(ledger: UsageLedger, parts: int) -> None:
    """The UploadPart calls that a client made by presigned URL: billed to the bucket's owner all the same."""
    ledger.add("s3", "put_request", Decimal(parts), storage_class="standard")


def _count_s3(ledger: UsageLedger, operation: str) -> None:
    if operation in UNBILLED_S3:
        return
    unit = "get_request" if operation in S3_GET_TIER else "put_request"
    ledger.add("s3", unit, Decimal(1), storage_class="standard")


def _count_sqs(
    ledger: UsageLedger, operation: str, parameters: dict[str, Any], answer: dict[str, Any]
) -> None:
    kind = "fifo" if parameters.get("QueueUrl", "").endswith(".fifo") else "standard"
    route = None
    payload_bytes = len(parameters.get("MessageBody", "").encode())
    if operation == "ReceiveMessage":
        messages = answer.get("Messages", [])
        route = ledger.route_of(messages)
        payload_bytes = sum(len(message["Body"].encode()) for message in messages)
    requests = max(1, -(-payload_bytes // SQS_REQUEST_BYTES))
    ledger.add("sqs", f"{kind}_request", Decimal(requests), route)


def _count_dynamodb(
    ledger: UsageLedger, operation: str, parameters: dict[str, Any], answer: dict[str, Any]
) -> None:
    unit = "read_request_unit" if operation in READS else "write_request_unit"
    if answer.get("Error", {}).get("Code") == REFUSED:
        met = write_units(item_bytes(answer.get("Item", {})))
        ledger.add("dynamodb", unit, Decimal(met), table=parameters["TableName"])
        return
    consumed = answer.get("ConsumedCapacity", [])
    for part in consumed if isinstance(consumed, list) else [consumed]:
        ledger.add("dynamodb", unit, Decimal(str(part["CapacityUnits"])), table=part["TableName"])
