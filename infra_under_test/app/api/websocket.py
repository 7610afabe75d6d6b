"""/ws: progress of the logged-in user's own assets, as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import json

from starlette.websockets import WebSocket, WebSocketDisconnect

from infra_under_test.app.api.auth import Session
from infra_under_test.app.api.call import Services
from infra_under_test.app.api.errors import ApiError, not_found
from infra_under_test.app.progress import Progress
from infra_under_test.app.usage import CURRENT_ROUTE

ROUTE = "GET /ws"
SUBSCRIPTIONS_MAX = 1000


async def serve_websocket(socket: WebSocket) -> None:
    """Accept a valid token, then relay until the client leaves.

    A refused client is accepted first, for only then can it be told why: `{"error": …}`, then close code
    4000 + the HTTP status (4401, 4429).
    """
    services: Services = socket.app.state.services
    CURRENT_ROUTE.set(ROUTE)
    services.ledger.count_request(ROUTE)
    await socket.accept()
    try:
        ip = services.limiter.client_ip(socket)
        await services.limiter.check_ip(ip)
        session = await services.sessions.recognise(socket.query_params.get("token", ""))
        await services.limiter.check_user(ip, session.user_id)
    except ApiError as error:
        await socket.send_text(_error_text(error))
        await socket.close(4000 + error.status, error.code)
        return
    await _relay(socket, services, session)


async def _relay(socket: WebSocket, services: Services, session: Session) -> None:
    queue: asyncio.Queue[str] = asyncio.Queue()
    sender = asyncio.create_task(_send_all(socket, queue))
    subscribed: set[str] = set()
    try:
        while True:
            text = await socket.receive_text()
            try:
                await _subscribe(services, session, queue, subscribed, text)
            except ApiError as error:
                queue.put_nowait(_error_text(error))
    except WebSocketDisconnect:
        pass
    finally:
        sender.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
            await sender
        await services.hub.remove(queue)


async def _send_all(socket: WebSocket, queue: asyncio.Queue[str]) -> None:
    while True:
        await socket.send_text(await queue.get())


async def _subscribe(
    services: Services, session: Session, queue: asyncio.Queue[str], subscribed: set[str], text: str
) -> None:
    """Follow one asset, beginning with where it stands now."""
    asset_id = _wanted_asset(text)
    if len(subscribed) >= SUBSCRIPTIONS_MAX:
        raise ApiError(422, "too_many", f"a connection follows at most {SUBSCRIPTIONS_MAX} assets")
    asset = await services.assets.find_consistent(asset_id)
    if asset is None:
        raise not_found(f"asset {asset_id!r}")
    if asset.user_id != session.user_id:
        raise ApiError(403, "not_yours", "this asset belongs to another user")
    subscribed.add(asset_id)
    await services.hub.add(asset_id, queue)
    # Read again: a change between the first read and the subscription would be lost.
    asset = await services.assets.find_consistent(asset_id) or asset
    now = Progress(asset_id=asset_id, status=asset.status, progress=float(asset.progress))
    queue.put_nowait(now.as_json())


def _wanted_asset(text: str) -> str:
    try:
        message = json.loads(text)
    except ValueError as error:
        raise ApiError(400, "invalid_json", f"the message is not JSON: {error}") from error
    asset_id = message.get("subscribe") if isinstance(message, dict) else None
    if not isinstance(asset_id, str) or not asset_id:
        raise ApiError(422, "invalid_request", 'send {"subscribe": asset_id}')
    return asset_id


def _error_text(error: ApiError) -> str:
    return json.dumps({"error": {"code": error.code, "message": error.message}})
