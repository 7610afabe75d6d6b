"""The nodes that ElastiCache resources keep running."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tidegauge.cost.architecture.property_values import mappings, whole
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.scaling import minimum_of

SHARDS = "elasticache:replication-group:NodeGroups"
EXTENDED_SUPPORT = ("4", "5")  # major versions of Redis OSS
REPLICAS = "elasticache:replication-group:Replicas"


def hold_replication_group(resource: Resource) -> Iterator[Holding]:
    """Nodes are shards x (1 + replicas); without shards, NumCacheClusters."""
    groups = mappings(resource.get("NodeGroupConfiguration"), "NodeGroupConfiguration")
    if groups and all("ReplicaCount" in group for group in groups):
        nodes = sum(1 + whole(group["ReplicaCount"], "ReplicaCount") for group in groups)
        yield _nodes(resource, nodes, f"{len(groups)} shards with their replicas")
    elif "NumNodeGroups" in resource.properties or groups:
        shards = resource.count("NumNodeGroups", len(groups) or None)
        yield _shards(resource, shards, resource.count("ReplicasPerNodeGroup"))
    elif "ReplicasPerNodeGroup" in resource.properties:
        yield _shards(resource, 1, resource.count("ReplicasPerNodeGroup"))
    else:
        yield _nodes(resource, resource.count("NumCacheClusters"), "")


def _shards(resource: Resource, shards: int, replicas: int) -> Holding:
    """At least as many as its scaling keeps."""
    shards = max(shards, minimum_of(resource, SHARDS))
    replicas = max(replicas, minimum_of(resource, REPLICAS))
    if shards == 1:
        return _nodes(resource, 1 + replicas, f"1 primary + {replicas} replicas")
    return _nodes(resource, shards * (1 + replicas), f"{shards} shards x (1 primary + {replicas} replicas)")


def hold_cache_cluster(resource: Resource) -> Iterator[Holding]:
    """The cluster's own number of nodes."""
    yield _nodes(resource, resource.count("NumCacheNodes"), "")


def _nodes(resource: Resource, nodes: int, how: str) -> Holding:
    engine = resource.text("Engine", "redis")  # ElastiCache's own default
    attributes = {"engine": engine.lower(), "node_type": resource.text("CacheNodeType")}
    return Holding(
        service="elasticache", unit="node_hour", quantity=Fraction(nodes), attributes=attributes, how=how
    )


def unpriced_versions(resource: Resource) -> Iterator[tuple[str, str]]:
    """(property, reason) where the engine is so old that its support costs extra."""
    version = resource.label("EngineVersion", "")
    if version.partition(".")[0] in EXTENDED_SUPPORT:
        yield "EngineVersion", f"version {version:.20} is under extended support, which is billed by the hour"
