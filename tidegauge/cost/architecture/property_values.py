"""Values inside properties, read as what they must be; Unresolvable where only deployment knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tidegauge.cost.architecture.unknown import Unresolvable, need

_WHOLE = re.compile(r"[0-9]{1,9}")
YES = (True, "true", "True")
NO = (False, "false", "False")


def need_of(value: Any, name: str) -> Any:
    """`value`, unless it is not known; `name` stands in the reason."""
    try:
        return need(value)
    except Unresolvable as reason:
        raise Unresolvable(f"{name}: {reason}") from None


def whole(value: object, name: str) -> int:
    """A whole number, as number or text."""
    need_of(value, name)
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise Unresolvable(f"{name} is not given" if value is None else f"{name} is {value!r:.40}")
    return int(str(value))


def is_on(value: object, name: str) -> bool:
    """Yes or no, as truth value or text."""
    need_of(value, name)
    if value not in (*YES, *NO):
        raise Unresolvable(f"{name} is {value!r:.40}, neither true nor false")
    return value in YES


def entry_text(mapping: Mapping[str, Any], key: str, default: str) -> str:
    """A text inside a property."""
    return as_plain_text(need_of(mapping.get(key, default), key), key)


def mappings(value: object, name: str) -> list[Mapping[str, Any]]:
    """A list of mappings inside a property; empty where it is not set."""
    items = need_of([] if value is None else value, name)
    if not isinstance(items, list):
        raise Unresolvable(f"{name} is not a list")
    for item in items:
        if not isinstance(need_of(item, name), dict):
            raise Unresolvable(f"{name} holds something that is not a mapping")
    return items


def entry(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A mapping inside a property; empty where it is not set."""
    value = need_of(mapping.get(key, {}), key)
    if not isinstance(value, dict):
        raise Unresolvable(f"{key} is not a mapping")
    return value


def as_plain_text(value: Any, name: str) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise Unresolvable(f"{name} is not given as a text" if value is not None else f"{name} is not given")
    return str(value)
