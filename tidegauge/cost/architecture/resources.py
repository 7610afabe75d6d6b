"""The resources of a folder of templates, as pricing rules ask for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.free_types import MACRO
from tidegauge.cost.architecture.property_values import as_plain_text, is_on, need_of, whole
from tidegauge.cost.architecture.siblings import Siblings
from tidegauge.cost.architecture.stacks import Deployment, Stack
from tidegauge.cost.architecture.template_values import TemplateValues
from tidegauge.cost.architecture.templates import parse_folder
from tidegauge.cost.architecture.unknown import Absent, Unknown, Unresolvable, names_in, need

KNOWN_MACROS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::Serverless-2016-10-31",
)


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
    others: Siblings[Resource] = field(repr=False, compare=False)  # all of the folder, this one among them

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
        return as_plain_text(self._known(name, default), name)

    def label(self, name: str, default: str) -> str:
        """A text that only names something: it may be unknown."""
        value = self.get(name, default)
        return default if isinstance(value, Unknown) else as_plain_text(value, name)

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
        for other in self.others.of(resource_type):
            if other.label(name_property, "") == wanted:
                return other
        raise Unresolvable(f"{name} is in none of the templates")

    def named(self, value: Any, *resource_types: str) -> Resource | None:
        """The first resource of these types whose id is a part of `value`."""
        found = (self.others.named(each) for each in names_in(value))
        return next((other for other in found if other and other.type in resource_types), None)

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
    others: Siblings[Resource] = Siblings()
    for stack in deployment.all():
        bodies = {**stack.resources(), **{name: {"Type": MACRO} for name in _macros(stack)}}
        found += [_resource(stack, str(name), body, others) for name, body in bodies.items()]
    for resource in found:
        others.add(resource)
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


def _resource(stack: Stack, name: str, body: Any, others: Siblings[Resource]) -> Resource:
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


def is_id_of(unknown: str, key: str) -> bool:
    """Whether an unknown id is that of the resource with this key, or an attribute of it."""
    return unknown == key or unknown.startswith(f"{key}.")
