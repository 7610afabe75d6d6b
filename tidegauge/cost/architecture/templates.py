"""CloudFormation templates, JSON or YAML with short-form tags, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]  # its stubs are not part of the environment

from tidegauge.errors import TidegaugeError


class _TemplateLoader(yaml.SafeLoader):  # type: ignore[misc,unused-ignore]  # a base class without types
    """Safe YAML with CloudFormation's tags; aliases, which CloudFormation refuses, are refused here too.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"an alias in line {mark.line + 1}; CloudFormation has none")
        return super().compose_node(parent, index)


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


def parse_template(name: str, document: str) -> Mapping[str, Any]:
    """The template in `document`, intrinsic functions in long form; `name` stands in errors (exit 2)."""
    try:
        if document.lstrip().startswith("{"):
            data = json.loads(document)
        else:
            data = yaml.load(document, Loader=_TemplateLoader)  # noqa: S506  # a SafeLoader
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise TidegaugeError(
            f"template {name} cannot be read: {detail:.160}", "check it with cfn-lint"
        ) from None
    if not isinstance(data, dict) or not isinstance(data.get("Resources"), dict):
        raise TidegaugeError(
            f"template {name} has no Resources", "name a folder that holds CloudFormation templates only"
        )
    return data
