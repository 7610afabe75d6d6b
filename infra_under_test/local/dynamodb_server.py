"""`python -m infra_under_test.local.dynamodb_server`: ministack's DynamoDB, with reads metered as AWS does.

ministack sizes writes by their items and indexes, but says 0.5 or 1 of every read. DynamoDB bills each
started 4 KB of what a GetItem, or a page of a Query or Scan, has read, whatever a projection or filter
leaves of it: a unit when consistent, else half of one.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from ministack.app import main
from ministack.services import dynamodb

READ_UNIT_BYTES = 4096
PAGE_SETTINGS = ("TableName", "IndexName", "Limit", "ExclusiveStartKey", "ScanIndexForward", "ConsistentRead")
_PLACEHOLDER = re.compile(r"[#:]\w+")

Add = Callable[..., None]


def read_units(read_bytes: int, *, consistent: bool) -> float:
    """Units of a read of that many bytes; finding nothing costs as much as finding little."""
    started = max(1, math.ceil(read_bytes / READ_UNIT_BYTES))
    return float(started) if consistent else started / 2


def corrected(add: Add) -> Add:
    """ministack's function that puts ConsumedCapacity into an answer, right about the total of reads."""

    def add_consumed_capacity(
        result: dict[str, Any], data: dict[str, Any], table_name: str, **more: Any
    ) -> None:
        add(result, data, table_name, **more)
        if "ConsumedCapacity" in result and not more.get("write"):
            read_bytes = sum(map(dynamodb._item_size_bytes, _items_read(data, table_name)))
            units = read_units(read_bytes, consistent=bool(data.get("ConsistentRead")))
            result["ConsumedCapacity"]["CapacityUnits"] = units

    return add_consumed_capacity


def _items_read(data: dict[str, Any], table_name: str) -> list[dict[str, Any]]:
    """The whole items behind an answer."""
    if "Key" in data:
        item = dynamodb._get_item_by_key(dynamodb._tables[table_name], data["Key"])
        return [item] if item else []
    condition = data.get("KeyConditionExpression")
    page = {name: data[name] for name in PAGE_SETTINGS if name in data}
    if condition is None and "KeyConditions" not in data:
        return _items(dynamodb._scan(page))
    page |= {name: data[name] for name in ("KeyConditionExpression", "KeyConditions") if name in data}
    used = set(_PLACEHOLDER.findall(condition or ""))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {key: value for key, value in data.get(name, {}).items() if key in used}
        page |= {name: kept} if kept else {}  # an empty map is refused
    return _items(dynamodb._query(page))


def _items(answer: tuple[int, dict[str, str], bytes]) -> list[dict[str, Any]]:
    status, _headers, body = answer
    if status != 200:
        raise ValueError(f"the page of a read that succeeded cannot be read again: {body[:200]!r}")
    items: list[dict[str, Any]] = json.loads(body)["Items"]
    return items


if __name__ == "__main__":
    dynamodb._add_consumed_capacity = corrected(dynamodb._add_consumed_capacity)
    main()
