"""`python -m infra_under_test.app.consumer`: writes queued analytics events and clicks to DynamoDB.

It stands where the infrastructure guide has a Lambda on the queue: batches of up to ten messages. Events are
written under a key made of their message's id, so a redelivered one overwrites itself; a redelivered message
of clicks counts again (SQS delivers at least once).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from infra_under_test.app.assets import is_condition_failure, to_item
from infra_under_test.app.backends import Backends, open_backends
from infra_under_test.app.event_log import log_event
from infra_under_test.app.settings import ConsumerSettings, read_consumer_settings
from infra_under_test.app.usage import CURRENT_ROUTE, Messages, UsageLedger
from infra_under_test.errors import StackError

ROUTE = "analytics-consumer"
CLICKS_ROUTE = "clicks-consumer"  # what clicks alone cause; a batch with any event counts as the events'
BATCH_MAX = 10  # the most that SQS hands out at a time
POLL_S = 20
RETRY_S = 1.0
UNPROCESSED_WAIT_S = 0.2
KNOWN_FIELDS = ("asset_id", "event", "platform", "user_agent", "referrer", "ip_hash")


async def consume(settings: ConsumerSettings, backends: Backends) -> None:
    """Take batches off the queue for ever; what fails stays on it."""
    while True:
        try:
            answer = await backends.sqs.receive_message(
                QueueUrl=settings.queue_analytics_url, MaxNumberOfMessages=BATCH_MAX, WaitTimeSeconds=POLL_S
            )
            messages = answer.get("Messages", [])
            if messages:
                # Shielded: a batch that was begun is finished, or its clicks would count twice.
                await asyncio.shield(_take(settings, backends, messages))
        except Exception as error:
            log_event("batch_kept", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_S)


def route_of(messages: Messages) -> str:
    """The route that caused a batch of messages: its receive and delete are counted there."""
    return CLICKS_ROUTE if all('"clicks"' in message["Body"][:10] for message in messages) else ROUTE


async def _take(settings: ConsumerSettings, backends: Backends, messages: list[dict[str, Any]]) -> None:
    CURRENT_ROUTE.set(route_of(messages))  # a context variable: other tasks keep theirs
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    clicks: Counter[str] = Counter()
    for message in messages:
        try:
            body = json.loads(message["Body"])
            if "clicks" in body:
                clicks.update({str(code): int(count) for code, count in body["clicks"].items()})
            else:
                row = analytics_row(body, message["MessageId"])
                rows[row["asset_id"], row["timestamp_event"]] = row
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # Deleted with the rest: only the API writes to this queue, and no dead-letter queue is behind it.
            log_event("event_unreadable", message_id=message["MessageId"], error=repr(error))
    if rows:
        await _write_rows(backends, settings.stack.table_analytics, list(rows.values()))
    entries = [
        {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
        for index, message in enumerate(messages)
    ]
    async with asyncio.TaskGroup() as group:
        for code, count in clicks.items():
            group.create_task(_add_clicks(backends, settings.stack.table_share_links, code, count))
    await backends.sqs.delete_message_batch(QueueUrl=settings.queue_analytics_url, Entries=entries)


def analytics_row(event: dict[str, Any], message_id: str) -> dict[str, Any]:
    """An event as a row: the guide's sort key ISO8601#event, and the message's id, as two viewers may act in
    the same microsecond and neither may overwrite the other."""
    row = {name: event[name] for name in KNOWN_FIELDS}
    return {**row, "timestamp_event": f"{event['at']}#{event['event']}#{message_id}"}


async def _write_rows(backends: Backends, table: str, rows: list[dict[str, Any]]) -> None:
    pending = {table: [{"PutRequest": {"Item": to_item(row)}} for row in rows]}
    while pending:
        answer = await backends.dynamodb.batch_write_item(RequestItems=pending)
        pending = answer.get("UnprocessedItems", {})
        if pending:
            await asyncio.sleep(UNPROCESSED_WAIT_S)


async def _add_clicks(backends: Backends, table: str, code: str, count: int) -> None:
    CURRENT_ROUTE.set(CLICKS_ROUTE)
    try:
        await backends.dynamodb.update_item(
            TableName=table,
            Key={"short_code": {"S": code}},
            UpdateExpression="ADD clicks :count",
            ConditionExpression="attribute_exists(short_code)",  # a deleted link must not rise again
            ExpressionAttributeValues={":count": {"N": str(count)}},
        )
    except ClientError as error:
        if not is_condition_failure(error):
            raise


async def serve(settings: ConsumerSettings) -> None:
    """Consume until a signal."""
    CURRENT_ROUTE.set(ROUTE)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ledger = UsageLedger(settings.stack.usage_file, route_of)
    async with ledger.written_regularly(), open_backends(settings.stack, ledger) as backends:
        consumer = asyncio.create_task(consume(settings, backends))
        log_event("consumer_ready")
        await stop.wait()
        consumer.cancel()
        with suppress(asyncio.CancelledError):
            await consumer
    log_event("consumer_stopped")


def main() -> int:
    """The process; its exit code is 2 for wrong settings."""
    try:
        settings = read_consumer_settings(os.environ)
    except StackError as error:
        log_event("settings_refused", message=error.message, hint=error.hint)
        return error.exit_code
    asyncio.run(serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
