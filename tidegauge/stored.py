"""JSON documents as frozen records: checked when read, and nothing lost until they are written again.

A field that a record does not know was added by a later version of Tidegauge. It is kept with the record,
from whatever level of the document it comes, and stands in its place again when the record is written.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from tidegauge.documents import as_error, record_types, refuse_what_json_lacks
from tidegauge.errors import TidegaugeError

UnknownFields = tuple[tuple[tuple[str | int, ...], Any], ...]  # (where in the document, value) of each
Count = Annotated[int, Field(ge=0)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Dollars = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]  # an unrounded decimal
UnixSeconds = Annotated[float, Field(ge=0, le=32_503_680_000)]  # up to the year 3000, as calendars go

# What a record's `field(metadata=…)` says of its place in the document.
LEADING = {"leading": True}  # before inherited fields: a row's name before its figures
LEFT_OUT = {"left_out": True}  # not there where it has its default
ASIDE = {"aside": True}  # never there: what keeps the unknown fields


class Stored(Protocol):
    """A record that is a whole document."""

    @property
    def unknown_fields(self) -> UnknownFields:
        """What the document holds beside the record's own fields."""


R = TypeVar("R", bound=Stored)


def check_version(document: object, what: str, newest: int, remedy: str) -> None:
    """Refuses a document of another schema (exit 2); `what` names its file, `remedy` is for an older one."""
    if not isinstance(document, dict):
        raise TidegaugeError(f"{what} is not a JSON object", remedy)
    version = document.get("schema_version")
    if type(version) is not int:
        found = "is missing" if version is None else f"is {version!r:.40}, not a whole number"
        raise TidegaugeError(f"{what}: schema_version {found}", remedy)
    if version > newest:
        raise TidegaugeError(
            f"{what}: schema_version is {version}, and this Tidegauge reads {newest}",
            "read it with the Tidegauge that wrote it, or a newer one: pip install --upgrade tidegauge",
        )
    if version < newest:
        raise TidegaugeError(f"{what}: schema_version is {version}, which no Tidegauge still reads", remedy)


def read_record(kind: type[R], document: object, what: str, remedy: str) -> R:
    """`document` as a `kind`, or an error (exit 2) that names the file (`what`), the key and the `remedy`."""
    unknown: list[tuple[tuple[str | int, ...], Any]] = []
    try:
        refuse_what_json_lacks(document, what, "")
        known = _known(kind, document, (), unknown)
        record = _adapter(kind).validate_json(json.dumps(known), strict=True)
    except ValidationError as error:
        raise as_error(error, what, remedy) from None
    except RecursionError:
        raise TidegaugeError(f"{what}: nested too deeply", remedy) from None
    found: R = dataclasses.replace(record, unknown_fields=tuple(unknown))
    return found


def document_of(record: Any) -> Any:
    """A record, or whatever is made of records, as plain JSON values, unknown fields in their places."""
    if dataclasses.is_dataclass(record):
        document = {field.name: document_of(getattr(record, field.name)) for field in _written(record)}
        for where, value in getattr(record, "unknown_fields", ()):
            _put(document, where, value)
        return document
    if isinstance(record, Mapping):
        return {key: document_of(value) for key, value in record.items()}
    return [document_of(value) for value in record] if isinstance(record, tuple | list) else record


def _written(record: Any) -> Iterator[dataclasses.Field[Any]]:
    """The fields that the document of `record` has, in their order there."""
    fields = dataclasses.fields(record)
    for field in sorted(fields, key=lambda field: not field.metadata.get("leading", False)):
        aside = field.metadata.get("aside", False)
        absent = field.metadata.get("left_out", False) and getattr(record, field.name) == field.default
        if not aside and not absent:
            yield field


def _put(document: Any, where: tuple[str | int, ...], value: Any) -> None:
    """Sets `value` at `where`, unless what it belonged to is gone."""
    try:
        for part in where[:-1]:
            document = document[part]
    except (KeyError, IndexError, TypeError):
        return
    if isinstance(document, dict):
        document[where[-1]] = value


def _known(
    kind: Any, data: Any, where: tuple[str | int, ...], unknown: list[tuple[tuple[str | int, ...], Any]]
) -> Any:
    """`data` without what the type `kind` has no field for, which goes to `unknown`."""
    if isinstance(data, dict):
        records = record_types(kind, data)
        types = _field_types(records[0]) if records else None
        found = {}
        for key, value in data.items():
            if types is None:
                found[key] = _known(_item_type(kind), value, (*where, key), unknown)
            elif key in types:
                found[key] = _known(types[key], value, (*where, key), unknown)
            else:
                unknown.append(((*where, key), value))
        return found
    if isinstance(data, list):
        return [_known(_item_type(kind), value, (*where, index), unknown) for index, value in enumerate(data)]
    return data


def _item_type(kind: Any) -> Any:
    """The type of what a tuple or a mapping holds, or one that may also be null; Any where there is none."""
    origin, arguments = get_origin(kind), [each for each in get_args(kind) if each is not Ellipsis]
    if origin is Annotated:
        return _item_type(arguments[0])
    if origin in (Union, UnionType):
        return next((item for item in map(_item_type, arguments) if item is not Any), Any)
    return arguments[-1] if arguments and origin is not Literal else Any


@lru_cache(maxsize=256)
def _field_types(record: type) -> Mapping[str, Any]:
    hints = get_type_hints(record, include_extras=True)
    fields = dataclasses.fields(record)
    return {field.name: hints[field.name] for field in fields if not field.metadata.get("aside", False)}


@lru_cache(maxsize=16)
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
