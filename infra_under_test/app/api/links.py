"""Short links: DynamoDB holds them, Redis remembers for an hour which path a code stands for."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra_under_test.app.assets import from_item, is_condition_failure, to_item
from infra_under_test.app.backends import Backends

CODE_LENGTH = 8  # 62^8 = 2.2e14 codes
CACHE_TTL_S = 3600
ALPHABET = string.ascii_letters + string.digits
CODE_PATTERN = re.compile(rf"[A-Za-z0-9]{{{CODE_LENGTH}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStore:
    """The ShareLinks table behind its Redis cache."""

    backends: Backends
    table: str

    async def create(self, asset_id: str, path: str) -> str:
        """A new code for the path of an original."""
        while True:
            code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
            row = {
                "short_code": code,
                "asset_id": asset_id,
                "created_at": datetime.now(UTC).isoformat(),
                "clicks": 0,
                "metadata": {"path": path},
            }
            try:
                await self.backends.dynamodb.put_item(
                    TableName=self.table,
                    Item=to_item(row),
                    ConditionExpression="attribute_not_exists(short_code)",
                )
            except ClientError as error:
                if is_condition_failure(error):  # somebody has this code: draw again
                    continue
                raise
            return code

    async def cached_path(self, code: str) -> str | None:
        """The path, if Redis has it."""
        path = await self.backends.redis.get(_cache_key(code))
        return None if path is None else str(path)

    async def stored_path(self, code: str) -> str | None:
        """The path from DynamoDB, remembered in Redis for an hour; None for a code nobody has."""
        row = await self._row(code)
        if row is None:
            return None
        path: str = row["metadata"]["path"]
        await self.backends.redis.set(_cache_key(code), path, ex=CACHE_TTL_S)
        return path

    async def clicks(self, code: str) -> int:
        """How often the link was followed, as far as the analytics consumer has counted."""
        row = await self._row(code)
        return int(row["clicks"]) if row is not None else 0

    async def _row(self, code: str) -> dict[str, Any] | None:
        answer = await self.backends.dynamodb.get_item(TableName=self.table, Key={"short_code": {"S": code}})
        return from_item(answer["Item"]) if "Item" in answer else None


def _cache_key(code: str) -> str:
    return f"link:{code}"
