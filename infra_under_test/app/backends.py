"""Clients of S3, DynamoDB, SQS and Redis, with their billable calls counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import redis.asyncio
import redis.exceptions
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from redis.asyncio.cluster import RedisCluster

from infra_under_test.app.settings import StackSettings
from infra_under_test.app.usage import UsageLedger, count_aws_calls, count_redis_command

RedisClient = redis.asyncio.Redis | RedisCluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Open clients; botocore's are generated at run time and carry no types."""

    s3: Any
    dynamodb: Any
    sqs: Any
    redis: RedisClient


@asynccontextmanager
async def open_backends(stack: StackSettings, ledger: UsageLedger) -> AsyncIterator[Backends]:
    """Open all four; the endpoints come from botocore's own environment variables where they are set."""
    config = AioConfig(
        signature_version="v4",
        max_pool_connections=100,
        connect_timeout=3,
        read_timeout=30,  # above the 20 s of a long poll
        user_agent="gifdistributor",  # botocore's own text costs a tenth of a call's CPU to put together
        retries={"mode": "standard", "max_attempts": 3},
    )
    # Presigning on custom endpoints falls back to SigV2 unless told; and a multipart upload that announces
    # a checksum would refuse the parts that clients PUT without one.
    s3_config = AioConfig(signature_version="s3v4", request_checksum_calculation="when_required")
    async with AsyncExitStack() as exits:
        session = get_session()

        async def open_client(service: str, client_config: AioConfig) -> Any:
            client = await exits.enter_async_context(
                session.create_client(service, region_name=stack.region, config=client_config)
            )
            count_aws_calls(client, ledger)
            return client

        redis_client = open_redis(stack, ledger)
        exits.push_async_callback(redis_client.aclose)
        yield Backends(
            s3=await open_client("s3", config.merge(s3_config)),
            dynamodb=await open_client("dynamodb", config),
            sqs=await open_client("sqs", config),
            redis=redis_client,
        )


def open_redis(stack: StackSettings, ledger: UsageLedger) -> RedisClient:
    """A client for one node or a cluster. All commands here touch one key, so either can serve them."""
    client: RedisClient
    if stack.redis_cluster:
        client = RedisCluster.from_url(stack.redis_url, decode_responses=True)
    else:
        client = redis.asyncio.Redis.from_url(
            stack.redis_url, decode_responses=True, socket_connect_timeout=3
        )
    plain = client.execute_command

    async def execute_command(*arguments: Any, **options: Any) -> Any:
        try:
            answer = await plain(*arguments, **options)
        except redis.exceptions.ResponseError:  # an answer, too
            count_redis_command(ledger)
            raise
        count_redis_command(ledger)
        return answer

    client.execute_command = execute_command  # type: ignore[method-assign]
    return client


def open_subscriber(stack: StackSettings) -> redis.asyncio.Redis:
    """A plain client for pub/sub: a cluster hands classic messages on to every node."""
    return redis.asyncio.Redis.from_url(stack.redis_url, decode_responses=True)
