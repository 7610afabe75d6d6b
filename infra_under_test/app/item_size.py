"""The size of an item as DynamoDB counts it, and the write units of one.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

WRITE_UNIT_BYTES = 1024
NESTING_BYTES = 3  # for each list or map, empty or not
MEMBER_BYTES = 1  # for each member of one


def write_units(size_bytes: int) -> int:
    """Units of a standard write of an item of that size; 0 bytes (no item) cost as much as a small one."""
    return max(1, math.ceil(size_bytes / WRITE_UNIT_BYTES))


def item_bytes(item: Mapping[str, Any]) -> int:
    """Bytes of the names and values of an item of typed attributes, such as {"clicks": {"N": "12"}}."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return _number_bytes(value)
        case "B":
            return len(value)
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(text.encode()) for text in value)
        case "NS":
            return sum(map(_number_bytes, value))
        case "BS":
            return sum(map(len, value))
        case "L":
            return NESTING_BYTES + sum(MEMBER_BYTES + _value_bytes(member) for member in value)
        case "M":
            return NESTING_BYTES + MEMBER_BYTES * len(value) + item_bytes(value)
        case _:
            raise ValueError(f"DynamoDB has no type {kind!r}")


def _number_bytes(text: str) -> int:
    """A byte for two significant digits, and one more; leading and trailing zeros do not count."""
    digits = text.lstrip("+-").lower().partition("e")[0].replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1
