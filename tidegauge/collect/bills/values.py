"""The texts of a bill's cells: exact numbers, moments, and maps of texts."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from functools import lru_cache

from tidegauge.collect.bills.tables import BETWEEN, INSIDE

NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{0,60})?([eE][+-]?\d{1,2})?")
DISTINCT_KEPT = 4_096


class BadCell(Exception):
    """Why a cell cannot be what its column holds."""


@lru_cache(DISTINCT_KEPT)
def number(text: str) -> Decimal:
    """The number as it is written; an empty cell is nothing."""
    if not text:
        return Decimal(0)
    if not NUMBER.fullmatch(text):
        raise BadCell(f"'{text:.40}' is not a number")
    return Decimal(text)


def moment(text: str) -> dt.datetime:
    """A date and time, UTC where it names no offset."""
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadCell(f"'{text:.40}' is not a date and time") from None
    found = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    if not 1970 < found.year < 3000:
        raise BadCell(f"'{text:.40}' is out of range")
    return found


@lru_cache(DISTINCT_KEPT)
def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The entries of a map that have a value, by name: a JSON object of texts, or a map of Parquet."""
    if not text or text == "{}":
        return ()
    entries = text.split(BETWEEN) if INSIDE in text else ()
    found = dict(entry.split(INSIDE, 1) for entry in entries) or _object(text)
    return tuple(sorted((name, value) for name, value in found.items() if value))


def _object(text: str) -> dict[str, str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadCell(f"'{text:.40}' is not a JSON object") from None
    if not isinstance(data, dict) or not all(
        isinstance(each, str | int | float | None) for each in data.values()
    ):
        raise BadCell(f"'{text:.40}' is not a JSON object of texts")
    return {name: "" if value is None else str(value) for name, value in data.items()}


def squashed(name: str) -> str:
    """A name without what exports change in it: `user:CostCenter` is `user_cost_center` in CUR 2.0."""
    return "".join(char for char in name.lower() if char.isalnum())


def has_tag(tags: tuple[tuple[str, str], ...], key: str, value: str) -> bool:
    """Whether `tags` have that value of `key`, which may stand there with the prefix of user-defined tags."""
    wanted = {squashed(key), squashed(f"user{key}")}
    return any(squashed(name) in wanted and held == value for name, held in tags)
