"""Billable units as they are consumed, by route, rewritten to USAGE_FILE at most once a second.

Only real calls are counted: one per HTTP answer of S3 or SQS (a retried call is billed twice, so it counts
twice), and what DynamoDB reports as ConsumedCapacity.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextvars import ContextVar
from decimal import Decimal
from pathlib import Path
from typing import Any

CURRENT_ROUTE: ContextVar[str] = ContextVar("CURRENT_ROUTE", default="start-up")
WRITE_INTERVAL_S = 1.0
READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
UNBILLED_S3 = frozenset({"DeleteObject", "DeleteObjects", "AbortMultipartUpload"})  # S3 price list: free
S3_GET_TIER = frozenset({"GetObject", "HeadObject", "HeadBucket"})

_CounterKey = tuple[str, str, str, tuple[tuple[str, str], ...]]


class UsageLedger:
    """Counters of one process; `write` puts them where the supervisor reads them."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._requests: Counter[str] = Counter()
        self._quantities: dict[_CounterKey, Decimal] = {}
        self._worker: dict[str, float] = {}
        self._is_dirty = False

    def count_request(self, route: str) -> None:
        """One client request of a route, whatever its answer."""
        self._requests[route] += 1
        self._is_dirty = True

    def add(self, service: str, unit: str, quantity: Decimal, **attributes: str) -> None:
        """Units consumed for the route of the current context."""
        key = (CURRENT_ROUTE.get(), service, unit, tuple(sorted(attributes.items())))
        self._quantities[key] = self._quantities.get(key, Decimal(0)) + quantity
        self._is_dirty = True

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
        context["usage_queue_url"] = params.get("QueueUrl", "")
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def count(
        event_name: str,
        response_dict: dict[str, Any] | None,
        parsed_response: dict[str, Any] | None,
        context: dict[str, Any],
        **_: Any,
    ) -> None:
        if response_dict is None:  # no answer came, so nothing is billed
            return
        operation = event_name.rsplit(".", 1)[1]
        if service == "s3":
            _count_s3(ledger, operation)
        elif service == "sqs":
            kind = "fifo" if context["usage_queue_url"].endswith(".fifo") else "standard"
            ledger.add("sqs", f"{kind}_request", Decimal(1))
        else:
            _count_dynamodb(ledger, operation, (parsed_response or {}).get("ConsumedCapacity", []))

    events.register(f"before-parameter-build.{service}", remember_parameters)
    events.register(f"response-received.{service}", count)


def count_client_parts(ledger: UsageLedger, parts: int) -> None:
    """The UploadPart calls that a client made by presigned URL: billed to the bucket's owner all the same."""
    ledger.add("s3", "put_request", Decimal(parts), storage_class="standard")


def _count_s3(ledger: UsageLedger, operation: str) -> None:
    if operation in UNBILLED_S3:
        return
    unit = "get_request" if operation in S3_GET_TIER else "put_request"
    ledger.add("s3", unit, Decimal(1), storage_class="standard")


def _count_dynamodb(ledger: UsageLedger, operation: str, consumed: Any) -> None:
    unit = "read_request_unit" if operation in READS else "write_request_unit"
    for part in consumed if isinstance(consumed, list) else [consumed]:
        ledger.add("dynamodb", unit, Decimal(str(part["CapacityUnits"])), table=part["TableName"])
