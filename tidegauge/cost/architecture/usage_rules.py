"""What an architecture is billed by use for, resource type by resource type, at a scenario's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

from tidegauge.cost.architecture.resources import Resource, entry_text, find_resources, logical_name
from tidegauge.cost.architecture.template_values import Unresolvable
from tidegauge.cost.architecture.templates import parse_template
from tidegauge.cost.prices import Attributes, sorted_attributes

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
    "transitions_per_month": "objects that a lifecycle moves to another class",
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
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a month by name, as rules ask for them."""

    names: Mapping[str, Fraction]
    hours: Fraction

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
    """What the resources of `templates` ({file name: text}) are billed by use for.

    A figure is the month's total, so it counts for the first resource of a type: four buckets share one
    number of objects. What only deployment knows is left to `price_architecture`, which says so.
    """
    parsed = {name: parse_template(name, text) for name, text in sorted(templates.items())}
    found: dict[tuple[object, ...], Use] = {}
    for resource in find_resources(parsed, parameters or {}, region):
        try:
            for use in USES[resource.type](resource, figures) if _is_used(resource) else ():
                found.setdefault((resource.type, use.service, use.unit, use.attributes, use.how), use)
        except Unresolvable:
            continue
    return list(found.values())


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
    behaviours = _mappings([config.get("DefaultCacheBehavior"), *_list(config.get("CacheBehaviors"))])
    policies = {entry_text(each, "ViewerProtocolPolicy", "allow-all") for each in behaviours}
    how = "requests that reach the CDN; "
    how += "some behaviours allow plain HTTP" if "allow-all" in policies else "every behaviour demands HTTPS"
    yield figures.use(resource, "cloudfront.https_request", "edge_requests_per_month", how=how, attributes=US)
    yield figures.use(resource, "cloudfront.egress_byte", "edge_gb_per_month", times=GB, attributes=US)
    shields = _mappings([origin.get("OriginShield") for origin in _mappings(config.get("Origins"))])
    if any(shield.get("Enabled") in (True, "true") for shield in shields):
        yield figures.use(resource, "cloudfront.origin_shield_request", "origin_requests_per_month")
    memories: dict[str, int] = {}  # by event, one function each: behaviours are taken as alike
    for behaviour in behaviours:
        for association in _mappings(behaviour.get("LambdaFunctionAssociations")):
            event = entry_text(association, "EventType", "")
            memories.setdefault(event, _memory_mb(resource, association.get("LambdaFunctionARN")))
    for where, asked in (("viewer", "edge_requests_per_month"), ("origin", "origin_requests_per_month")):
        own = [memory for event, memory in memories.items() if event.startswith(where)]
        if own:
            how = f"{len(own)} {where} triggers x {NAMES[asked]}"
            yield figures.use(resource, "lambda_edge.request", asked, times=len(own), how=how)
            each_ms = Fraction(sum(own), 1024 * 1000)
            how = f"{how} x {NAMES['edge_function_ms']} at {' + '.join(map(str, own))} MB"
            yield figures.use(
                resource, "lambda_edge.gb_second", asked, "edge_function_ms", times=each_ms, how=how
            )


def _memory_mb(distribution: Resource, named: Any) -> int:
    """Memory of the function that an association names by itself or by its version."""
    name = logical_name(named)
    for other in distribution.others:
        if other.name == name and other.type == "AWS::Lambda::Version":
            return _memory_mb(other, other.properties.get("FunctionName"))
        if other.name == name and other.type == "AWS::Lambda::Function":
            return other.count("MemorySize", LAMBDA_MB_DEFAULT)
    raise Unresolvable("a function of its associations is in none of the templates")


def _web_acl(resource: Resource, figures: Figures) -> Iterator[Use]:
    asked = "edge_requests_per_month" if resource.text("Scope") == "CLOUDFRONT" else "api_requests_per_month"
    yield figures.use(resource, "waf.request", asked, how=f"{NAMES[asked]}, all of them inspected")


def _bucket(resource: Resource, figures: Figures) -> Iterator[Use]:
    rules = _mappings(resource.mapping("LifecycleConfiguration").get("Rules"))
    moves = [move for rule in rules for move in _mappings(rule.get("Transitions"))]
    classes = {str(move.get("StorageClass")) for move in moves}
    if "INTELLIGENT_TIERING" in classes:
        tier = {"storage_class": "intelligent_tiering"}
        yield figures.use(resource, "s3.monitored_object_month", "assets", attributes=tier)
    if "STANDARD_IA" in classes:
        colder = {"storage_class": "standard_ia"}
        yield figures.use(resource, "s3.transition_request", "transitions_per_month", attributes=colder)
    if resource.mapping("ReplicationConfiguration"):
        yield figures.use(resource, "s3.replicated_byte", "replicated_gb_per_month", times=GB)


def _table(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        yield figures.use(resource, "dynamodb.read_request_unit", "read_units_per_month")
        yield figures.use(resource, "dynamodb.write_request_unit", "write_units_per_month")
    yield figures.use(resource, "dynamodb.storage_byte_month", "table_gb", times=GB)
    recovery = resource.mapping("PointInTimeRecoverySpecification").get("PointInTimeRecoveryEnabled")
    if recovery in (True, "true"):
        yield figures.use(resource, "dynamodb.pitr_byte_month", "table_recovery_gb", times=GB)


def _api(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.text("ProtocolType", "HTTP") == "WEBSOCKET":
        yield figures.use(resource, "apigateway.websocket_message", "websocket_messages_per_month")
    else:
        yield figures.use(resource, "apigateway.http_request", "api_requests_per_month")


def _queue(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.get("FifoQueue", False) in (True, "true"):
        yield figures.use(resource, "sqs.fifo_request", "fifo_requests_per_month")
    else:
        yield figures.use(resource, "sqs.standard_request", "queue_requests_per_month")


def _task_definition(resource: Resource, figures: Figures) -> Iterator[Use]:
    containers = _mappings(resource.items("ContainerDefinitions"))
    if any("xray" in str(each.get("Image")) for each in containers):
        how = f"{NAMES['traces_per_month']}, sent by the sidecar of {resource.name}"
        yield figures.use(resource, "xray.trace_recorded", "traces_per_month", how=how)


def _replication_group(resource: Resource, figures: Figures) -> Iterator[Use]:
    if resource.count("SnapshotRetentionLimit", 0) > 1:
        yield figures.use(resource, "elasticache.backup_byte_month", "cache_backup_gb", times=GB)


def _mappings(value: object) -> list[Mapping[str, Any]]:
    """The mappings in a list; anything else in a template is the reader's to complain about."""
    return [each for each in _list(value) if isinstance(each, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


USES: dict[str, Rule] = {
    "AWS::ApiGatewayV2::Api": _api,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::NatGateway": _one("nat.processed_byte", "nat_gb_per_month", times=GB),
    "AWS::ECR::Repository": _one("ecr.storage_byte_month", "image_gb", times=GB),
    "AWS::ECS::TaskDefinition": _task_definition,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::KMS::Key": _one("kms.request", "kms_requests_per_month"),
    "AWS::Logs::LogGroup": _one("cloudwatch.log_ingested_byte", "log_gb_per_month", times=GB),
    "AWS::Route53::HostedZone": _one("route53.query", "dns_queries_per_month"),
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::SecretsManager::Secret": _one("secretsmanager.api_call", "secret_calls_per_month"),
    "AWS::WAFv2::WebACL": _web_acl,
}
