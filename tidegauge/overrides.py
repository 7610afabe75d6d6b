"""`--set KEY=VALUE`: single keys of a TOML document, replaced on the command line."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from tidegauge.errors import TidegaugeError


def apply_override(data: dict[str, Any], override: str) -> None:
    """`arrivals.0.rate_per_s=80` and the like; the value is TOML, else taken as text."""
    match = re.fullmatch(r'((?:"[^"]*"|[^="])+)=(.*)', override, re.DOTALL)  # a quoted part may hold a =
    if match is None:
        raise TidegaugeError(f"--set {override}: not KEY=VALUE", "for example --set arrivals.0.rate_per_s=80")
    key, value = match[1], _override_value(match[2])
    node: Any = data
    parts = _split_key(key)
    if parts is None:
        raise TidegaugeError(f"--set {key}: not a dotted key", 'for example objectives."GET /x".p99_ms')
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if isinstance(node, list):
            if not part.isdigit() or int(part) >= len(node):
                raise TidegaugeError(
                    f"--set {key}: there is no element {part} in {'.'.join(parts[:position])}",
                    f"it has {len(node)} elements, counted from 0",
                )
            if last:
                node[int(part)] = value
            else:
                node = node[int(part)]
        elif isinstance(node, dict):
            if last:
                node[part] = value
            else:
                node = node.setdefault(part, {})
        else:
            raise TidegaugeError(f"--set {key}: {'.'.join(parts[:position])} has no keys", "see docs/plan.md")


def _override_value(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text  # more than one key: a line break began another


def _split_key(key: str) -> list[str] | None:
    """Dotted parts, where one in double quotes may hold dots (endpoint names); None when it is not a key."""
    part = r'(?:"[^"]+"|[^."]+)'
    if not re.fullmatch(rf"{part}(?:\.{part})*", key):
        return None
    return [found.strip('"') for found in re.findall(part, key)]
