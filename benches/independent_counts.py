"""What others saw of a run on the local stack: the edge's log, proxies, Valkey, SeaweedFS, DynamoDB's items.

Each row is one item of usage.json against a count that our meters had no part in.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import boto3
import redis

from benches.counting_proxy import CountingProxy
from benches.dynamodb_by_hand import KEYS, Tables

CACHE_RESULTS = {"Hit": "hit", "RefreshHit": "refresh_hit", "Miss": "miss", "Error": "error"}
EMPTY_ANSWER_BYTES = 40  # a message's receipt handle alone is longer than that
# Commands that Valkey's INFO counts but no request caused: greetings, subscriptions, and our own INFO.
NO_WORK = ("client", "hello", "info", "select", "subscribe", "unsubscribe", "ping", "auth")
S3_WRITES = ("PUT", "POST")
USAGE_WRITTEN_WITHIN_S = 1.5  # a meter is on disk a second after it counted, on a busy machine a little more


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison; `slack` is how far the independent count may be off, 0 for not at all."""

    item: str
    usage: Fraction
    independent: Fraction
    by: str
    slack: Fraction = Fraction(0)

    @property
    def equal(self) -> bool:
        return abs(self.usage - self.independent) <= self.slack


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the parts show at one moment."""

    edge_bytes: int
    proxy_lines: Mapping[str, int]
    commands: Mapping[str, int]
    s3_requests: Mapping[str, int]
    objects: frozenset[str]
    items: Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where the parts of the stack are, beside its proxy."""

    edge_log: Path
    ports: Mapping[str, int]
    credentials: Mapping[str, str]
    proxy: CountingProxy

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.ports[service]}",
            region_name="us-east-1",
            **self.credentials,
        )


def look(around: Surroundings) -> State:
    """Asks the parts for everything they count, past the proxy."""
    dynamodb, s3 = around.client("dynamodb"), around.client("s3")
    return State(
        edge_bytes=around.edge_log.stat().st_size,
        proxy_lines={name: len(around.proxy.lines(name)) for name in around.proxy.urls},
        commands=_commands(around.ports["redis"]),
        s3_requests=_s3_requests(around.ports["s3-metrics"]),
        objects=frozenset(_objects(s3)),
        items={
            table: [item for page in dynamodb.get_paginator("scan").paginate(TableName=table)
                    for item in page["Items"]]
            for table in KEYS
        },
    )  # fmt: skip


def _commands(port: int) -> dict[str, int]:
    with redis.Redis(port=port) as client:
        stats: Any = client.info("commandstats")
    return {name.removeprefix("cmdstat_"): int(row["calls"]) for name, row in stats.items()}


def _s3_requests(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found: Counter[str] = Counter()
    for kind, count in re.findall(r'(?m)^SeaweedFS_s3_request_total\{[^}]*type="(\w+)"[^}]*\} (\S+)$', text):
        found[kind] += int(float(count))
    return dict(found)


def _objects(s3: Any) -> Iterator[str]:
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            yield from (f"{bucket['Name']}/{row['Key']}" for row in page.get("Contents", []))


class Usage:
    """Sums over usage.json's items."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._items = document["items"]

    def sum(self, service: str, unit: str, *, idle: bool | None = None, **wanted: str | None) -> Fraction:
        """Units with these attributes (None: without that one); `idle`: polls, or all but polls."""
        return sum(
            (
                Fraction(item["quantity"])
                for item in self._items
                if (item["service"], item["unit"]) == (service, unit)
                and all(item["attributes"].get(name) == value for name, value in wanted.items())
                and (idle is None or idle == (item["flow"] is None))
            ),
            Fraction(0),
        )


def compare(
    usage: Usage, stack_usage: Mapping[str, Any], around: Surroundings, before: State, after: State
) -> list[Row]:
    """All rows."""
    lines = {
        name: around.proxy.lines(name)[before.proxy_lines[name] : after.proxy_lines[name]]
        for name in around.proxy.urls
    }
    edge = _edge_lines(around.edge_log, before.edge_bytes, after.edge_bytes)
    grown = {kind: after.s3_requests[kind] - before.s3_requests.get(kind, 0) for kind in after.s3_requests}
    return [
        *_edge_rows(usage, edge),
        *_api_rows(usage, edge, lines["api"]),
        *_s3_rows(usage, lines["s3"], grown, len(after.objects - before.objects)),
        *_sqs_rows(usage, lines["sqs"], stack_usage),
        *_dynamodb_rows(usage, lines["dynamodb"], before, after),
        *_redis_rows(usage, before, after),
        *_worker_rows(usage, lines["sqs"]),
    ]


def _edge_lines(log: Path, start: int, end: int) -> list[dict[str, Any]]:
    with log.open("rb") as file:
        file.seek(start)
        return [json.loads(line) for line in file.read(end - start).splitlines()]


def _edge_rows(usage: Usage, edge: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    counted = Counter((line["beh"], CACHE_RESULTS[line["cache"]]) for line in edge)
    for (behaviour, result), count in sorted(counted.items()):
        mine = usage.sum("cloudfront", "https_request", behaviour=behaviour, cache=result)
        yield _row(f"cloudfront https_request {behaviour} {result}", mine, count, "edge log lines")
    total = usage.sum("cloudfront", "https_request")
    yield _row("cloudfront https_request, all", total, len(edge), "edge log lines")
    for behaviour in sorted({line["beh"] for line in edge}):
        sent = sum(line["b"] for line in edge if line["beh"] == behaviour)
        mine = usage.sum("cloudfront", "egress_byte", behaviour=behaviour)
        yield _row(f"cloudfront egress_byte {behaviour}", mine, sent, "edge log, body bytes")


def _api_rows(
    usage: Usage, edge: Sequence[Mapping[str, Any]], api: Sequence[Mapping[str, Any]]
) -> Iterator[Row]:
    direct = sum(not line["u"].startswith(("/health", "/ws")) for line in api)
    through = sum(line["beh"] == "/api/*" and line["u"] != "/api/ws" for line in edge)
    mine = usage.sum("apigateway", "http_request")
    yield _row("apigateway http_request", mine, direct + through, "log of a proxy before the API")


def _s3_rows(
    usage: Usage, lines: Sequence[Mapping[str, Any]], grown: Mapping[str, int], made: int
) -> Iterator[Row]:
    writes = [line for line in lines if line["m"] in S3_WRITES]
    reads = [line for line in lines if line["m"] in ("GET", "HEAD")]
    yield _row("s3 put_request", usage.sum("s3", "put_request"), len(writes), "log of a proxy before S3")
    seen = sum(grown.get(kind, 0) for kind in ("PUT", "POST", "COPY"))
    yield _row("s3 put_request", usage.sum("s3", "put_request"), seen, "SeaweedFS' own metrics")
    own = usage.sum("s3", "get_request", behaviour=None)
    yield _row("s3 get_request of services", own, len(reads), "log of a proxy before S3")
    fetched = usage.sum("s3", "get_request") - own
    by_edge = sum(grown.get(kind, 0) for kind in ("GET", "HEAD")) - len(reads)
    yield _row("s3 get_request of the edge", fetched, by_edge, "SeaweedFS' own metrics, less the proxy's")
    whole = [line for line in writes if "partNumber=" not in line["u"] and "uploads" not in line["u"]]
    yield _row("objects that those writes made", Fraction(len(whole)), made, "objects listed in S3")


def _sqs_rows(
    usage: Usage, lines: Sequence[Mapping[str, Any]], stack_usage: Mapping[str, Any]
) -> Iterator[Row]:
    begin, end = (stack_usage[f"{moment}_unix_s"] for moment in ("before", "after"))
    for kind, is_kind in (("fifo", True), ("standard", False)):
        own = [line for line in lines if _queue(line).endswith(".fifo") == is_kind]
        work = [line for line in own if not _is_idle(line)]
        mine = usage.sum("sqs", f"{kind}_request", idle=False)
        yield _row(f"sqs {kind}_request", mine, len(work), "log of a proxy before SQS")
        polls = [line["t"] for line in own if _is_idle(line)]
        sure = sum(begin < moment < end - USAGE_WRITTEN_WITHIN_S for moment in polls)
        perhaps = sum(
            -USAGE_WRITTEN_WITHIN_S <= moment - edge <= 0 for moment in polls for edge in (begin, end)
        )
        yield Row(
            item=f"sqs {kind}_request, polls of no flow",
            usage=usage.sum("sqs", f"{kind}_request", idle=True),
            independent=Fraction(sure) + Fraction(perhaps, 2),
            slack=Fraction(perhaps, 2),
            by="log of a proxy before SQS",
        )
    sent = sum(_operation(line) == "SendMessage" for line in lines)
    deleted = sum(
        len(json.loads(line["body"])["Entries"]) for line in lines if _operation(line) == "DeleteMessageBatch"
    )
    yield _row("messages sent, and deleted after work", Fraction(sent), deleted, "log of a proxy before SQS")


def _dynamodb_rows(
    usage: Usage, lines: Sequence[Mapping[str, Any]], before: State, after: State
) -> Iterator[Row]:
    tables = Tables(before.items)
    for line in lines:
        tables.apply(line)
    for (table, unit), units in sorted(tables.consumed.items()):
        mine = usage.sum("dynamodb", unit, table=table)
        yield _row(f"dynamodb {unit} {table}", mine, Fraction(units), "requests and item sizes, by hand")
    by_hand = sum(
        sum(item in items for item in after.items[table]) for table, items in _lists(tables).items()
    )
    stored = sum(map(len, after.items.values()))
    yield _row("items as the requests left them", Fraction(by_hand), stored, "items scanned in DynamoDB")


def _lists(tables: Tables) -> dict[str, list[dict[str, Any]]]:
    return {table: list(items.values()) for table, items in tables.items.items()}


def _redis_rows(usage: Usage, before: State, after: State) -> Iterator[Row]:
    calls = sum(
        count - before.commands.get(name, 0)
        for name, count in after.commands.items()
        if name.partition("|")[0] not in NO_WORK
    )
    yield _row(
        "elasticache command", usage.sum("elasticache", "command"), calls, "Valkey's INFO commandstats"
    )


def _worker_rows(usage: Usage, lines: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """From each answered receive of a job to the end of its deletion: one worker, one job at a time."""
    jobs = [line for line in lines if _queue(line).endswith(".fifo") and not _is_idle(line)]
    busy, received = 0.0, None
    count = 0
    for line in jobs:
        if _operation(line) == "ReceiveMessage":
            received = line["t"]
        elif _operation(line) == "DeleteMessageBatch" and received is not None:
            busy, received, count = busy + line["t"] - received, None, count + 1
    yield Row(
        item="fargate vcpu_second (2 vCPU)",
        usage=usage.sum("fargate", "vcpu_second"),
        independent=Fraction(Decimal(str(round(2 * busy, 3)))),
        slack=Fraction(count, 25),  # 20 ms a job and vCPU: the log's clock ticks in milliseconds
        by="receive to delete in the proxy's log",
    )


def _queue(line: Mapping[str, Any]) -> str:
    url: str = json.loads(line["body"])["QueueUrl"]
    return url


def _operation(line: Mapping[str, Any]) -> str:
    target: str = line["target"]
    return target.rpartition(".")[2]


def _is_idle(line: Mapping[str, Any]) -> bool:
    return _operation(line) == "ReceiveMessage" and line["b"] < EMPTY_ANSWER_BYTES


def _row(item: str, usage: Fraction, independent: int | Fraction, by: str) -> Row:
    return Row(item=item, usage=usage, independent=Fraction(independent), by=by)
