"""What an architecture is billed by use for, resource type by resource type, at a scenario's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

from tidegauge.cost.architecture.edge_functions import (
    DEFAULT_BEHAVIOUR,
    Behaviour,
    Triggers,
    behaviour_figures,
    behaviour_name,
    group_triggers,
)
from tidegauge.cost.architecture.resources import (
    Resource,
    entry,
    entry_text,
    find_resources,
    is_id_of,
    is_on,
    mappings,
)
from tidegauge.cost.architecture.tables import is_replicated
from tidegauge.cost.architecture.unknown import Unresolvable, names_in
from tidegauge.cost.prices import Attributes, sorted_attributes

DISTRIBUTION = "AWS::CloudFront::Distribution"
GB = 2**30
US = {"geo": "us"}  # the whole traffic at the price of the cheapest edge locations
LAMBDA_MB_DEFAULT = 128  # AWS::Lambda::Function's default

# The names of [scenario] and [assumptions] that the rules know; docs/cost.md lists them.
NAMES = {
    "edge_requests_per_month": "requests that reach the CDN",
    "edge_gb_per_month": "GB (2^30 bytes) that the CDN sends to viewers",
    "edge_function_ms": "ms that a call of an edge function lasts",
    "origin_requests_per_month": "requests that the CDN sends to an origin",
    "api_requests_per_month": "requests that reach the API",
    "websocket_messages_per_month": "WebSocket messages",
    "load_balancer_lcu": "mean LCUs of the load balancer",
    "assets": "objects in intelligent tiering",
    "traces_per_month": "traces that X-Ray records",
    "nat_gb_per_month": "GB through the NAT gateways",
    "read_units_per_month": "read request units of on-demand tables",
    "write_units_per_month": "write request units of on-demand tables",
    "table_gb": "GB in the tables",
    "table_recovery_gb": "GB in tables with point-in-time recovery",
    "log_gb_per_month": "GB of logs taken in",
    "image_gb": "GB of container images",
    "fifo_requests_per_month": "calls of FIFO queues",
    "queue_requests_per_month": "calls of standard queues",
    "dns_queries_per_month": "DNS queries",
    "cache_backup_gb": "GB of cache snapshots beyond the free one",
    "kms_requests_per_month": "calls of customer-managed keys",
    "secret_calls_per_month": "calls of Secrets Manager",
    "replicated_gb_per_month": "GB replicated to another region",
    "transitions_per_month": "objects that a lifecycle moves into each of its classes",
    "storage_gb": "GB in buckets, in the standard class",
    "put_requests_per_month": "PUT, COPY, POST and LIST requests of buckets",
    "get_requests_per_month": "GET and other requests of buckets",
    "connection_minutes_per_month": "minutes that WebSocket connections last",
    "endpoint_gb_per_month": "GB through interface endpoints",
    "events_per_month": "custom events of event buses",
    "key_value_reads_per_month": "reads of key-value stores by edge functions",
    "lambda_arm_gb_seconds_per_month": "GB-seconds of Lambda functions on ARM",
    "lambda_arm_requests_per_month": "calls of Lambda functions on ARM",
    "lambda_gb_seconds_per_month": "GB-seconds of Lambda functions on x86, not at the edge",
    "lambda_requests_per_month": "calls of Lambda functions on x86, not at the edge",
    "latency_queries_per_month": "DNS queries that are answered by latency",
    "log_infrequent_gb_per_month": "GB of logs taken in by groups for infrequent access",
    "log_stored_gb": "GB of logs kept",
    "notifications_per_month": "messages published to topics",
    "rest_requests_per_month": "requests that reach REST APIs",
    "state_transitions_per_month": "state transitions of state machines",
    "stream_reads_per_month": "reads of table streams",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Units that a resource is billed for in a month of the scenario."""

    resource: Resource
    service: str
    unit: str
    attributes: Attributes
    quantity: Fraction | None  # None: the scenario lacks the figures `needs`
    needs: tuple[str, ...]
    figures: tuple[str, ...]  # all that it asks for
    how: str
    shared_with: tuple[Resource, ...] = ()  # other resources that the same figures are the total of


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a month by name, as rules ask for them."""

    names: Mapping[str, Fraction]
    hours: Fraction

    def of_behaviours(self, patterns: Sequence[str]) -> Figures:
        """The figures with what they leave for the only behaviour that they do not say."""
        return replace(self, names=behaviour_figures(self.names, patterns))

    def use(
        self,
        resource: Resource,
        unit: str,
        *asked: str,
        times: Fraction | int = 1,
        how: str = "",
        attributes: Mapping[str, str] = {},
    ) -> Use:
        """`times` the product of the figures `asked`, in the unit written `service.unit`."""
        service, _dot, name = unit.partition(".")
        needs = tuple(each for each in asked if each not in self.names)
        return Use(
            resource=resource,
            service=service,
            unit=name,
            attributes=sorted_attributes(attributes),
            quantity=None if needs else prod((self.names[each] for each in asked), start=Fraction(times)),
            needs=needs,
            figures=asked,
            how=how or " x ".join(NAMES[each] for each in asked),
        )


Rule = Callable[[Resource, Figures], Iterator[Use]]


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


def _distribution(resource: Resource, figures: Figures) -> Iterator[Use]:
    config = resource.mapping("DistributionConfig")
    behaviours = _behaviours(config)
    policies = {entry_text(each, "ViewerProtocolPolicy", "allow-all") for each in behaviours}
    how = "requests that reach the CDN; "
    how += "some behaviours allow plain HTTP" if "allow-all" in policies else "every behaviour demands HTTPS"
    yield figures.use(resource, "cloudfront.https_request", "edge_requests_per_month", how=how, attributes=US)
    yield figures.use(resource, "cloudfront.egress_byte", "edge_gb_per_month", times=GB, attributes=US)
    shields = [entry(origin, "OriginShield") for origin in mappings(config.get("Origins"), "Origins")]
    if any(is_on(shield.get("Enabled", False), "OriginShield") for shield in shields):
        yield figures.use(resource, "cloudfront.origin_shield_request", "origin_requests_per_month")
    yield from _functions_at_edge(resource, figures, behaviours)


def _functions_at_edge(
    resource: Resource, figures: Figures, behaviours: Sequence[Mapping[str, Any]]
) -> Iterator[Use]:
    """Lambda@Edge is called by the requests of the behaviours that it is on."""
    on = [
        Behaviour(
            pattern=_pattern(each),
            memory_mb={
                entry_text(association, "EventType", ""): _memory_mb(
                    resource, association.get("LambdaFunctionARN")
                )
                for association in _associations(each)
            },
        )
        for each in behaviours
    ]
    figures = figures.of_behaviours([each.pattern for each in on])
    for triggers in group_triggers(on):
        memories = triggers.memories_mb
        how = f"{triggers.said} x {triggers.requests(NAMES)}"
        yield figures.use(resource, "lambda_edge.request", triggers.asked, times=len(memories), how=how)
        each_ms = Fraction(sum(memories), 1024 * 1000)
        how = f"{how} x {NAMES['edge_function_ms']} at {' + '.join(map(str, memories))} MB"
        yield figures.use(
            resource, "lambda_edge.gb_second", triggers.asked, "edge_function_ms", times=each_ms, how=how
        )


def _pattern(behaviour: Mapping[str, Any]) -> str:
    return behaviour_name(entry_text(behaviour, "PathPattern", DEFAULT_BEHAVIOUR))


def _behaviours(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    default = entry(config, "DefaultCacheBehavior")
    return [default, *mappings(config.get("CacheBehaviors"), "CacheBehaviors")]


def _associations(behaviour: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return mappings(behaviour.get("LambdaFunctionAssociations"), "LambdaFunctionAssociations")


def _memory_mb(distribution: Resource, named: Any) -> int:
    """Memory of the function that an association names by itself or by its version."""
    version = distribution.named(named, "AWS::Lambda::Version")
    function = distribution.named(version.get("FunctionName") if version else named, "AWS::Lambda::Function")
    if function is None:
        raise Unresolvable("a function of its associations is in none of the templates")
    return function.count("MemorySize", LAMBDA_MB_DEFAULT)


def _edge_function(resource: Resource, figures: Figures) -> Iterator[Use]:
    """A CloudFront Function runs at each viewer event that a distribution has it at."""
    found: dict[str, Triggers] = {}  # by the figure that they ask for
    for other in resource.others:
        if other.type == DISTRIBUTION and other.may_be_deployed:
            on = [_runs_at(each, resource) for each in _behaviours(other.mapping("DistributionConfig"))]
            figures = figures.of_behaviours([each.pattern for each in on])
            for triggers in group_triggers(on):
                found.setdefault(triggers.asked, triggers)
    for triggers in found.values() or [Triggers(side="viewer", pattern=None, memories_mb=(0,))]:
        times = len(triggers.memories_mb)
        how = f"{times} viewer events x {triggers.requests(NAMES)}"
        yield figures.use(resource, "cloudfront.function_invocation", triggers.asked, times=times, how=how)
    if mappings(resource.mapping("FunctionConfig").get("KeyValueStoreAssociations"), "FunctionConfig"):
        yield figures.use(resource, "cloudfront.kvs_read", "key_value_reads_per_month")


def _runs_at(behaviour: Mapping[str, Any], function: Resource) -> Behaviour:
    """The events of a behaviour that a CloudFront Function is at."""
    associations = mappings(behaviour.get("FunctionAssociations"), "FunctionAssociations")
    events = {
        entry_text(each, "EventType", ""): 0
        for each in associations
        if any(is_id_of(name, function.key) for name in names_in(each.get("FunctionARN")))
    }
    return Behaviour(pattern=_pattern(behaviour), memory_mb=events)


def _function(resource: Resource, figures: Figures) -> Iterator[Use]:
    """A function that is not at the edge, where a distribution is billed for it."""
    if _is_at_edge(resource):
        return
    kinds = resource.items("Architectures")
    arch, stem = ("arm", "lambda_arm") if "arm64" in kinds else ("x86", "lambda")
    of_arch = {"arch": arch}
    yield figures.use(resource, "lambda.request", f"{stem}_requests_per_month", attributes=of_arch)
    yield figures.use(resource, "lambda.gb_second", f"{stem}_gb_seconds_per_month", attributes=of_arch)
    yield figures.use(resource, "cloudwatch.log_ingested_byte", "log_gb_per_month", times=GB)
    if entry_text(resource.mapping("TracingConfig"), "Mode", "PassThrough") == "Active":
        yield figures.use(resource, "xray.trace_recorded", "traces_per_month")


def _is_at_edge(function: Resource) -> bool:
    for other in function.others:
        if other.type == DISTRIBUTION and other.may_be_deployed:
            for behaviour in _behaviours(other.mapping("DistributionConfig")):
                for each in _associations(behaviour):
                    named = each.get("LambdaFunctionARN")
                    version = function.named(named, "AWS::Lambda::Version")
                    named = version.get("FunctionName") if version else named
                    if any(is_id_of(name, function.key) for name in names_in(named)):
                        return True
    return False


def _web_acl(resource: Resource, figures: Figures) -> Iterator[Use]:
    asked = "edge_requests_per_month" if resource.text("Scope") == "CLOUDFRONT" else "api_requests_per_month"
    yield figures.use(resource, "waf.request", asked, how=f"{NAMES[asked]}, all of them inspected")


CLASSES = {  # as lifecycles name them, and as the price book does
    "STANDARD_IA": "standard_ia",
    "ONEZONE_IA": "onezone_ia",
    "INTELLIGENT_TIERING": "intelligent_tiering",
    "GLACIER_IR": "glacier_instant",
    "GLACIER": "glacier_flexible",
    "DEEP_ARCHIVE": "deep_archive",
}


def _bucket(resource: Resource, figures: Figures) -> Iterator[Use]:
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


def _table(resource: Resource, figures: Figures) -> Iterator[Use]:
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


def _global_table(resource: Resource, figures: Figures) -> Iterator[Use]:
    """As a table's, in the region of the templates."""
    if resource.text("BillingMode", "PAY_PER_REQUEST") == "PAY_PER_REQUEST":
        yield figures.use(resource, "dynamodb.read_request_unit", "read_units_per_month")
        write = "replicated_write_request_unit" if is_replicated(resource) else "write_request_unit"
        yield figures.use(resource, f"dynamodb.{write}", "write_units_per_month")
    yield figures.use(resource, "dynamodb.storage_byte_month", "table_gb", times=GB)
    for replica in mappings(resource.get("Replicas"), "Replicas"):
        yield from _recovery(resource, figures, entry(replica, "PointInTimeRecoverySpecification"))
    if resource.mapping("StreamSpecification"):
        yield figures.use(resource, "dynamodb.stream_read", "stream_reads_per_month")


def _api(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("ProtocolType", "HTTP") == "WEBSOCKET":
        yield figures.use(resource, "apigateway.websocket_message", "websocket_messages_per_month")
        yield figures.use(resource, "apigateway.connection_minute", "connection_minutes_per_month")
    else:
        yield figures.use(resource, "apigateway.http_request", "api_requests_per_month")


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


def _replication_group(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.count("SnapshotRetentionLimit", 0) > 1:
        yield figures.use(resource, "elasticache.backup_byte_month", "cache_backup_gb", times=GB)


USES: dict[str, Rule] = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::ApiGateway::RestApi": _one("apigateway.rest_request", "rest_requests_per_month"),
    DISTRIBUTION: _distribution,
    "AWS::CloudFront::Function": _edge_function,
    "AWS::DynamoDB::GlobalTable": _global_table,
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::NatGateway": _one("nat.processed_byte", "nat_gb_per_month", times=GB),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::Events::EventBus": _one("eventbridge.custom_event", "events_per_month"),
    "AWS::ECR::Repository": _one("ecr.storage_byte_month", "image_gb", times=GB),
    "AWS::ECS::TaskDefinition": _task_definition,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::KMS::Key": _one("kms.request", "kms_requests_per_month"),
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Route53::RecordSet": _records,
    "AWS::Route53::RecordSetGroup": _records,
    "AWS::Route53::HostedZone": _one("route53.query", "dns_queries_per_month"),
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::StepFunctions::StateMachine": _state_machine,
    "AWS::SecretsManager::Secret": _one("secretsmanager.api_call", "secret_calls_per_month"),
    "AWS::WAFv2::WebACL": _web_acl,
}
