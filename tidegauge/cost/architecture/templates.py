"""CloudFormation templates, JSON or YAML with short-form tags, as plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]  # its stubs are not part of the environment

from tidegauge.cost.architecture.cdk import CloudAssembly, read_assembly
from tidegauge.cost.architecture.sam import transformed
from tidegauge.errors import TidegaugeError

CHECK = "check it with cfn-lint"
SECTIONS = ("Parameters", "Mappings", "Conditions", "Outputs", "Globals")
# What a file says that is meant as a template, even where it is torn.
_SECTION = "(Resources|AWSTemplateFormatVersion)"
_MEANT = re.compile(rf"""^[ \t]*["']?{_SECTION}["']?[ \t]*:|"{_SECTION}"\s*:""", re.MULTILINE)


class _TemplateLoader(yaml.SafeLoader):  # type: ignore[misc,unused-ignore]  # a base class without types
    """Safe YAML with CloudFormation's tags; aliases, which CloudFormation refuses, are refused here too.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"an alias in line {mark.line + 1}; CloudFormation has none")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A key that stands twice would silently lose what stands at the first."""
        written = [self.construct_object(key, deep=True) for key, _value in node.value]
        _refuse_twice(written, f"line {node.start_mark.line + 1}")
        return super().construct_mapping(node, deep=deep)


def _refuse_twice(keys: Iterable[Any], where: str) -> None:
    found = set()
    for key in keys:
        if isinstance(key, str) and key in found:
            raise ValueError(f"{key:.60} stands twice in one mapping ({where})")
        found |= {key} if isinstance(key, str) else set()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _refuse_twice((key for key, _value in pairs), "JSON")
    return dict(pairs)


def _intrinsic(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    """`!Sub x` as `{"Fn::Sub": x}`, the long form."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _plain_text(loader: Any, node: Any) -> str:
    """Dates stay text: `2010-09-09` is a version here."""
    return str(loader.construct_scalar(node))


_TemplateLoader.add_multi_constructor("!", _intrinsic)
_TemplateLoader.add_constructor("tag:yaml.org,2002:timestamp", _plain_text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The templates of a folder by their paths in it, and what the CDK says of them."""

    templates: Mapping[str, Mapping[str, Any]]
    assembly: CloudAssembly


def parse_folder(documents: Mapping[str, str]) -> Folder:
    """The templates among `documents` ({path: text}); JSON and YAML of another kind is passed over.

    Refuses a torn template, and a folder without any.
    """
    parsed = {name: _parsed(name, text) for name, text in sorted(documents.items())}
    templates = {name: transformed(data) for name, data in parsed.items() if _is_template(name, data)}
    if not templates:
        raise TidegaugeError(
            "the architecture has no templates", "name a folder with CloudFormation templates"
        )
    return Folder(templates=templates, assembly=read_assembly(parsed))


def parse_template(name: str, document: str) -> Mapping[str, Any]:
    """The template in `document`, intrinsic functions in long form; `name` stands in errors (exit 2)."""
    data = _read(name, document)
    if not _is_template(name, data):
        raise _no_resources(name)
    return transformed(data)


def _parsed(name: str, document: str) -> Any:
    """The document's data; None where it cannot be read, unless it is meant as a template."""
    try:
        return _read(name, document)
    except TidegaugeError:
        if _MEANT.search(document):
            raise
        return None


def _read(name: str, document: str) -> Any:
    try:
        if document.lstrip("\ufeff \t\r\n").startswith("{"):
            try:
                return json.loads(document.lstrip("\ufeff"), object_pairs_hook=_once)
            except json.JSONDecodeError:
                if name.endswith(".json"):
                    raise
        return yaml.load(document, Loader=_TemplateLoader)  # noqa: S506  # a SafeLoader
    except (ValueError, TypeError, LookupError, AttributeError, yaml.YAMLError, RecursionError) as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise TidegaugeError(f"template {name} cannot be read: {detail:.160}", CHECK) from None


def _is_template(name: str, data: Any) -> bool:
    """Whether a document is a template: it has Resources, or says that it is one, and then must have them."""
    if not isinstance(data, dict):
        return False
    if isinstance(data.get("Resources"), dict):
        for section in SECTIONS:
            if not isinstance(data.get(section) or {}, dict):
                raise TidegaugeError(f"template {name}: {section} is not a mapping", CHECK)
        return True
    if "Resources" in data or "AWSTemplateFormatVersion" in data:
        raise _no_resources(name)
    return False


def _no_resources(name: str) -> TidegaugeError:
    return TidegaugeError(
        f"template {name} has no Resources", "a CloudFormation template names its resources"
    )
