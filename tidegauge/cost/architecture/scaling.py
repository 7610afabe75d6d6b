"""What application auto scaling keeps at least, whatever the resource itself says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidegauge.cost.architecture.resources import Resource, is_id_of
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
    dimension = target.get("ScalableDimension")
    scaled = [other for other in target.others if other.type == SCALED.get(str(dimension))]
    if not any(_is_of(target, other) for other in scaled):
        yield "MinCapacity", "what it keeps is billed, and belongs to no resource whose capacity is counted"


def _targets_of(resource: Resource, dimension: str, part: str) -> Iterator[Resource]:
    for target in resource.others:
        if target.type != TARGET or target.get("ScalableDimension") != dimension:
            continue
        if _is_of(target, resource) and str(target.get("ResourceId")).endswith(part):
            try:
                if target.is_deployed:
                    yield target
            except Unresolvable:
                raise Unresolvable(f"whether {target.name} scales it is not known") from None


def _is_of(target: Resource, resource: Resource) -> bool:
    named = target.get("ResourceId")
    if any(is_id_of(each, resource.key) for each in names_in(named)):
        return True
    if not isinstance(named, str):
        return False
    parts = re.split("[/:]", named)  # service/cluster/name, table/name, function:name:alias
    at = 2 if parts[0] == "service" else 1
    own = {resource.label(name, "") for name in _NAMES if name in resource.properties} - {""}
    return len(parts) > at and parts[at] in own
