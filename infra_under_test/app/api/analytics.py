"""POST /v1/analytics/track and GET /v1/metrics/{asset_id}."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from infra_under_test.app.api.call import Call
from infra_under_test.app.api.errors import not_found
from infra_under_test.app.assets import Asset

METRICS_TTL_S = 300
KNOWN_ASSET_TTL_S = 3600
IP_HASH_HEX_DIGITS = 16
HEADER_CHARACTERS_MAX = 256


class TrackRequest(BaseModel):
    """Something a viewer did."""

    model_config = ConfigDict(extra="forbid", strict=True)

    asset_id: str = Field(min_length=1, max_length=64)
    event: Literal["view", "play", "share"]
    platform: str = Field(min_length=1, max_length=40)


async def track(call: Call) -> Response:
    """202 once the queue has the event."""
    wanted = await call.body(TrackRequest)
    await _require_asset(call, wanted.asset_id)
    headers = call.request.headers
    event = {
        **wanted.model_dump(),
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "user_agent": headers.get("user-agent", "")[:HEADER_CHARACTERS_MAX],
        "referrer": headers.get("referer", "")[:HEADER_CHARACTERS_MAX],
        "ip_hash": _ip_hash(call.services.settings.jwt_signing_key, call.client_ip),
    }
    await call.services.backends.sqs.send_message(
        QueueUrl=call.services.settings.queue_analytics_url, MessageBody=json.dumps(event)
    )
    return JSONResponse({"status": "accepted"}, status_code=202)


async def show_metrics(call: Call) -> Response:
    """200 with totals that are at most five minutes old."""
    asset_id = call.request.path_params["asset_id"]
    redis = call.services.backends.redis
    key = f"metrics:{asset_id}"
    cached = await redis.get(key)
    if cached is not None:
        return Response(cached, media_type="application/json")
    asset = await call.services.assets.find(asset_id)
    if asset is None:
        raise not_found(f"asset {asset_id!r}")
    text = json.dumps(await _totals(call, asset))
    await redis.set(key, text, ex=METRICS_TTL_S)
    return Response(text, media_type="application/json")


async def _totals(call: Call, asset: Asset) -> dict[str, object]:
    counts: Counter[str] = Counter()
    pages = call.services.backends.dynamodb.get_paginator("query").paginate(
        TableName=call.services.settings.stack.table_analytics,
        KeyConditionExpression="asset_id = :asset_id",
        ExpressionAttributeValues={":asset_id": {"S": asset.asset_id}},
        ExpressionAttributeNames={"#event": "event"},
        ProjectionExpression="#event",
    )
    async for page in pages:
        counts.update(item["event"]["S"] for item in page["Items"])
    clicks = await call.services.links.clicks(asset.short_code) if asset.short_code else 0
    return {
        "asset_id": asset.asset_id,
        "views": counts["view"],
        "plays": counts["play"],
        "shares": counts["share"],
        "clicks": clicks,
        "computed_at": datetime.now(UTC).isoformat(),
    }


async def _require_asset(call: Call, asset_id: str) -> None:
    """404 for an id that nobody has; Redis remembers those that exist, as this is asked on every view."""
    redis = call.services.backends.redis
    key = f"known:{asset_id}"
    if await redis.exists(key):
        return
    if await call.services.assets.find(asset_id) is None:
        raise not_found(f"asset {asset_id!r}")
    await redis.set(key, "1", ex=KNOWN_ASSET_TTL_S)


def _ip_hash(secret: str, ip: str) -> str:
    """A keyed hash: without the key, all IPv4 addresses could be tried one by one."""
    return hmac.new(secret.encode(), ip.encode(), hashlib.sha256).hexdigest()[:IP_HASH_HEX_DIGITS]
