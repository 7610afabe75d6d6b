"""The properties that a resource has set, and that are billed without a known price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tidegauge.cost.architecture.functions import as_text
from tidegauge.cost.architecture.instances import unpriced_launch
from tidegauge.cost.architecture.known_properties import KNOWN
from tidegauge.cost.architecture.nodes import unpriced_versions
from tidegauge.cost.architecture.property_table import BILLED, Billed
from tidegauge.cost.architecture.resources import Resource
from tidegauge.cost.architecture.scaling import unpriced_target
from tidegauge.cost.architecture.tables import unpriced_replicas
from tidegauge.cost.architecture.unknown import Unknown, Unresolvable
from tidegauge.cost.architecture.web_acls import unpriced_rules

SPECIAL = {
    "AWS::ApplicationAutoScaling::ScalableTarget": unpriced_target,
    "AWS::AutoScaling::AutoScalingGroup": unpriced_launch,
    "AWS::DynamoDB::GlobalTable": unpriced_replicas,
    "AWS::EC2::Instance": unpriced_launch,
    "AWS::ElastiCache::CacheCluster": unpriced_versions,
    "AWS::ElastiCache::ReplicationGroup": unpriced_versions,
    "AWS::WAFv2::WebACL": unpriced_rules,
}


def unpriced_properties(resource: Resource) -> Iterator[tuple[str | None, str]]:
    """(property, reason) of all that a resource has set, is billed for, and nobody knows the price of."""
    try:
        yield from _unknown_properties(resource)
        properties = resource.resolved
        for billed in BILLED.get(resource.type, ()):
            for value in _values(properties, billed.path.split(".")):
                yield from _row(billed, value)
        if resource.type in SPECIAL:
            yield from SPECIAL[resource.type](resource)
    except Unresolvable as reason:
        yield None, str(reason)


def _unknown_properties(resource: Resource) -> Iterator[tuple[str, str]]:
    properties = resource.resolved
    for path, known in KNOWN.get(resource.type, {}).items():
        for value in _values(properties, path.split(".") if path else []):
            for name in value if isinstance(value, dict) else ():
                if name not in known:
                    shown = f"{path}.{name}" if path else str(name)
                    yield shown, "whether this property is billed is not known"


def _row(billed: Billed, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Unknown) and billed.harmless:
        yield billed.path, f"{billed.reason}, unless its value is harmless: {value.reason}"
    elif not _is_harmless(billed, value):
        yield billed.path, billed.reason


def _is_harmless(billed: Billed, value: Any) -> bool:
    if value in ({}, [], None):
        return True
    return not isinstance(value, list | dict) and as_text(value).lower() in billed.harmless


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands at the end of `path`; lists on the way are walked through, what is not set is skipped."""
    if isinstance(value, list) and path:
        for inner in value:
            yield from _values(inner, path)
    elif not path or isinstance(value, Unknown):
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])
