"""A sound document damaged in every place, one place at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Where = tuple[str | int, ...]
GONE = object()
ODD = (None, "x", -1, 2**70, [], {}, float("inf"), "\ud800")


def shortened(document: Any) -> Any:
    """The document with the first object of every list of objects alone."""
    if isinstance(document, dict):
        return {key: shortened(value) for key, value in document.items()}
    rows = isinstance(document, list) and all(isinstance(each, dict) for each in document)
    return [shortened(each) for each in document[:1]] if rows else document


def places(document: Any, at: Where = ()) -> Iterator[Where]:
    """Every key of every object, and every item of every list."""
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        yield (*at, key)
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


def damaged(document: Any) -> Iterator[tuple[Where, object, Any]]:
    """(where, what stands there instead, the document with it); GONE where the key is missing."""
    for where in places(document):
        for odd in (GONE, *ODD):
            yield where, odd, put(document, where, odd)


def put(document: Any, where: Where, value: object) -> Any:
    """A copy of `document` with `value` at `where`."""
    changed = copy.deepcopy(document)
    inner = changed
    for key in where[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[where[-1]]
    else:
        inner[where[-1]] = value
    return changed


def objects(document: Any, at: Where = ()) -> Iterator[Where]:
    """Where every object of `document` is."""
    if isinstance(document, dict):
        yield at
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from objects(value, (*at, key))
