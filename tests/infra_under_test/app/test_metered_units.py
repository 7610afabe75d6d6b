"""Billable units by the published rules: sizes of items, rounding, payloads, refused writes, idle polls."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from infra_under_test.app.backends import Backends, open_backends
from infra_under_test.app.consumer import route_of
from infra_under_test.app.item_size import item_bytes, write_units
from infra_under_test.app.settings import read_stack_settings
from infra_under_test.app.usage import CURRENT_ROUTE, UsageLedger
from tests.support.local_parts import Stack

Use = Callable[[Backends], Awaitable[Any]]
KB = 1024


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"id": {"S": "abc"}}, 5),
        ({"id": {"S": "ü"}}, 4),  # two bytes of UTF-8
        ({"n": {"N": "27"}}, 3),  # 1 + ceil(2 / 2) + 1
        ({"n": {"N": "-0.00125"}}, 4),  # three significant digits: 1 + 2 + 1
        ({"n": {"N": "1700000000"}}, 3),  # two: trailing zeros do not count
        ({"b": {"BOOL": True}, "n": {"NULL": True}}, 4),
        ({"l": {"L": []}}, 4),
        ({"l": {"L": [{"S": "ab"}, {"S": "c"}]}}, 9),  # 1 + 3 + 2 x 1 + 3
        ({"m": {"M": {"path": {"S": "/a"}}}}, 11),  # 1 + 3 + 1 + 4 + 2
        ({"s": {"SS": ["ab", "c"]}}, 4),
        ({"b": {"B": b"1234"}}, 5),
    ],
)
def test_an_item_is_its_names_and_values(item: dict[str, Any], size: int) -> None:
    assert item_bytes(item) == size


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (1024, 1), (1025, 2), (300 * KB, 300)])
def test_a_write_costs_each_started_kilobyte(size: int, units: int) -> None:
    assert write_units(size) == units


def test_reads_cost_half_of_each_started_4_kilobytes_and_twice_that_when_consistent(stack: Stack) -> None:
    key = _put(stack, "Sessions", 9 * KB)
    small = _put(stack, "Sessions", 100)

    def read(key: dict[str, Any], consistent: bool) -> Use:
        return lambda to: to.dynamodb.get_item(TableName="Sessions", Key=key, ConsistentRead=consistent)

    assert _read_units(stack, read(key, False)) == Decimal("1.5")  # 9 KB are 3 x 4 KB begun
    assert _read_units(stack, read(key, True)) == 3
    assert _read_units(stack, read(small, False)) == Decimal("0.5")
    assert _read_units(stack, read({"session_id": {"S": "nobody"}}, True)) == 1


def test_a_query_costs_what_it_reads_and_not_what_a_projection_leaves(stack: Stack) -> None:
    asset_id = str(uuid.uuid4())
    for number in range(5):  # 5 x 2 KB = 10 KB and a little: three times 4 KB begun
        stack.dynamodb.put_item(
            TableName="Analytics",
            Item={
                "asset_id": {"S": asset_id},
                "timestamp_event": {"S": f"{number}"},
                "event": {"S": "view"},
                "user_agent": {"S": "x" * 2 * KB},
            },
        )
    query = {
        "TableName": "Analytics",
        "KeyConditionExpression": "asset_id = :asset_id",
        "ExpressionAttributeValues": {":asset_id": {"S": asset_id}},
        "ExpressionAttributeNames": {"#event": "event"},
        "ProjectionExpression": "#event",
    }
    assert _read_units(stack, lambda to: to.dynamodb.query(**query)) == Decimal("1.5")
    assert _read_units(stack, lambda to: to.dynamodb.query(**query, Limit=2)) == 1  # 4 KB and a little


def test_an_update_costs_the_larger_item_and_its_index_entry_as_well(stack: Stack) -> None:
    asset = {
        "asset_id": {"S": str(uuid.uuid4())},
        "user_id": {"S": "u"},
        "upload_date": {"S": "2026"},
        "note": {"S": "x" * 1500},
    }

    async def put_and_shrink(to: Backends) -> None:
        await to.dynamodb.put_item(TableName="Assets", Item=asset)  # 2 units, and 2 in UserAssetsIndex
        await to.dynamodb.update_item(  # 2 for the table, for it was above 1 KB; 2 for the index
            TableName="Assets",
            Key={"asset_id": asset["asset_id"]},
            UpdateExpression="SET note = :note",
            ExpressionAttributeValues={":note": {"S": "short"}},
        )

    assert _units(stack, put_and_shrink)["dynamodb", "write_request_unit"] == 8


def test_a_refused_write_costs_the_item_that_was_in_the_way(stack: Stack) -> None:
    key = _put(stack, "Sessions", 2500)

    async def put_again(to: Backends) -> None:
        with pytest.raises(to.dynamodb.exceptions.ConditionalCheckFailedException):
            await to.dynamodb.put_item(
                TableName="Sessions", Item=key, ConditionExpression="attribute_not_exists(session_id)"
            )

    async def touch_nothing(to: Backends) -> None:
        with pytest.raises(to.dynamodb.exceptions.ConditionalCheckFailedException):
            await to.dynamodb.update_item(
                TableName="Sessions",
                Key={"session_id": {"S": "nobody"}},
                UpdateExpression="SET a = :a",
                ConditionExpression="attribute_exists(session_id)",
                ExpressionAttributeValues={":a": {"S": "a"}},
            )

    assert _units(stack, put_again)["dynamodb", "write_request_unit"] == 3  # 2.5 KB
    assert _units(stack, touch_nothing)["dynamodb", "write_request_unit"] == 1


def test_a_message_is_a_request_for_each_started_64_kilobytes_sent_and_received(stack: Stack) -> None:
    url = stack.sqs.create_queue(QueueName=f"sizes-{uuid.uuid4()}")["QueueUrl"]

    async def there_and_back(to: Backends) -> None:
        await to.sqs.send_message(QueueUrl=url, MessageBody="x" * (65 * KB))  # 2
        received = await to.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)  # 2
        receipt = received["Messages"][0]["ReceiptHandle"]
        await to.sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)  # 1

    assert _units(stack, there_and_back)["sqs", "standard_request"] == 5


def test_an_empty_receive_is_counted_for_no_route_of_a_request(stack: Stack) -> None:
    url = stack.sqs.create_queue(QueueName=f"empty-{uuid.uuid4()}")["QueueUrl"]
    ledger = _used(stack, lambda to: to.sqs.receive_message(QueueUrl=url))
    assert [(row["route"], row["quantity"]) for row in ledger.document()["counters"]] == [("idle-poll", "1")]


def test_a_batch_is_received_for_its_events_and_for_clicks_where_there_are_no_events() -> None:
    clicks, event = ({"Body": json.dumps(body)} for body in ({"clicks": {"a": 1}}, {"asset_id": "clicks"}))
    assert route_of([clicks, clicks]) == "clicks-consumer"
    assert route_of([clicks, event]) == "analytics-consumer"


def test_every_command_that_redis_answered_counts_once(stack: Stack) -> None:
    async def commands(to: Backends) -> None:
        await to.redis.set("metered", "1", ex=9)
        await to.redis.get("metered")
        with pytest.raises(Exception, match="WRONGTYPE"):
            await to.redis.lpush("metered", "x")  # type: ignore[misc]

    assert _units(stack, commands) == {("elasticache", "command"): 3}


def _put(stack: Stack, table: str, size: int) -> dict[str, Any]:
    """The key of a new item of that many bytes, but for its key and a name."""
    key = {"session_id": {"S": str(uuid.uuid4())}}
    stack.dynamodb.put_item(TableName=table, Item={**key, "x": {"S": "x" * size}})
    return key


def _read_units(stack: Stack, use: Use) -> Decimal:
    return _units(stack, use)["dynamodb", "read_request_unit"]


def _units(stack: Stack, use: Use) -> dict[tuple[str, str], Decimal]:
    rows = _used(stack, use).document()["counters"]
    return {(row["service"], row["unit"]): Decimal(row["quantity"]) for row in rows}


def _used(stack: Stack, use: Use) -> UsageLedger:
    """The ledger of a process that did no more than `use`."""
    ledger = UsageLedger(None)

    async def run() -> None:
        CURRENT_ROUTE.set("GET /here")
        async with open_backends(read_stack_settings(stack.env), ledger) as backends:
            await use(backends)

    with pytest.MonkeyPatch.context() as environ:
        for name, value in stack.env.items():
            if name.startswith("AWS_"):
                environ.setenv(name, value)
        asyncio.run(run())
    return ledger
