"""DynamoDB's units worked out again from the requests alone: a small table of items, and the published rules.

It knows what our services send (puts, updates by SET and ADD, gets, queries of a partition) and no more: a
request of another kind is an error, never a guess. The stand-in is never asked what a call cost.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from infra_under_test.app.item_size import item_bytes, write_units
from infra_under_test.local.resources import TABLES

Item = dict[str, Any]
READ_UNIT_BYTES = 4096
KEYS = {table["TableName"]: [key["AttributeName"] for key in table["KeySchema"]] for table in TABLES}
INDEXES = {  # by table; an item is in an index when it has all of the attributes
    table["TableName"]: [
        [key["AttributeName"] for key in index["KeySchema"]]
        for index in table.get("GlobalSecondaryIndexes", [])
    ]
    for table in TABLES
}


class Tables:
    """The items of all tables, and what was consumed: {(table, unit): units}."""

    def __init__(self, items: Mapping[str, Sequence[Item]]) -> None:
        self.items = {
            table: {self._key(table, item): item for item in items.get(table, [])} for table in KEYS
        }
        self.consumed: Counter[tuple[str, str]] = Counter()

    def apply(self, line: Mapping[str, Any]) -> None:
        """Applies one request of the log."""
        operation, body = line["target"].rpartition(".")[2], json.loads(line["body"])
        if line["s"] not in (200, 400):
            raise ValueError(f"{operation} was answered {line['s']}")
        if operation == "BatchWriteItem":
            for table, requests in body["RequestItems"].items():
                for request in requests:
                    self._write(table, request["PutRequest"]["Item"])
            return
        table = body["TableName"]
        if operation == "GetItem":
            found = self.items[table].get(self._key(table, body["Key"]))
            self._read(table, [found] if found else [], body)
        elif operation == "Query":
            self._read(table, list(self._partition(table, body)), body)
        elif line["s"] == 400:
            self._refused(table, body)
        elif operation == "PutItem":
            self._write(table, body["Item"])
        elif operation == "UpdateItem":
            self._write(table, self._updated(table, body))
        else:
            raise ValueError(f"{operation} is not known here")

    def _write(self, table: str, item: Item) -> None:
        """The larger of the old and the new item, and the same again for each index that holds it."""
        key = self._key(table, item)
        old = self.items[table].get(key)
        self.items[table][key] = item
        units = max(write_units(item_bytes(each)) for each in (old, item) if each is not None)
        for index in INDEXES[table]:
            if old is not None and any(old.get(name) != item.get(name) for name in index):
                raise ValueError(f"an item of {table} moves within an index: not known here")
            if old != item and all(name in item for name in index):
                self.consumed[table, "write_request_unit"] += units
        self.consumed[table, "write_request_unit"] += units

    def _refused(self, table: str, body: Mapping[str, Any]) -> None:
        met = self.items[table].get(self._key(table, body.get("Key") or body["Item"]))
        self.consumed[table, "write_request_unit"] += write_units(item_bytes(met or {}))

    def _read(self, table: str, found: Sequence[Item], body: Mapping[str, Any]) -> None:
        started = max(1, math.ceil(sum(map(item_bytes, found)) / READ_UNIT_BYTES))
        units = Fraction(started, 1 if body.get("ConsistentRead") else 2)
        self.consumed[table, "read_request_unit"] += units  # type: ignore[assignment]

    def _partition(self, table: str, body: Mapping[str, Any]) -> Iterator[Item]:
        """What a query of `partition = :value` reads; all of it fits in a page here."""
        name, placeholder = re.fullmatch(r"(\w+) = (:\w+)", body["KeyConditionExpression"]).groups()  # type: ignore[union-attr]
        wanted = body["ExpressionAttributeValues"][placeholder]
        return (item for item in self.items[table].values() if item[name] == wanted)

    def _updated(self, table: str, body: Mapping[str, Any]) -> Item:
        item = dict(self.items[table].get(self._key(table, body["Key"]), body["Key"]))
        verb, _space, rest = body["UpdateExpression"].partition(" ")
        for change in rest.split(", "):
            shown, value = re.split(r" = | ", change)
            name = body.get("ExpressionAttributeNames", {}).get(shown, shown)
            given = body["ExpressionAttributeValues"][value]
            if verb == "ADD":
                before = item.get(name, {"N": "0"})["N"]
                item[name] = {"N": str(Decimal(before) + Decimal(given["N"]))}
            elif verb == "SET":
                item[name] = given
            else:
                raise ValueError(f"an update by {verb} is not known here")
        return item

    @staticmethod
    def _key(table: str, item: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(item[name]["S"] for name in KEYS[table])
