"""Values of a CloudFormation template as far as they are known before deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tidegauge.cost.architecture.conditions import Conditions
from tidegauge.cost.architecture.for_each import written_out
from tidegauge.cost.architecture.functions import as_text, call
from tidegauge.cost.architecture.unknown import (
    LIST_ATTRIBUTES,
    Absent,
    Unknown,
    Unresolvable,
    split,
    unknown_id,
    unknown_value,
)

NESTING_MAX = 50
PSEUDO_IDS = ("AWS::AccountId", "AWS::StackName", "AWS::StackId")


class TemplateValues:
    """Evaluates functions and conditions of one stack's template.

    `path` names the stack among nested ones. `output(child, name)` is what a nested stack gives back,
    `imported(name)` what another stack exports; each may raise Unresolvable.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, Any],
        region: str,
        *,
        path: str = "",
        output: Callable[[str, str], Any] | None = None,
        imports: Callable[[str], Any] | None = None,
    ) -> None:
        self.path = path
        self._template = template
        self._given = {**_pseudo(region), **parameters}
        self._output, self._imports = output, imports
        self._sections: dict[str, Mapping[str, Any]] = {}
        self._conditions = Conditions(self)
        self._parameters: dict[str, Any] = {}
        self._open: set[str] = set()  # parameters under way: who meets one again is in a circle

    def is_deployed(self, resource: Mapping[str, Any]) -> bool:
        """Whether the resource's condition holds."""
        condition = resource.get("Condition")
        return condition is None or self.holds(condition, 0)

    def get(self, properties: Mapping[str, Any], name: str, default: Any = None) -> Any:
        """The property's value, Unknown where only deployment knows it; `default` where it is not set."""
        if name not in properties:
            return default
        try:
            return self.resolve(properties[name])
        except Absent:
            return default

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the template, its loops written out."""
        section: Mapping[str, Any] = self._template.get(name) or {}
        if name not in self._sections:
            self._sections[name] = section  # what a loop of the section finds in it
            self._sections[name] = written_out(section, self.resolve)
        return self._sections[name]

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """`value` without functions; Unknown for what is not known. Raises Absent for AWS::NoValue."""
        if depth > NESTING_MAX:
            return unknown_value("deep", "it is nested too deeply")
        if isinstance(value, list):
            return self._resolve_list(value, depth)
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            function, argument = next(iter(value.items()))
            if function == "Ref":
                return self.ref(argument)
            if str(function).startswith("Fn::") and not str(function).startswith("Fn::ForEach"):
                return call(function, self, argument, depth + 1)
        return self._resolve_mapping(value, depth)

    def _resolve_list(self, values: Sequence[Any], depth: int) -> Any:
        found: list[Any] = []
        for value in values:
            try:
                found.append(self.resolve(value, depth + 1))
            except Absent:
                continue
            if isinstance(found[-1], Unknown) and found[-1].may_be_absent:
                return unknown_value("list", found[-1].reason)
        return found

    def _resolve_mapping(self, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
        found = {}
        for key, inner in written_out(value, lambda each: self.resolve(each, depth + 1)).items():
            try:
                found[key] = self.resolve(inner, depth + 1)
            except Absent:
                continue
        return found

    def ref(self, name: Any) -> Any:
        """A parameter's value, or the id of a resource."""
        if name == "AWS::NoValue":
            raise Absent
        name = str(name)
        parameters = self.section("Parameters")
        if name in parameters or name in self._given:
            return self._once(f"parameter {name}", self._parameters, name, lambda: self._parameter(name))
        if name in PSEUDO_IDS or name in self.section("Resources"):
            return unknown_id(f"{self.path}:{name}", f"it refers to {name:.60}, which only deployment knows")
        return unknown_value(name, f"it refers to {name:.60}, which only deployment knows")

    def attribute(self, name: str, attribute: str) -> Any:
        """An output of a nested stack, or an id that only deployment knows."""
        reason = "Fn::GetAtt is known at deployment only"
        kind = str(_type(self.section("Resources").get(name)))
        if attribute.startswith("Outputs.") and self._output is not None:
            try:
                return self._output(name, attribute.removeprefix("Outputs."))
            except Unresolvable as unresolvable:
                return unknown_value(f"{name}.{attribute}", f"{name}.{attribute}: {unresolvable}")
        full = f"{self.path}:{name}.{attribute}"
        if kind.startswith("AWS::") and attribute not in LIST_ATTRIBUTES and "Stack" not in kind:
            return unknown_id(full, reason)
        return unknown_value(full, reason)

    def imported(self, name: str) -> Any:
        """What another stack of the folder exports under that name."""
        try:
            if self._imports is not None:
                return self._imports(name)
        except Unresolvable as reason:
            return unknown_value(name, str(reason))
        return unknown_value(name, "Fn::ImportValue is known at deployment only")

    def _parameter(self, name: str) -> Any:
        parameter = self.section("Parameters").get(name)
        definition = parameter if isinstance(parameter, dict) else {}
        kind = str(definition.get("Type"))
        if name not in self._given and "Default" not in definition:
            make = unknown_id if kind.startswith("AWS::EC2::") else unknown_value
            return make(name, f"parameter {name} has no default, which only deployment knows")
        value = self._given.get(name, definition.get("Default"))
        if callable(value):  # a nested stack's, worked out by its parent when it is asked for
            value = value()
            value = definition.get("Default") if value is None else value
        if value is None or isinstance(value, dict):
            return unknown_value(name, f"parameter {name} is not given as a text")
        if "SSM::Parameter::Value" in kind:
            return unknown_value(name, f"parameter {name} is read from SSM at deployment")
        if "List" not in kind:
            return as_text(value) if isinstance(value, bool | list) else value
        pieces = value if isinstance(value, list | Unknown) and not value else split(",", as_text(value))
        return [_stripped(piece) for piece in pieces] if isinstance(pieces, list) else pieces

    def _once(self, title: str, known: dict[str, Any], name: str, work: Callable[[], Any]) -> Any:
        """A value worked out once; one that needs itself is not known."""
        if name in known:
            return known[name]
        if title in self._open:
            return unknown_value(name, f"{title} refers to itself, in a circle")
        self._open.add(title)
        try:
            known[name] = work()
        finally:
            self._open.discard(title)
        return known[name]

    def holds(self, condition: Any, depth: int = 0) -> bool:
        """Whether a condition, named or written out, holds; raises Unresolvable."""
        return self._conditions.holds(condition, depth)


def _pseudo(region: str) -> dict[str, Any]:
    china, government = region.startswith("cn-"), region.startswith("us-gov-")
    return {
        "AWS::Region": region,
        "AWS::Partition": "aws-cn" if china else "aws-us-gov" if government else "aws",
        "AWS::URLSuffix": "amazonaws.com.cn" if china else "amazonaws.com",
    }


def _type(resource: Any) -> Any:
    return resource.get("Type") if isinstance(resource, dict) else None


def _stripped(piece: str) -> str:
    return Unknown.of(piece.strip(), piece.reason) if isinstance(piece, Unknown) else piece.strip()
