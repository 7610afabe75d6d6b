"""The API as an ASGI application: `uvicorn infra_under_test.app.api.app:app`.

It reads the environment when it starts, opens its parts, and serves until it is told to stop.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from infra_under_test.app.api.analytics import show_metrics, track
from infra_under_test.app.api.auth import Sessions
from infra_under_test.app.api.call import Services, route
from infra_under_test.app.api.clicks import ClickCounter
from infra_under_test.app.api.completion import complete_upload
from infra_under_test.app.api.errors import ApiError, error_response
from infra_under_test.app.api.links import LinkStore
from infra_under_test.app.api.logins import open_session, show_health
from infra_under_test.app.api.progress_hub import ProgressHub
from infra_under_test.app.api.rate_limit import RateLimiter
from infra_under_test.app.api.signing import UrlSigner, load_signing_key
from infra_under_test.app.api.uploads import start_upload
from infra_under_test.app.api.viewing import follow_short_link, show_asset
from infra_under_test.app.api.websocket import serve_websocket
from infra_under_test.app.assets import AssetStore
from infra_under_test.app.backends import open_backends, open_subscriber
from infra_under_test.app.event_log import TokenFilter, log_event
from infra_under_test.app.settings import ApiSettings, read_api_settings
from infra_under_test.app.usage import UsageLedger
from infra_under_test.errors import StackError

ROUTES = [
    route("GET", "/v1/s/{short_code}", follow_short_link),
    route("GET", "/v1/asset/{asset_id}", show_asset),
    route("POST", "/v1/analytics/track", track),
    route("GET", "/v1/metrics/{asset_id}", show_metrics),
    route("POST", "/v1/session", open_session),
    route("POST", "/v1/upload", start_upload, login=True),
    route("POST", "/v1/upload/complete", complete_upload, login=True),
    route("GET", "/health", show_health, limited=False),
    WebSocketRoute("/ws", serve_websocket),
]


@asynccontextmanager
async def open_services(settings: ApiSettings) -> AsyncIterator[Services]:
    """Everything one API process holds open."""
    stack = settings.stack
    ledger = UsageLedger(stack.usage_file)
    async with AsyncExitStack() as exits:
        await exits.enter_async_context(ledger.written_regularly())
        backends = await exits.enter_async_context(open_backends(stack, ledger))
        services = Services(
            settings=settings,
            backends=backends,
            ledger=ledger,
            signer=UrlSigner(
                cdn_url=settings.cdn_url,
                key_pair_id=settings.signing_key_pair_id,
                private_key=load_signing_key(settings.signing_private_key_pem),
                ttl_s=settings.signed_url_ttl_s,
            ),
            limiter=RateLimiter(
                redis=backends.redis,
                per_user=settings.rate_limit_per_user_per_minute,
                per_ip=settings.rate_limit_per_ip_per_minute,
                allow=settings.rate_limit_allow,
                trusted_proxies=settings.trusted_proxies,
            ),
            sessions=Sessions(backends=backends, stack=stack, signing_key=settings.jwt_signing_key),
            assets=AssetStore(dynamodb=backends.dynamodb, table=stack.table_assets),
            links=LinkStore(backends=backends, table=stack.table_share_links),
            clicks=ClickCounter(backends.sqs, settings.queue_analytics_url),
            hub=ProgressHub(open_subscriber(stack)),
        )
        await exits.enter_async_context(services.clicks.flushed_regularly())
        await exits.enter_async_context(services.hub.running())
        yield services


async def _answer_http_exception(_: Request, error: Exception) -> JSONResponse:
    """Unknown paths and methods, in the shape of every other error."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    return error_response(ApiError(error.status_code, code, error.detail, error.headers))


_application = Starlette(routes=ROUTES, exception_handlers={HTTPException: _answer_http_exception})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. It handles start and stop itself: Starlette would answer wrong settings with a
    traceback, and uvicorn would take any other failure at start for an application that needs no start."""
    if scope["type"] != "lifespan":
        await _application(scope, receive, send)
        return
    logging.getLogger("uvicorn.error").addFilter(TokenFilter())
    await receive()  # lifespan.startup
    stage = "startup"
    try:
        settings = read_api_settings(os.environ)
        async with open_services(settings) as services:
            _application.state.services = services
            log_event("api_ready", cdn_url=settings.cdn_url)
            await send({"type": "lifespan.startup.complete"})
            stage = "shutdown"
            await receive()  # lifespan.shutdown
    except StackError as error:
        log_event("settings_refused", message=error.message, hint=error.hint)
        await send({"type": "lifespan.startup.failed", "message": f"{error.message}: {error.hint}"})
    except Exception:
        await send({"type": f"lifespan.{stage}.failed", "message": traceback.format_exc()})
    else:
        log_event("api_stopped")
        await send({"type": "lifespan.shutdown.complete"})
