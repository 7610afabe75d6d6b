"""Fn::ForEach written out: one entry an item of its collection.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tidegauge.cost.architecture.unknown import Absent, Unresolvable
from tidegauge.errors import TidegaugeError

PREFIX = "Fn::ForEach::"
ENTRIES_MAX = 500  # resources that CloudFormation takes in a template


def written_out(section: Mapping[str, Any], resolve: Callable[[Any], Any]) -> dict[str, Any]:
    """`section` with its loops written out; a loop that cannot be stays as it is, under its own name."""
    found: dict[str, Any] = {}
    for key, value in section.items():
        if not str(key).startswith(PREFIX):
            found[key] = value
            continue
        try:
            found |= _loop(value, resolve)
        except (Absent, Unresolvable, TypeError, ValueError):
            found[key] = value
        if len(found) > ENTRIES_MAX:
            raise TidegaugeError(
                f"a template's loops make more than {ENTRIES_MAX} entries",
                "CloudFormation takes no more either",
            )
    return found


def _loop(loop: Any, resolve: Callable[[Any], Any]) -> dict[str, Any]:
    identifier, collection, body = loop
    items = resolve(collection)
    if not isinstance(items, list) or not isinstance(identifier, str) or not isinstance(body, dict):
        raise TypeError
    found: dict[str, Any] = {}
    for item in items[: ENTRIES_MAX + 1]:
        if type(item) not in (str, int):  # an unknown item would make an unknown name
            raise TypeError
        found |= written_out(_put(body, identifier, str(item)), resolve)
    return found


def _put(value: Any, identifier: str, item: str) -> Any:
    """`value` with the item in place of its identifier, in keys too."""
    if isinstance(value, str):
        plain = re.sub(r"[^0-9A-Za-z]", "", item)
        return value.replace("${" + identifier + "}", item).replace("&{" + identifier + "}", plain)
    if isinstance(value, list):
        return [_put(inner, identifier, item) for inner in value]
    if isinstance(value, dict):
        if value == {"Ref": identifier}:
            return item
        return {_put(key, identifier, item): _put(inner, identifier, item) for key, inner in value.items()}
    return value
