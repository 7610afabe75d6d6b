"""What buckets and tables are billed for by use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tidegauge.cost.architecture.property_values import entry, entry_text, is_on, mappings
from tidegauge.cost.architecture.resources import Resource
from tidegauge.cost.architecture.tables import is_replicated
from tidegauge.cost.architecture.usage import GB, Figures, Use

CLASSES = {  # as lifecycles name them, and as the price book does
    "STANDARD_IA": "standard_ia",
    "ONEZONE_IA": "onezone_ia",
    "INTELLIGENT_TIERING": "intelligent_tiering",
    "GLACIER_IR": "glacier_instant",
    "GLACIER": "glacier_flexible",
    "DEEP_ARCHIVE": "deep_archive",
}


def use_bucket(resource: Resource, figures: Figures) -> Iterator[Use]:
    standard = {"storage_class": "standard"}
    yield figures.use(resource, "s3.storage_byte_month", "storage_gb", times=GB, attributes=standard)
    yield figures.use(resource, "s3.put_request", "put_requests_per_month", attributes=standard)
    yield figures.use(resource, "s3.get_request", "get_requests_per_month", attributes=standard)
    for name in _classes(resource):
        tier = {"storage_class": CLASSES.get(name, name.lower())}
        how = f"objects that a lifecycle moves into {tier['storage_class']}"
        yield figures.use(
            resource, "s3.transition_request", "transitions_per_month", how=how, attributes=tier
        )
        if name == "INTELLIGENT_TIERING":
            yield figures.use(resource, "s3.monitored_object_month", "assets", attributes=tier)
    replication = resource.mapping("ReplicationConfiguration")
    if replication:
        yield figures.use(resource, "data_transfer.other_region_byte", "replicated_gb_per_month", times=GB)
        rules = mappings(replication.get("Rules"), "Rules")
        times = [entry(entry(rule, "Destination"), "ReplicationTime") for rule in rules]
        if any(entry_text(each, "Status", "Disabled") == "Enabled" for each in times):
            yield figures.use(resource, "s3.rtc_byte", "replicated_gb_per_month", times=GB)
    encryption = resource.mapping("BucketEncryption").get("ServerSideEncryptionConfiguration")
    for rule in mappings(encryption, "BucketEncryption"):
        if entry_text(entry(rule, "ServerSideEncryptionByDefault"), "SSEAlgorithm", "AES256") != "AES256":
            yield figures.use(resource, "kms.request", "kms_requests_per_month")


def _classes(bucket: Resource) -> list[str]:
    """The storage classes that a lifecycle moves objects into."""
    rules = mappings(bucket.mapping("LifecycleConfiguration").get("Rules"), "Rules")
    moves = []
    for rule in rules:
        if entry_text(rule, "Status", "Enabled") == "Enabled":
            moves += [*mappings(rule.get("Transitions"), "Transitions"), entry(rule, "Transition")]
    return sorted({entry_text(move, "StorageClass", "") for move in moves if move})


def use_table(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        yield figures.use(resource, "dynamodb.read_request_unit", "read_units_per_month")
        yield figures.use(resource, "dynamodb.write_request_unit", "write_units_per_month")
    yield figures.use(resource, "dynamodb.storage_byte_month", "table_gb", times=GB)
    yield from _recovery(resource, figures, resource.mapping("PointInTimeRecoverySpecification"))
    if resource.mapping("StreamSpecification"):
        yield figures.use(resource, "dynamodb.stream_read", "stream_reads_per_month")


def _recovery(resource: Resource, figures: Figures, recovery: Mapping[str, Any]) -> Iterator[Use]:
    if is_on(recovery.get("PointInTimeRecoveryEnabled", False), "PointInTimeRecoveryEnabled"):
        yield figures.use(resource, "dynamodb.pitr_byte_month", "table_recovery_gb", times=GB)


def use_global_table(resource: Resource, figures: Figures) -> Iterator[Use]:
    """As a table's, in the region of the templates."""
    if resource.text("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        yield figures.use(resource, "dynamodb.read_request_unit", "read_units_per_month")
        write = "replicated_write_request_unit" if is_replicated(resource) else "write_request_unit"
        yield figures.use(resource, f"dynamodb.{write}", "write_units_per_month")
    yield figures.use(resource, "dynamodb.storage_byte_month", "table_gb", times=GB)
    for replica in mappings(resource.get("Replicas"), "Replicas"):
        yield from _recovery(resource, figures, entry(replica, "PointInTimeRecoverySpecification"))
    if resource.mapping("StreamSpecification"):
        yield figures.use(resource, "dynamodb.stream_read", "stream_reads_per_month")
