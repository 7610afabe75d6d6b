"""What an architecture is billed by use for, resource type by resource type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tidegauge.cost.architecture.edge_usage import (
    DISTRIBUTION,
    use_distribution,
    use_edge_function,
    use_function,
)
from tidegauge.cost.architecture.property_values import entry, mappings
from tidegauge.cost.architecture.resources import Resource, find_resources
from tidegauge.cost.architecture.storage_usage import use_bucket, use_global_table, use_table
from tidegauge.cost.architecture.unknown import Unresolvable
from tidegauge.cost.architecture.usage import GB, Figures, Rule, Use
from tidegauge.cost.architecture.usage_names import NAMES


def find_uses(
    templates: Mapping[str, str],
    figures: Figures,
    *,
    region: str,
    parameters: Mapping[str, str] | None = None,
) -> list[Use]:
    """What the resources of `templates` ({path: text}) are billed by use for.

    A figure is the month's total, so it counts once: four buckets share one number of objects. What only
    deployment knows is left to `price_architecture`, which says so.
    """
    found: dict[tuple[object, ...], Use] = {}
    shared: dict[tuple[object, ...], list[Resource]] = {}
    for resource in find_resources(templates, parameters or {}, region)[0]:
        try:
            for use in USES[resource.type](resource, figures) if _is_used(resource) else ():
                key = (use.service, use.unit, use.attributes, use.figures)
                if found.setdefault(key, use).resource is not resource:
                    shared.setdefault(key, []).append(resource)
        except Unresolvable:
            continue
    return [replace(use, shared_with=tuple(shared.get(key, ()))) for key, use in found.items()]


def _is_used(resource: Resource) -> bool:
    return resource.type in USES and resource.is_deployed


def _one(unit: str, name: str, *, times: int = 1) -> Rule:
    """The rule of a resource that is billed by one figure of the scenario."""

    def rule(resource: Resource, figures: Figures) -> Iterator[Use]:
        yield figures.use(resource, unit, name, times=times)

    return rule


def _load_balancer(resource: Resource, figures: Figures) -> Iterator[Use]:
    yield figures.use(resource, "alb.lcu_hour", "load_balancer_lcu", times=figures.hours)
    if resource.text("Scheme", "internet-facing") == "internet-facing":
        yield _to_internet(resource, figures)


def _to_internet(resource: Resource, figures: Figures) -> Use:
    """Answers that leave AWS by themselves, not through a CDN."""
    return figures.use(resource, "data_transfer.internet_byte", "internet_gb_per_month", times=GB)


def _nat_gateway(resource: Resource, figures: Figures) -> Iterator[Use]:
    yield figures.use(resource, "nat.processed_byte", "nat_gb_per_month", times=GB)
    if resource.text("ConnectivityType", "public") == "public":
        yield _to_internet(resource, figures)


def _rest_api(resource: Resource, figures: Figures) -> Iterator[Use]:
    yield figures.use(resource, "apigateway.rest_request", "rest_requests_per_month")
    yield _to_internet(resource, figures)


def _parameter(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("Tier", "Standard") == "Advanced":
        yield figures.use(resource, "ssm.advanced_api_call", "parameter_calls_per_month")


def _web_acl(resource: Resource, figures: Figures) -> Iterator[Use]:
    asked = "edge_requests_per_month" if resource.text("Scope") == "CLOUDFRONT" else "api_requests_per_month"
    yield figures.use(resource, "waf.request", asked, how=f"{NAMES[asked]}, all of them inspected")


def _api(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("ProtocolType", "HTTP") == "WEBSOCKET":
        yield figures.use(resource, "apigateway.websocket_message", "websocket_messages_per_month")
        yield figures.use(resource, "apigateway.connection_minute", "connection_minutes_per_month")
    else:
        yield figures.use(resource, "apigateway.http_request", "api_requests_per_month")
    yield _to_internet(resource, figures)


def _queue(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.flag("FifoQueue"):
        yield figures.use(resource, "sqs.fifo_request", "fifo_requests_per_month")
    else:
        yield figures.use(resource, "sqs.standard_request", "queue_requests_per_month")
    yield from _key_use(resource, figures, "KmsMasterKeyId")


def _key_use(resource: Resource, figures: Figures, name: str) -> Iterator[Use]:
    """Calls of the key that a property names, AWS' own keys among them."""
    if resource.get(name):
        yield figures.use(resource, "kms.request", "kms_requests_per_month")


def _topic(resource: Resource, figures: Figures) -> Iterator[Use]:
    yield figures.use(resource, "sns.publish_request", "notifications_per_month")
    yield from _key_use(resource, figures, "KmsMasterKeyId")


def _records(resource: Resource, figures: Figures) -> Iterator[Use]:
    """Answers by latency have a price of their own; any other query is the zone's."""
    records = [resource.resolved, *mappings(resource.get("RecordSets"), "RecordSets")]
    if any("Region" in record for record in records):
        yield figures.use(resource, "route53.latency_query", "latency_queries_per_month")


def _log_group(resource: Resource, figures: Figures) -> Iterator[Use]:
    name, attributes = "log_gb_per_month", dict[str, str]()
    if resource.text("LogGroupClass", "STANDARD") == "INFREQUENT_ACCESS":
        name, attributes = "log_infrequent_gb_per_month", {"log_class": "infrequent_access"}
    yield figures.use(resource, "cloudwatch.log_ingested_byte", name, times=GB, attributes=attributes)
    yield figures.use(resource, "cloudwatch.log_storage_byte_month", "log_stored_gb", times=GB)


def _endpoint(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("VpcEndpointType", "Gateway") != "Gateway":
        yield figures.use(resource, "vpc.interface_endpoint_byte", "endpoint_gb_per_month", times=GB)


def _state_machine(resource: Resource, figures: Figures) -> Iterator[Use]:
    kind = resource.text("StateMachineType", "STANDARD").lower()
    yield figures.use(resource, f"stepfunctions.{kind}_transition", "state_transitions_per_month")


def _task_definition(resource: Resource, figures: Figures) -> Iterator[Use]:
    containers = mappings(resource.get("ContainerDefinitions"), "ContainerDefinitions")
    if any("xray" in str(each.get("Image")) for each in containers):
        how = f"{NAMES['traces_per_month']}, sent by the sidecar of {resource.name}"
        yield figures.use(resource, "xray.trace_recorded", "traces_per_month", how=how)
    logs = [entry(each, "LogConfiguration") for each in containers]
    if any(each.get("LogDriver") == "awslogs" for each in logs):
        yield figures.use(resource, "cloudwatch.log_ingested_byte", "log_gb_per_month", times=GB)


def _replication_group(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.count("SnapshotRetentionLimit", 0) > 1:
        yield figures.use(resource, "elasticache.backup_byte_month", "cache_backup_gb", times=GB)


USES: dict[str, Rule] = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::ApiGateway::RestApi": _rest_api,
    DISTRIBUTION: use_distribution,
    "AWS::CloudFront::Function": use_edge_function,
    "AWS::DynamoDB::GlobalTable": use_global_table,
    "AWS::DynamoDB::Table": use_table,
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::Events::EventBus": _one("eventbridge.custom_event", "events_per_month"),
    "AWS::ECR::Repository": _one("ecr.storage_byte_month", "image_gb", times=GB),
    "AWS::ECS::TaskDefinition": _task_definition,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::KMS::Key": _one("kms.request", "kms_requests_per_month"),
    "AWS::KMS::ReplicaKey": _one("kms.request", "kms_requests_per_month"),
    "AWS::Lambda::Function": use_function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Route53::RecordSet": _records,
    "AWS::Route53::RecordSetGroup": _records,
    "AWS::Route53::HostedZone": _one("route53.query", "dns_queries_per_month"),
    "AWS::S3::Bucket": use_bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::StepFunctions::StateMachine": _state_machine,
    "AWS::SSM::Parameter": _parameter,
    "AWS::SecretsManager::Secret": _one("secretsmanager.api_call", "secret_calls_per_month"),
    "AWS::WAFv2::WebACL": _web_acl,
}
