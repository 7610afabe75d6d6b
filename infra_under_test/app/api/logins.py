"""POST /v1/session and GET /health."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from infra_under_test.app.api.call import Call


class SessionRequest(BaseModel):
    """Who wants to log in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    email: str = Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


async def open_session(call: Call) -> Response:
    """201 with a token for the Authorization header."""
    wanted = await call.body(SessionRequest)
    session, token = await call.services.sessions.open(wanted.email)
    answer = {
        "token": token,
        "user_id": session.user_id,
        "session_id": session.session_id,
        "expires_at": datetime.fromtimestamp(session.expires_at, UTC).isoformat(),
    }
    return JSONResponse(answer, status_code=201)


async def show_health(_: Call) -> Response:
    """200 while the process serves; it asks no other part, as a load balancer's check should not."""
    return JSONResponse({"status": "ok"})
