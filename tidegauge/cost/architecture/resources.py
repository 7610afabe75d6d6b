"""The resources of a folder of templates, as pricing rules ask for them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.free_types import MACRO
from tidegauge.cost.architecture.stacks import Deployment, Stack
from tidegauge.cost.architecture.template_values import TemplateValues
from tidegauge.cost.architecture.templates import parse_folder
from tidegauge.cost.architecture.unknown import Absent, Unknown, Unresolvable, names_in, need

_WHOLE = re.compile(r"[0-9]{1,9}")
KNOWN_MACROS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
)
YES = (True, "true", "True")
NO = (False, "false", "False")


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
    """One resource of one stack; its values raise Unresolvable where only deployment knows them."""

    file: str
    name: str  # its logical id, behind the nested stack's name: `Cache/Nodes`
    type: str
    body: Mapping[str, Any]
    values: TemplateValues
    not_nested: str = ""  # why a nested stack's template is not there
    others: Sequence[Resource] = field(repr=False, compare=False)  # all of the folder, this one among them

    @property
    def key(self) -> str:
        """What unknown ids of it begin with."""
        return f"{self.values.path}:{self.name.rpartition('/')[2]}"

    @property
    def is_deployed(self) -> bool:
        """Whether its condition holds."""
        return self.values.is_deployed(self.body)

    @property
    def may_be_deployed(self) -> bool:
        """Whether its condition holds, or could."""
        try:
            return self.is_deployed
        except Unresolvable:
            return True

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its properties as the template has them."""
        found = self.body.get("Properties") or {}
        if not isinstance(found, dict):
            raise Unresolvable("its Properties are not a mapping")
        return found

    @property
    def resolved(self) -> Mapping[str, Any]:
        """All its properties with what is known filled in."""
        try:
            found = need(self.values.resolve(self.properties))
        except Absent:
            return {}
        if not isinstance(found, dict):
            raise Unresolvable("its Properties are not a mapping")
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """A property with all that is known filled in, and Unknown for the rest."""
        return self.values.get(self.properties, name, default)

    def count(self, name: str, default: int | None = None) -> int:
        """A whole number; without a default the property must be there."""
        return whole(self.get(name, default), name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default the property must be there."""
        return _text(self._known(name, default), name)

    def label(self, name: str, default: str) -> str:
        """A text that only names something: it may be unknown."""
        value = self.get(name, default)
        return default if isinstance(value, Unknown) else _text(value, name)

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        return is_on(self.get(name, default), name)

    def items(self, name: str) -> list[Any]:
        """A list; empty where the property is not set."""
        value = self._known(name, [])
        if not isinstance(value, list):
            raise Unresolvable(f"{name} is not a list")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A mapping; empty where the property is not set."""
        value = self._known(name, {})
        if not isinstance(value, dict):
            raise Unresolvable(f"{name} is not a mapping")
        return value

    def referred(self, name: str, resource_type: str, name_property: str) -> Resource:
        """The resource that a property names by Ref, Fn::GetAtt or its own name."""
        value = self.get(name)
        found = self.named(value, resource_type)
        if found is not None:
            return found
        wanted = str(need_of(value, name)).rsplit("/", 1)[-1].split(":")[0]  # ARN or family:revision
        for other in self.others:
            if other.type == resource_type and other.label(name_property, "") == wanted:
                return other
        raise Unresolvable(f"{name} is in none of the templates")

    def named(self, value: Any, *resource_types: str) -> Resource | None:
        """The first resource of these types whose id is a part of `value`."""
        ids = names_in(value)
        for other in self.others:
            if other.type in resource_types and any(is_id_of(each, other.key) for each in ids):
                return other
        return None

    def _known(self, name: str, default: Any) -> Any:
        return need_of(self.get(name, default), name)


def find_resources(
    documents: Mapping[str, str], parameters: Mapping[str, str], region: str
) -> tuple[list[Resource], Collection[str]]:
    """Every resource of every stack of `documents` ({path: text}), and the guesses they rest on.

    The guesses grow as values are asked for.
    """
    folder = parse_folder(documents)
    deployment = Deployment(folder.templates, folder.assembly, parameters, region)
    found: list[Resource] = []
    for stack in deployment.all():
        bodies = {**stack.resources(), **{name: {"Type": MACRO} for name in _macros(stack)}}
        found += [_resource(stack, str(name), body, found) for name, body in bodies.items()]
    for file, its in folder.assembly.regions.items():
        if its != region and file in folder.templates:
            deployment.notes[f"{file} is deployed in {its}, and priced as in {region}"] = None
    return found, deployment.notes


def _macros(stack: Stack) -> list[str]:
    """Macros that the template is put through, but for those whose work is known."""
    named = stack.template.get("Transform")
    named = named if isinstance(named, list) else [named]
    macros = [each.get("Name") if isinstance(each, dict) else each for each in named if each is not None]
    return [str(macro) for macro in macros if macro not in KNOWN_MACROS]


def _resource(stack: Stack, name: str, body: Any, others: Sequence[Resource]) -> Resource:
    is_body = isinstance(body, dict) and isinstance(body.get("Type"), str)
    return Resource(
        file=stack.file,
        name=f"{stack.path}/{name}" if stack.path else name,
        type=body["Type"] if is_body else "unknown",  # a loop that is not written out, or no resource at all
        body=body if is_body else {},
        values=stack.values,
        not_nested=stack.not_nested.get(name, ""),
        others=others,
    )


def need_of(value: Any, name: str) -> Any:
    """`value`, unless it is not known; `name` stands in the reason."""
    try:
        return need(value)
    except Unresolvable as reason:
        raise Unresolvable(f"{name}: {reason}") from None


def whole(value: object, name: str) -> int:
    """A whole number, as number or text."""
    need_of(value, name)
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise Unresolvable(f"{name} is not given" if value is None else f"{name} is {value!r:.40}")
    return int(str(value))


def is_on(value: object, name: str) -> bool:
    """Yes or no, as truth value or text."""
    need_of(value, name)
    if value not in (*YES, *NO):
        raise Unresolvable(f"{name} is {value!r:.40}, neither true nor false")
    return value in YES


def entry_text(mapping: Mapping[str, Any], key: str, default: str) -> str:
    """A text inside a property."""
    return _text(need_of(mapping.get(key, default), key), key)


def mappings(value: object, name: str) -> list[Mapping[str, Any]]:
    """A list of mappings inside a property; empty where it is not set."""
    items = need_of([] if value is None else value, name)
    if not isinstance(items, list):
        raise Unresolvable(f"{name} is not a list")
    for item in items:
        if not isinstance(need_of(item, name), dict):
            raise Unresolvable(f"{name} holds something that is not a mapping")
    return items


def entry(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A mapping inside a property; empty where it is not set."""
    value = need_of(mapping.get(key, {}), key)
    if not isinstance(value, dict):
        raise Unresolvable(f"{key} is not a mapping")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise Unresolvable(f"{name} is not given as a text" if value is not None else f"{name} is not given")
    return str(value)


def is_id_of(unknown: str, key: str) -> bool:
    """Whether an unknown id is that of the resource with this key, or an attribute of it."""
    return unknown == key or unknown.startswith(f"{key}.")
