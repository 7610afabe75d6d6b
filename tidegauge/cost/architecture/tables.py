"""The capacity that DynamoDB tables hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from tidegauge.cost.architecture.property_values import NO, entry, entry_text, mappings, whole
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.scaling import minimum_of
from tidegauge.cost.architecture.unknown import Unknown, Unresolvable

READS, WRITES = "ReadCapacityUnits", "WriteCapacityUnits"
UNITS = {READS: "read_capacity_unit_hour", WRITES: "write_capacity_unit_hour"}


def hold_table(resource: Resource) -> Iterator[Holding]:
    """Capacity of the table and of its global indexes; PROVISIONED is DynamoDB's own default."""
    if resource.text("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        return
    indexes = mappings(resource.get("GlobalSecondaryIndexes"), "GlobalSecondaryIndexes")
    own = resource.mapping("ProvisionedThroughput")
    for key in UNITS:
        units = max(whole(own.get(key), key), minimum_of(resource, f"dynamodb:table:{key}"))
        for index in indexes:
            name = f"/index/{entry_text(index, 'IndexName', '')}"
            least = minimum_of(resource, f"dynamodb:index:{key}", name)
            units += max(whole(entry(index, "ProvisionedThroughput").get(key), key), least)
        yield _capacity(resource, key, units)


def hold_global_table(resource: Resource) -> Iterator[Holding]:
    """Capacity of the replica in the region of the templates; the others are said to be unpriced."""
    if resource.text("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        return
    indexes = mappings(resource.get("GlobalSecondaryIndexes"), "GlobalSecondaryIndexes")
    replicas = mappings(resource.get("Replicas"), "Replicas")
    region = str(resource.values.ref("AWS::Region"))
    here = [replica for replica in replicas if replica.get("Region") == region]
    if not here:
        raise Unresolvable(f"none of its replicas is in {region}")
    parts = [here[0], *mappings(here[0].get("GlobalSecondaryIndexes"), "GlobalSecondaryIndexes")]
    reads = sum(_scaled(entry(part, "ReadProvisionedThroughputSettings"), READS) for part in parts)
    yield _capacity(resource, READS, reads)
    own = resource.mapping("WriteProvisionedThroughputSettings")
    of_indexes = [entry(index, "WriteProvisionedThroughputSettings") for index in indexes]
    writes = sum(_scaled(settings, WRITES) for settings in (own, *of_indexes))
    yield _capacity(resource, WRITES, writes, "replicated_" if is_replicated(resource) else "")


def is_replicated(table: Resource) -> bool:
    """Whether a global table has replicas in several regions: each of its writes is then a replicated one."""
    return len(mappings(table.get("Replicas"), "Replicas")) > 1


def _scaled(settings: Mapping[str, Any], key: str) -> int:
    """What is held without load: the units themselves, or the least that their scaling keeps."""
    scaling = entry(settings, key.replace("Units", "AutoScalingSettings"))
    return whole(scaling.get("MinCapacity") if scaling else settings.get(key), key)


def _capacity(resource: Resource, key: str, units: int, kind: str = "") -> Holding:
    table = resource.label("TableName", resource.name)
    return Holding(
        service="dynamodb",
        unit=f"{kind}{UNITS[key]}",
        quantity=Fraction(units),
        attributes={"table": table},
        provisioned_table=table,
    )


def unpriced_replicas(resource: Resource) -> Iterator[tuple[str, str]]:
    """(property, reason) of replicas in other regions, and of what each replica adds."""
    region = str(resource.values.ref("AWS::Region"))
    for number, replica in enumerate(mappings(resource.get("Replicas"), "Replicas")):
        where = replica.get("Region")
        if where != region:
            yield f"Replicas.{number}", f"a replica elsewhere is billed at the prices of {_shown(where)}"
        if str(replica.get("TableClass", "STANDARD")) != "STANDARD":
            yield f"Replicas.{number}.TableClass", "the price book has no prices of this table class"
        if entry(replica, "ContributorInsightsSpecification").get("Enabled", False) not in NO:
            yield f"Replicas.{number}.ContributorInsightsSpecification", "they are billed by event"
        if replica.get("KinesisStreamSpecification"):
            yield f"Replicas.{number}.KinesisStreamSpecification", "each change in the stream is billed"


def _shown(where: object) -> str:
    return "its region" if where is None or isinstance(where, Unknown) else str(where)
