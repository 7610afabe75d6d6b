"""Documents of which a test states only what matters to it, filled up and read as records."""

from __future__ import annotations

import collections.abc
import dataclasses
import types
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tidegauge.stored import Stored, read_record

R = TypeVar("R", bound=Stored)


def record_of(kind: type[R], document: dict[str, Any]) -> R:
    """`document` as a `kind`: what it lacks is null, empty, 0 or "0"."""
    return read_record(kind, _filled(kind, document), "made-up document", "")


def _filled(kind: Any, value: Any) -> Any:
    """`value` with every required field that its records lack."""
    kind, origin = _plain(kind), get_origin(_plain(kind))
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        hints = get_type_hints(kind, include_extras=True)
        lacking = {
            field.name: _nothing(hints[field.name])
            for field in dataclasses.fields(kind)
            if field.name not in value and not _has_default(field)
        }
        return {
            key: _filled(hints[key], each) if key in hints else each
            for key, each in (lacking | value).items()
        }
    if origin is tuple and isinstance(value, list | tuple):
        return [_filled(get_args(kind)[0], each) for each in value]
    return value


def _plain(kind: Any) -> Any:
    """The type without what annotates it, and without null."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        members = [each for each in get_args(kind) if each is not type(None)]
        return _plain(members[0]) if len(members) == 1 else kind
    return kind


def _nothing(kind: Any) -> Any:
    if type(None) in get_args(kind):
        return None
    plain = _plain(kind)
    if dataclasses.is_dataclass(plain):
        return _filled(plain, {})
    if get_origin(plain) is Literal:
        return get_args(plain)[0]
    if get_origin(plain) in (tuple, collections.abc.Mapping):
        return [] if get_origin(plain) is tuple else {}
    return {str: "0", int: 0, float: 0.0, bool: False}[plain]


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
