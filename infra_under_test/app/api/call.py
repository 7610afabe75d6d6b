"""What every endpoint is given, and the guard in front of each: counting, rate limits, login, errors."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import redis.exceptions
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra_under_test.app.api.auth import Session, Sessions, bearer_token
from infra_under_test.app.api.clicks import ClickCounter
from infra_under_test.app.api.errors import ApiError, error_response
from infra_under_test.app.api.links import LinkStore
from infra_under_test.app.api.progress_hub import ProgressHub
from infra_under_test.app.api.rate_limit import RateLimiter
from infra_under_test.app.api.signing import UrlSigner
from infra_under_test.app.assets import AssetStore
from infra_under_test.app.backends import Backends
from infra_under_test.app.event_log import log_event
from infra_under_test.app.settings import ApiSettings
from infra_under_test.app.usage import CURRENT_ROUTE, UsageLedger

BODY_BYTES_MAX = 64 * 1024  # JSON bodies only; media go straight to S3

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The open parts of one API process."""

    settings: ApiSettings
    backends: Backends
    ledger: UsageLedger
    signer: UrlSigner
    limiter: RateLimiter
    sessions: Sessions
    assets: AssetStore
    links: LinkStore
    clicks: ClickCounter
    hub: ProgressHub


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request with who sent it."""

    request: Request
    services: Services
    client_ip: str
    session: Session | None  # None where the endpoint asks for no login

    @property
    def user_id(self) -> str:
        """The logged-in user; only endpoints with `login=True` may ask."""
        assert self.session is not None
        return self.session.user_id

    async def body(self, model: type[Body]) -> Body:
        """The JSON body as a checked model; raises 400, 413 or 422."""
        data = bytearray()
        async for chunk in self.request.stream():
            data += chunk
            if len(data) > BODY_BYTES_MAX:
                raise ApiError(413, "body_too_large", f"a request body may have {BODY_BYTES_MAX} bytes")
        try:
            return model.model_validate_json(bytes(data))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            if first["type"] == "json_invalid":
                raise ApiError(400, "invalid_json", first["msg"]) from error
            place = ".".join(str(part) for part in first["loc"]) or "the body"
            raise ApiError(422, "invalid_request", f"{place}: {first['msg']}") from error


Handler = Callable[[Call], Awaitable[Response]]


def route(method: str, path: str, handler: Handler, *, login: bool = False, limited: bool = True) -> Route:
    """A Starlette route whose handler runs behind the guard."""
    name = f"{method} {path}"

    async def endpoint(request: Request) -> Response:
        services: Services = request.app.state.services
        CURRENT_ROUTE.set(name)
        services.ledger.count_request(name)
        try:
            return await handler(await _admit(request, services, login=login, limited=limited))
        except ApiError as error:
            return error_response(error)
        except (redis.exceptions.RedisError, BotoCoreError, ClientError, OSError) as error:
            log_event("part_failed", route=name, error=f"{type(error).__name__}: {error}")
            return error_response(ApiError(503, "part_unavailable", "a part behind the API did not answer"))
        except Exception:
            log_event("bug", route=name, traceback=traceback.format_exc())
            return error_response(ApiError(500, "internal", "the API failed; its log says how"))

    return Route(path, endpoint, methods=[method])


async def _admit(request: Request, services: Services, *, login: bool, limited: bool) -> Call:
    ip = services.limiter.client_ip(request)
    if limited:
        await services.limiter.check_ip(ip)
    session = None
    if login:
        session = await services.sessions.recognise(bearer_token(request.headers.get("authorization", "")))
        await services.limiter.check_user(ip, session.user_id)
    return Call(request=request, services=services, client_ip=ip, session=session)
