"""Clicks on short links, counted in memory and sent on as one queue message every few seconds.

So a redirect writes nothing, and a hot link costs one DynamoDB write per flush instead of one per click. The
price: a killed API process loses at most FLUSH_INTERVAL_S of clicks, and a redelivered message counts twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from infra_under_test.app.event_log import log_event
from infra_under_test.app.usage import CURRENT_ROUTE

FLUSH_INTERVAL_S = 2.0
CODES_PER_MESSAGE = 2000  # 2,000 x about 16 bytes stays far below SQS' 256 KiB, and in one 64 KiB request
ROUTE = "GET /v1/s/{short_code}"


class ClickCounter:
    """Counts of one API process since its last flush."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._pending: Counter[str] = Counter()

    def count(self, code: str) -> None:
        """Counts one click, without I/O."""
        self._pending[code] += 1

    async def flush(self) -> None:
        """Send what has been counted; keep it for the next flush if the queue does not answer."""
        pending, self._pending = self._pending, Counter()
        codes = list(pending.items())
        for start in range(0, len(codes), CODES_PER_MESSAGE):
            chunk = dict(codes[start : start + CODES_PER_MESSAGE])
            try:
                body = json.dumps({"clicks": chunk}, separators=(",", ":"))
                await self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=body)
            except Exception as error:
                self._pending.update(chunk)
                log_event("clicks_kept", codes=len(chunk), error=f"{type(error).__name__}: {error}")

    @contextlib.asynccontextmanager
    async def flushed_regularly(self) -> AsyncIterator[None]:
        """Flush every few seconds while the block runs, and a last time at its end."""
        flusher = asyncio.create_task(self._flush_forever())
        try:
            yield
        finally:
            flusher.cancel()
            await self.flush()

    async def _flush_forever(self) -> None:
        CURRENT_ROUTE.set(ROUTE)
        while True:
            await asyncio.sleep(FLUSH_INTERVAL_S)
            await self.flush()
