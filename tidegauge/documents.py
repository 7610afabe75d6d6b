"""TOML and JSON documents to frozen records: unknown keys named with the nearest known one."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from tidegauge.errors import TidegaugeError, nearest

T = TypeVar("T")

NUMBER_MAX = 2**63
EVERY_KEY = "see docs/plan.md for every key"


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The TOML file at `path`; `what` names it in errors (exit 2)."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise TidegaugeError(f"{what} {path} does not exist", "check the path") from None
    except OSError as error:
        raise TidegaugeError(f"{what} {path} cannot be read: {error.strerror}", "check the path") from None
    except UnicodeDecodeError:
        raise TidegaugeError(f"{what} {path} is not UTF-8 text", "TOML files are UTF-8") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise TidegaugeError(
            f"{what} {path} is not TOML: {error}", "see docs/plan.md for the format"
        ) from None


def parse(kind: type[T], data: object, what: str) -> T:
    """`data` as a `kind` (a frozen dataclass), or an error that names the key and the fix."""
    try:
        _refuse_unknown_keys(kind, data, what, "")
        refuse_what_json_lacks(data, what, "")
        return TypeAdapter(kind).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise as_error(error, what, EVERY_KEY) from None
    except RecursionError:
        raise TidegaugeError(f"{what}: nested too deeply", "see docs/plan.md for the format") from None


def as_error(error: ValidationError, what: str, hint: str) -> TidegaugeError:
    """The first thing that is wrong with a document, by its key; `what` names the document."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] in ("missing", "missing_argument"):
        message = "is required and missing"
    given = first.get("input")
    shown = f", not {given!r:.60}" if isinstance(given, str | int | float | bool) else ""
    return TidegaugeError(f"{what}: {where + ': ' if where else ''}{message}{shown}{more}", hint)


def _refuse_unknown_keys(kind: Any, data: object, what: str, where: str) -> None:
    """Walks `data` beside the type, so that the error can name the nearest key of that very level."""
    for candidate in record_types(kind, data):
        if not isinstance(data, dict):
            return
        hints = get_type_hints(candidate)
        names = {field.name for field in dataclasses.fields(candidate) if field.init}
        for key, value in data.items():
            here = f"{where}.{key}" if where else str(key)
            if key not in names:
                raise TidegaugeError(f"{what}: unknown key '{here}'", nearest(str(key), names))
            _refuse_unknown_keys(hints[key], value, what, here)
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (tuple, list) and isinstance(data, list):
        for index, value in enumerate(data):
            _refuse_unknown_keys(arguments[0], value, what, f"{where}.{index}")
    elif origin is dict and isinstance(data, dict):
        for key, value in data.items():
            _refuse_unknown_keys(arguments[1], value, what, f"{where}.{key}")


def refuse_what_json_lacks(data: object, what: str, where: str) -> None:
    """Refuses dates, nan, inf, halves of characters and huge numbers: no key of ours takes one."""
    if isinstance(data, dict | list | tuple):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            here = f"{where}.{key}" if where else str(key)
            _refuse_half_characters(here, what, where)
            refuse_what_json_lacks(value, what, here)
    elif isinstance(data, float) and not math.isfinite(data):
        raise TidegaugeError(
            f"{what}: {where} is {data}, which is not a finite number", "give a finite number"
        )
    elif isinstance(data, int) and abs(data) >= NUMBER_MAX:
        raise TidegaugeError(f"{what}: {where} is a number beyond 64 bits", "give a smaller number")
    elif isinstance(data, str):
        _refuse_half_characters(data, what, where)
    elif not isinstance(data, int | float | None):
        raise TidegaugeError(f"{what}: {where} is a date or time", "put text in quotes")


def _refuse_half_characters(text: str, what: str, where: str) -> None:
    """JSON can escape one half of a surrogate pair without the other, which UTF-8 cannot hold."""
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise TidegaugeError(f"{what}: {where} has half of a character", "write the text as UTF-8")


def record_types(kind: Any, data: object) -> list[Any]:
    """The dataclass that describes `data`: the kind itself, or the union's member with its `shape`."""
    if dataclasses.is_dataclass(kind):
        return [kind]
    if get_origin(kind) is typing.Annotated:
        return record_types(get_args(kind)[0], data)
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if dataclasses.is_dataclass(member)]
        if len(members) <= 1:
            return members
        shape = data.get("shape") if isinstance(data, dict) else None
        return [member for member in members if get_args(get_type_hints(member)["shape"])[0] == shape]
    return []
