"""CloudFormation's intrinsic functions; each gets an `Evaluator` and its argument.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tidegauge.cost.architecture.unknown import (
    Absent,
    Unknown,
    Unresolvable,
    joined,
    need,
    split,
    unknown_value,
)

_HOLE = re.compile(r"\$\{(!?)([^}]*)\}")
TEXT_MAX = 100_000  # characters; texts of texts of texts grow beyond any memory
CIDR_MAX = 256


class Evaluator(Protocol):
    """What a function needs of the template that it stands in."""

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """The value without functions."""

    def ref(self, name: Any) -> Any:
        """What Ref gives."""

    def attribute(self, name: str, attribute: str) -> Any:
        """What Fn::GetAtt gives."""

    def holds(self, condition: Any, depth: int) -> bool:
        """Whether a condition holds."""

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the template."""

    def imported(self, name: str) -> Any:
        """What another stack exports."""


def call(function: str, values: Evaluator, argument: Any, depth: int) -> Any:
    """The function's value; Unknown where only deployment knows it."""
    try:
        return _FUNCTIONS[function](values, argument, depth)
    except Unresolvable as reason:
        return unknown_value(function, str(reason))
    except RecursionError:
        return unknown_value(function, "it is nested too deeply")
    except (KeyError, TypeError, ValueError, IndexError):
        return unknown_value(function, f"{function} is known at deployment only")


def is_function(value: Any, name: str) -> bool:
    """Whether `value` is the function `name` in long form."""
    return isinstance(value, dict) and len(value) == 1 and name in value


def as_text(value: Any) -> str:
    """A value as CloudFormation writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return joined(",".join(as_text(part) for part in value), value)
    if isinstance(value, dict) or value is None:
        raise ValueError
    return value if isinstance(value, str) else str(value)


def _if(values: Evaluator, argument: Any, depth: int) -> Any:
    condition, yes, no = argument
    try:
        return values.resolve(yes if values.holds(condition, depth) else no, depth)
    except Unresolvable as reason:
        either = []
        for branch in (yes, no):
            try:
                either.append(values.resolve(branch, depth))
            except Absent:
                return unknown_value("Fn::If", str(reason), may_be_absent=True)
        return either[0] if either[0] == either[1] else unknown_value("Fn::If", str(reason))


def _find_in_map(values: Evaluator, argument: Any, depth: int) -> Any:
    keys, options = argument[:3], argument[3] if len(argument) > 3 else {}
    found: Any = values.section("Mappings")
    for key in values.resolve(keys, depth):
        name = as_text(need(key))
        if not isinstance(found, dict) or name not in {as_text(each) for each in found}:
            if "DefaultValue" in options:
                return values.resolve(options["DefaultValue"], depth)
            raise Unresolvable("its key is in no mapping")
        found = next(inner for each, inner in found.items() if as_text(each) == name)
    return values.resolve(found, depth)


def _sub(values: Evaluator, argument: Any, depth: int) -> Any:
    template, own = argument if isinstance(argument, list) else (argument, {})
    if not isinstance(own, dict):
        raise TypeError
    named = {name: values.resolve(inner, depth) for name, inner in own.items()}
    parts: list[Any] = []

    def fill(hole: re.Match[str]) -> str:
        is_literal, name = hole[1], hole[2].strip()
        if is_literal:
            return "${" + hole[2] + "}"
        stem, dot, attribute = name.partition(".")
        if name in named:
            parts.append(named[name])
        else:
            parts.append(values.attribute(stem, attribute) if dot else values.ref(name))
        return as_text(parts[-1])

    return _bounded(joined(_HOLE.sub(fill, as_text(values.resolve(template, depth))), parts))


def _join(values: Evaluator, argument: Any, depth: int) -> Any:
    delimiter, parts = values.resolve(argument[0], depth), values.resolve(argument[1], depth)
    if isinstance(parts, Unknown):
        return unknown_value("Fn::Join", parts.reason)
    return _bounded(joined(as_text(need(delimiter)).join(as_text(part) for part in parts), parts))


def _bounded(text: str) -> str:
    if len(text) > TEXT_MAX:
        raise Unresolvable(f"it makes a text of more than {TEXT_MAX:,} characters")
    return text


def _split(values: Evaluator, argument: Any, depth: int) -> Any:
    delimiter, text = (values.resolve(part, depth) for part in argument)
    return split(need(delimiter), text)


def _select(values: Evaluator, argument: Any, depth: int) -> Any:
    index, items = values.resolve(argument[0], depth), values.resolve(argument[1], depth)
    at = int(need(index))
    if isinstance(items, Unknown):
        return unknown_value("Fn::Select", items.reason)
    if at < 0:
        raise IndexError
    return items[at]


def _get_att(values: Evaluator, argument: Any, _depth: int) -> Any:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    name, attribute = argument
    return values.attribute(str(name), as_text(need(values.resolve(attribute))))


def _import_value(values: Evaluator, argument: Any, depth: int) -> Any:
    return values.imported(as_text(values.resolve(argument, depth)))


def _cidr(values: Evaluator, argument: Any, depth: int) -> Any:
    number = int(need(values.resolve(argument[1], depth)))
    if not 0 < number <= CIDR_MAX:
        raise ValueError
    return [unknown_value("Fn::Cidr", "Fn::Cidr is known at deployment only") for _ in range(number)]


def _length(values: Evaluator, argument: Any, depth: int) -> int:
    items = need(values.resolve(argument, depth))
    if not isinstance(items, list):
        raise TypeError
    return len(items)


def _to_json(values: Evaluator, argument: Any, depth: int) -> Any:
    inner = values.resolve(argument, depth)
    return (
        unknown_value("Fn::ToJsonString", "its parts are known at deployment only")
        if _has_unknown(inner)
        else json.dumps(inner)
    )


def _has_unknown(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_unknown(inner) for inner in value)
    if isinstance(value, dict):
        return any(_has_unknown(inner) for inner in value.values())
    return isinstance(value, Unknown)


def _base64(values: Evaluator, argument: Any, depth: int) -> Any:
    """A text that no price is read from: it stays as it is."""
    return values.resolve(argument, depth)


_FUNCTIONS: dict[str, Callable[[Evaluator, Any, int], Any]] = {
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json,
}
