"""What application auto scaling keeps at least, whatever the resource itself says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidegauge.cost.architecture.resources import Resource, is_id_of
from tidegauge.cost.architecture.unknown import Unresolvable, names_in

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_NAMES = ("ServiceName", "TableName", "ReplicationGroupId", "FunctionName")


def minimum_of(resource: Resource, dimension: str) -> int:
    """The highest MinCapacity that is registered for the resource's `dimension`; 0 without any."""
    return max((target.count("MinCapacity") for target in targets_of(resource, dimension)), default=0)


def targets_of(resource: Resource, dimension: str) -> Iterator[Resource]:
    """The scalable targets that are registered for the resource, by its id or by its name."""
    for target in resource.others:
        if target.type != TARGET or target.get("ScalableDimension") != dimension:
            continue
        if _is_of(target, resource):
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
    own = {resource.label(name, "") for name in _NAMES if name in resource.properties}
    return len(parts) > at and parts[at] in own
