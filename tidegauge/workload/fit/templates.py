"""Paths to endpoints: which part of a path names an asset."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

SIBLINGS_MANY = 20  # so many names in one place are things, not pages
SIBLINGS_LIKE_IDS = 3  # enough where all look like identifiers
SLOT = "{asset_id}"

# A name with a number is an identifier, but v1 and v2 are versions.
_ID = re.compile(r"(?!v\d+$).*\d.*|[0-9a-fA-F]{8,}")
_MEANT = re.compile(r"[{}?#]")
_EXTENSION = re.compile(r"(.+?)(\.[A-Za-z0-9]{1,8})")


class Templated(NamedTuple):
    """A path as its endpoint, and what stood in the endpoint's slots (None: nothing varies)."""

    template: str
    asset: str | None


def templates(paths: Sequence[str]) -> list[Templated]:
    """Each of the (different) paths with its endpoint.

    Segment by segment from the left: names beside each other, with the same extension, become one slot
    when there are SIBLINGS_MANY of them, or SIBLINGS_LIKE_IDS that all look like identifiers.
    """
    split = [path[1:].split("/") for path in paths]
    prefixes = ["" for _ in paths]
    assets: list[list[str]] = [[] for _ in paths]
    for depth in range(max(map(len, split), default=0)):
        reached = [index for index, parts in enumerate(split) if depth < len(parts)]
        stems = {index: _stem(split[index], depth) for index in reached}
        slots = _slots([(prefixes[index], *stems[index]) for index in reached])
        for index in reached:
            stem, extension = stems[index]
            if (prefixes[index], stem, extension) in slots:
                assets[index].append(stem)
                prefixes[index] += f"/{SLOT}{extension}"
            else:
                prefixes[index] += "/" + _literal(stem + extension)
    return [
        Templated(prefix, "/".join(found) or None) for prefix, found in zip(prefixes, assets, strict=True)
    ]


def _stem(parts: list[str], depth: int) -> tuple[str, str]:
    """A segment as name and extension; only the last segment has an extension."""
    match = _EXTENSION.fullmatch(parts[depth]) if depth == len(parts) - 1 else None
    return (match[1], match[2]) if match else (parts[depth], "")


def _slots(names: Sequence[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Which (prefix, name, extension) stand where names vary."""
    siblings: dict[tuple[str, str], set[str]] = defaultdict(set)
    for prefix, stem, extension in names:
        if stem:
            siblings[prefix, extension].add(stem)
    varied = {key for key, stems in siblings.items() if _vary(stems)}
    of_prefix: dict[str, set[str]] = defaultdict(set)
    for prefix, extension in varied:
        of_prefix[prefix] |= siblings[prefix, extension]
    return {  # where one rendition of a thing varies all of them do, however few were asked for
        (prefix, stem, extension)
        for (prefix, extension), stems in siblings.items()
        for stem in stems
        if (prefix, extension) in varied or stem in of_prefix[prefix]
    }


def _vary(stems: set[str]) -> bool:
    if len(stems) >= SIBLINGS_MANY:
        return True
    return len(stems) >= SIBLINGS_LIKE_IDS and all(_ID.fullmatch(stem) for stem in stems)


def _literal(text: str) -> str:
    """The path without characters that mean something in a step: placeholders, query and fragment."""
    return _MEANT.sub(lambda found: f"%{ord(found[0]):02X}", text)
