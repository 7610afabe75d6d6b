"""Sessions: a signed token names one, Redis remembers it for 30 minutes, DynamoDB for its 7 days.

Logging in by e-mail alone stands in for the OAuth providers of the real service.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from botocore.exceptions import ClientError

from infra_under_test.app.api.errors import ApiError
from infra_under_test.app.assets import from_item, is_condition_failure, to_item
from infra_under_test.app.backends import Backends
from infra_under_test.app.settings import StackSettings

SESSION_TTL_S = 7 * 24 * 3600  # the Sessions table's TTL in the infrastructure guide
SESSION_CACHE_TTL_S = 30 * 60
ALGORITHM = "HS256"
USER_NAMESPACE = uuid.UUID("6f2a2a52-6c0e-4d29-9a0e-0d7c3c2b8f11")  # ours; makes ids of e-mails


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login and who it belongs to."""

    session_id: str
    user_id: str
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Opens sessions and recognises their tokens."""

    backends: Backends
    stack: StackSettings
    signing_key: str

    async def open(self, email: str) -> tuple[Session, str]:
        """A new session of the e-mail's user, who is made at the first login; and its token."""
        user_id = await self._ensure_user(email)
        now = int(time.time())
        session = Session(session_id=str(uuid.uuid4()), user_id=user_id, expires_at=now + SESSION_TTL_S)
        row = {
            "session_id": session.session_id,
            "user_id": user_id,
            "created_at": datetime.now(UTC).isoformat(),
            "expires_at": session.expires_at,
            "metadata": {"login": "email"},
        }
        await self.backends.dynamodb.put_item(TableName=self.stack.table_sessions, Item=to_item(row))
        await self._remember(session)
        claims = {"sub": user_id, "sid": session.session_id, "iat": now, "exp": session.expires_at}
        return session, jwt.encode(claims, self.signing_key, algorithm=ALGORITHM)

    async def recognise(self, token: str) -> Session:
        """The session that a token names; raises 401."""
        session_id = str(self._claims(token)["sid"])
        cached = await self.backends.redis.get(_cache_key(session_id))
        if cached is not None:
            return Session(**json.loads(cached))
        answer = await self.backends.dynamodb.get_item(
            TableName=self.stack.table_sessions, Key={"session_id": {"S": session_id}}
        )
        row = from_item(answer.get("Item", {}))
        if not row or row["expires_at"] <= time.time():  # the table's TTL deletes up to days late
            raise _unauthorised("the session is unknown or over")
        session = Session(session_id=session_id, user_id=row["user_id"], expires_at=int(row["expires_at"]))
        await self._remember(session)
        return session

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                self.signing_key,
                algorithms=[ALGORITHM],
                options={"require": ["exp", "sub", "sid"]},
            )
        except jwt.InvalidTokenError as error:
            raise _unauthorised(f"the token is not valid: {error}") from error

    async def _remember(self, session: Session) -> None:
        value = {
            "session_id": session.session_id,
            "user_id": session.user_id,
            "expires_at": session.expires_at,
        }
        ttl_s = min(SESSION_CACHE_TTL_S, max(1, session.expires_at - int(time.time())))
        await self.backends.redis.set(_cache_key(session.session_id), json.dumps(value), ex=ttl_s)

    async def _ensure_user(self, email: str) -> str:
        """The user's id, derived from the e-mail: two first logins at once cannot make two users."""
        normal = email.strip().lower()
        user_id = str(uuid.uuid5(USER_NAMESPACE, normal))
        key = {"user_id": {"S": user_id}}
        known = await self.backends.dynamodb.get_item(TableName=self.stack.table_users, Key=key)
        if "Item" in known:
            return user_id
        row = {
            "user_id": user_id,
            "email": normal,
            "oauth_provider": "email",
            "oauth_id": normal,
            "roles": ["user"],
            "plan": "free",
            "created_at": datetime.now(UTC).isoformat(),
        }
        try:
            await self.backends.dynamodb.put_item(
                TableName=self.stack.table_users,
                Item=to_item(row),
                ConditionExpression="attribute_not_exists(user_id)",
            )
        except ClientError as error:
            if not is_condition_failure(error):
                raise
        return user_id


def bearer_token(authorization: str) -> str:
    """The token of an Authorization header; raises 401."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorised("send the header Authorization: Bearer TOKEN; POST /v1/session gives a token")
    return token.strip()


def _cache_key(session_id: str) -> str:
    return f"session:{session_id}"


def _unauthorised(message: str) -> ApiError:
    return ApiError(401, "unauthorised", message, {"WWW-Authenticate": "Bearer"})
