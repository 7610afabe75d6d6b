"""What application auto scaling keeps at least, whatever the resource itself says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidegauge.cost.architecture.resources import Resource
from tidegauge.cost.architecture.siblings import key_of
from tidegauge.cost.architecture.unknown import Unresolvable, names_in

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALED = {  # the types whose rules ask for the minimum of these dimensions
    "ecs:service:DesiredCount": "AWS::ECS::Service",
    "dynamodb:table:ReadCapacityUnits": "AWS::DynamoDB::Table",
    "dynamodb:table:WriteCapacityUnits": "AWS::DynamoDB::Table",
    "dynamodb:index:ReadCapacityUnits": "AWS::DynamoDB::Table",
    "dynamodb:index:WriteCapacityUnits": "AWS::DynamoDB::Table",
    "elasticache:replication-group:NodeGroups": "AWS::ElastiCache::ReplicationGroup",
    "elasticache:replication-group:Replicas": "AWS::ElastiCache::ReplicationGroup",
}
_NAMES = ("ServiceName", "TableName", "ReplicationGroupId")


def minimum_of(resource: Resource, dimension: str, part: str = "") -> int:
    """The highest MinCapacity registered for a `dimension`, of the index `part`; 0 without any."""
    found = [target.count("MinCapacity") for target in _targets_of(resource, dimension, part)]
    return max(found, default=0)


def unpriced_target(target: Resource) -> Iterator[tuple[str, str]]:
    """(property, reason) where what is kept belongs to no resource whose rule knows of it."""
    scaled = target.others.of(SCALED.get(str(target.get("ScalableDimension")), ""))
    marks = set(_marks(target))
    if not any(marks & set(_own_marks(other)) for other in scaled):
        yield "MinCapacity", "what it keeps is billed, and belongs to no resource whose capacity is counted"


def _targets_of(resource: Resource, dimension: str, part: str) -> Iterator[Resource]:
    for target in _registered(resource, dimension):
        if str(target.get("ResourceId")).endswith(part):
            try:
                if target.is_deployed:
                    yield target
            except Unresolvable:
                raise Unresolvable(f"whether {target.name} scales it is not known") from None


def _registered(resource: Resource, dimension: str) -> Iterator[Resource]:
    """The targets of that dimension that name the resource, each once."""
    memo = resource.others.memo
    if "targets" not in memo:
        memo["targets"] = {}
        for target in resource.others.of(TARGET):
            for mark in _marks(target):
                memo["targets"].setdefault((str(target.get("ScalableDimension")), mark), []).append(target)
    found = {
        target.key: target
        for mark in _own_marks(resource)
        for target in memo["targets"].get((dimension, mark), ())
    }
    return iter(found.values())


def _marks(target: Resource) -> Iterator[tuple[str, str]]:
    """What a target's ResourceId names: unknown ids, and the name in its second or third part."""
    named = target.get("ResourceId")
    yield from (("id", key_of(each)) for each in names_in(named))
    if isinstance(named, str):
        parts = re.split("[/:]", named)  # service/cluster/name, table/name, function:name:alias
        at = 2 if parts[0] == "service" else 1
        yield from (("name", part) for part in parts[at : at + 1] if part)


def _own_marks(resource: Resource) -> Iterator[tuple[str, str]]:
    yield "id", resource.key
    yield from (("name", resource.label(name, "")) for name in _NAMES if resource.label(name, ""))
