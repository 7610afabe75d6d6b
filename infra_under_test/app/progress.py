"""Progress of an asset, pushed over Redis pub/sub from whoever changes it to the WebSockets of the API."""

from __future__ import annotations

import json
from dataclasses import dataclass

from infra_under_test.app.backends import RedisClient

CHANNEL_PREFIX = "asset-progress:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a subscriber is told; `rendition` is the one just finished, if any."""

    asset_id: str
    status: str
    progress: float  # 0 to 1
    rendition: str | None = None

    def as_json(self) -> str:
        """The message as it goes over pub/sub and the WebSocket."""
        return json.dumps(
            {
                "asset_id": self.asset_id,
                "status": self.status,
                "progress": self.progress,
                "rendition": self.rendition,
            }
        )


def channel_of(asset_id: str) -> str:
    """The pub/sub channel of one asset."""
    return CHANNEL_PREFIX + asset_id


async def publish(redis: RedisClient, progress: Progress) -> None:
    """Tell every subscriber of the asset."""
    await redis.publish(channel_of(progress.asset_id), progress.as_json())
