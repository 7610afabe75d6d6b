"""Values of a CloudFormation template as far as they are known before deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_HOLE = re.compile(r"\$\{([^!}][^}]*)\}")
NESTING_MAX = 50


class Unresolvable(Exception):  # no error: a value that only deployment knows
    """Why a value is not known."""


class Absent(Exception):  # no error: AWS::NoValue takes the property away
    """The property is not set."""


class TemplateValues:
    """Evaluates Ref to parameters, Fn::If, Fn::FindInMap, Fn::Sub and conditions of one template."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str], region: str) -> None:
        self._template = template
        self._given = {**parameters, "AWS::Region": region}
        self._known_conditions: dict[str, bool] = {}

    def is_deployed(self, resource: Mapping[str, Any]) -> bool:
        """Whether the resource's condition holds."""
        condition = resource.get("Condition")
        return condition is None or self._condition(condition, 0)

    def get(self, properties: Mapping[str, Any], name: str, default: Any = None) -> Any:
        """The property's value with all that is known filled in, or `default` where it is not set."""
        if name not in properties:
            return default
        try:
            return self.resolve(properties[name])
        except Absent:
            return default

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """`value` without functions; raises Unresolvable or Absent."""
        if depth > NESTING_MAX:
            raise Unresolvable("it is nested too deeply")
        if isinstance(value, list):
            return self._resolve_list(value, depth)
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref":
                return self._ref(argument)
            if function == "Condition" or str(function).startswith("Fn::"):
                return self._call(function, argument, depth + 1)
        return self._resolve_mapping(value, depth)

    def _resolve_list(self, values: Sequence[Any], depth: int) -> list[Any]:
        found = []
        for value in values:
            try:
                found.append(self.resolve(value, depth + 1))
            except Absent:
                continue
            except Unresolvable:
                if is_function(value, "Fn::If"):  # it could be AWS::NoValue, which changes the length
                    raise
                found.append(value)  # an id that only deployment knows is still one item
        return found

    def _resolve_mapping(self, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
        found = {}
        for key, inner in value.items():
            try:
                found[key] = self.resolve(inner, depth + 1)
            except Absent:
                continue
            except Unresolvable:
                found[key] = inner
        return found

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            raise Absent
        parameter = _section(self._template, "Parameters").get(str(name))
        definition = parameter if isinstance(parameter, dict) else {}
        if str(name) not in self._given and "Default" not in definition:
            known = f"parameter {name} has no default" if parameter else f"it refers to {name!s:.60}"
            raise Unresolvable(f"{known}, which only deployment knows")
        value = self._given.get(str(name), definition.get("Default"))
        kind = str(definition.get("Type"))
        if "SSM::Parameter::Value" in kind:
            raise Unresolvable(f"parameter {name} is read from SSM at deployment")
        return [part.strip() for part in str(value).split(",")] if "List" in kind else value

    def _call(self, function: str, argument: Any, depth: int) -> Any:
        if function == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
            return self.resolve(argument[1 if self._condition(argument[0], depth) else 2], depth)
        if function == "Fn::FindInMap" and isinstance(argument, list) and len(argument) == 3:
            found: Any = _section(self._template, "Mappings")
            for key in self.resolve(argument, depth):
                if not isinstance(found, dict) or not isinstance(key, str | int) or str(key) not in found:
                    raise Unresolvable("its key is in no mapping")
                found = found[str(key)]
            return found
        if function == "Fn::Sub" and isinstance(argument, str):
            return _HOLE.sub(lambda hole: str(self._ref(hole.group(1))), argument)
        raise Unresolvable(f"{function} is known at deployment only")

    def _condition(self, condition: Any, depth: int) -> bool:
        if depth > NESTING_MAX:
            raise Unresolvable("its conditions are nested too deeply, or in a circle")
        if isinstance(condition, str):
            named = _section(self._template, "Conditions")
            if condition not in named:
                raise Unresolvable(f"condition {condition} is not in the template")
            if condition not in self._known_conditions:  # else circles of Fn::And would take for ever
                self._known_conditions[condition] = self._condition(named[condition], depth + 1)
            return self._known_conditions[condition]
        if not isinstance(condition, dict) or len(condition) != 1:
            raise Unresolvable("a part of its condition is not a condition function")
        function, argument = next(iter(condition.items()))
        if function == "Condition":
            return self._condition(argument, depth + 1)
        if not isinstance(argument, list) or not argument:
            raise Unresolvable(f"{function} has no arguments")
        if function == "Fn::Equals" and len(argument) == 2:
            left, right = (self.resolve(side, depth + 1) for side in argument)
            return str(left) == str(right)
        results = (self._condition(part, depth + 1) for part in argument)
        if function == "Fn::Not":
            return not next(results)
        if function == "Fn::And":
            return all(results)
        if function == "Fn::Or":
            return any(results)
        raise Unresolvable(f"{function} is not a condition function")


def is_function(value: Any, name: str) -> bool:
    """Whether `value` is the function `name` in long form."""
    return isinstance(value, dict) and len(value) == 1 and name in value


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = template.get(name) or {}
    if not isinstance(section, dict):
        raise Unresolvable(f"{name} of the template is not a mapping")
    return section
