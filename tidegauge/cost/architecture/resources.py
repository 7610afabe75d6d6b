"""The resources of a folder of templates, as pricing rules ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.template_values import TemplateValues, Unresolvable

_WHOLE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Units that a resource holds for as long as it exists."""

    service: str
    unit: str
    quantity: Fraction
    attributes: Mapping[str, str] = field(default_factory=dict)
    how: str = ""  # how the quantity follows from the template, where it is not simply written there
    tasks: Fraction | None = None  # an ECS service's, among which the quantity is spread
    assumption: str = ""
    provisioned_table: str = ""  # a DynamoDB table whose request units these pay for


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of one template; its values raise Unresolvable where only deployment knows them."""

    file: str
    name: str
    type: str
    body: Mapping[str, Any]
    values: TemplateValues
    others: Sequence[Resource] = field(repr=False, compare=False)  # all of the folder, this one among them

    @property
    def is_deployed(self) -> bool:
        """Whether its condition holds."""
        return self.values.is_deployed(self.body)

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its properties as the template has them."""
        found = self.body.get("Properties") or {}
        if not isinstance(found, dict):
            raise Unresolvable("its Properties are not a mapping")
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """A property with all that is known filled in."""
        try:
            return self.values.get(self.properties, name, default)
        except Unresolvable as reason:
            raise Unresolvable(f"{name}: {reason}") from None

    def count(self, name: str, default: int | None = None) -> int:
        """A whole number; without a default the property must be there."""
        return whole(self.get(name, default), name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default the property must be there."""
        value = self.get(name, default)
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise Unresolvable(f"{name} is not given as a text")
        return str(value)

    def items(self, name: str) -> list[Any]:
        """A list; empty where the property is not set."""
        value = self.get(name, [])
        if not isinstance(value, list):
            raise Unresolvable(f"{name} is not a list")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A mapping; empty where the property is not set."""
        value = self.get(name, {})
        if not isinstance(value, dict):
            raise Unresolvable(f"{name} is not a mapping")
        return value

    def referred(self, name: str, resource_type: str, name_property: str) -> Resource:
        """The resource that a property names by Ref, Fn::GetAtt or its own name."""
        raw = self.properties.get(name)
        target = logical_name(raw)
        for other in self.others:
            if other.type == resource_type and other.file == self.file and other.name == target:
                return other
        wanted = str(self.get(name)).rsplit("/", 1)[-1].split(":")[0]  # ARN or family:revision
        for other in self.others:
            if other.type == resource_type and other.properties.get(name_property) == wanted:
                return other
        raise Unresolvable(f"{name} is in none of the templates")


def find_resources(
    templates: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, str], region: str
) -> Iterator[Resource]:
    """Every resource of `templates` ({file name: parsed template})."""
    found: list[Resource] = []
    for file, template in templates.items():
        values = TemplateValues(template, parameters, region)
        for name, body in template["Resources"].items():
            is_body = isinstance(body, dict) and isinstance(body.get("Type"), str)
            found.append(
                Resource(
                    file=file,
                    name=str(name),
                    type=body["Type"] if is_body else "unknown",  # Fn::ForEach, or no resource at all
                    body=body if is_body else {},
                    values=values,
                    others=found,
                )
            )
    return iter(found)


def whole(value: object, name: str) -> int:
    """A whole number, as number or text."""
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise Unresolvable(f"{name} is not given" if value is None else f"{name} is {value!r:.40}")
    return int(str(value))


def entry_text(mapping: Mapping[str, Any], key: str, default: str) -> str:
    """A text inside a property; a function that was left there is a value that only deployment knows."""
    value = mapping.get(key, default)
    if not isinstance(value, str):
        raise Unresolvable(f"{key} is not given as a text")
    return value


def logical_name(value: Any) -> str | None:
    """The resource that a Ref or Fn::GetAtt names."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    function, argument = next(iter(value.items()))
    if function == "Ref" and isinstance(argument, str):
        return argument
    if function == "Fn::GetAtt" and isinstance(argument, list) and argument:
        return str(argument[0])
    return None
