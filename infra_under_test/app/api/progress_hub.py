"""Hands progress from one Redis subscription to the many WebSockets of this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import redis.asyncio
import redis.exceptions

from infra_under_test.app.event_log import log_event
from infra_under_test.app.progress import channel_of

QUEUE_MESSAGES_MAX = 100  # a reader further behind loses messages; memory stays bounded
IDLE_CHANNEL = "asset-progress-idle"  # keeps the subscription open while nobody listens
RECONNECT_WAIT_S = 1.0


class ProgressHub:
    """Who listens to which asset in this process."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)
        self._listeners: dict[str, set[asyncio.Queue[str]]] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Relay messages while the block runs."""
        relay = asyncio.create_task(self._relay_forever())
        try:
            yield
        finally:
            relay.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await relay
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]
            await self._client.aclose()

    async def add(self, asset_id: str, queue: asyncio.Queue[str]) -> None:
        """Put every later message of the asset into the queue."""
        channel = channel_of(asset_id)
        listeners = self._listeners.setdefault(channel, set())
        listeners.add(queue)
        if len(listeners) == 1:
            await self._pubsub.subscribe(channel)

    async def remove(self, queue: asyncio.Queue[str]) -> None:
        """Forget a queue everywhere."""
        for channel, listeners in list(self._listeners.items()):
            listeners.discard(queue)
            if not listeners:
                del self._listeners[channel]
                await self._pubsub.unsubscribe(channel)

    async def _relay_forever(self) -> None:
        while True:
            try:
                await self._pubsub.subscribe(IDLE_CHANNEL, *self._listeners)
                while True:
                    self._deliver(await self._pubsub.get_message(timeout=None))
            except redis.exceptions.RedisError as error:
                log_event("progress_interrupted", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RECONNECT_WAIT_S)

    def _deliver(self, message: dict[str, Any] | None) -> None:
        if message is None:
            return
        for queue in self._listeners.get(message["channel"], ()):
            if queue.qsize() >= QUEUE_MESSAGES_MAX:
                queue.get_nowait()  # the newest state is the one that matters
            queue.put_nowait(message["data"])
