"""Which units each CloudFormation resource type holds around the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from tidegauge.cost.architecture.fargate import hold_service
from tidegauge.cost.architecture.resources import Holding, Resource, whole
from tidegauge.cost.architecture.template_values import Unresolvable

HIGH_RESOLUTION_BELOW_S = 60
ADDITIONAL_METRICS = 8  # a CloudFront distribution has so many, where they are on


def _one(service: str, unit: str) -> Callable[[Resource], Iterator[Holding]]:
    """The rule of a resource that is billed by its mere number."""

    def rule(_resource: Resource) -> Iterator[Holding]:
        yield Holding(service=service, unit=unit, quantity=Fraction(1))

    return rule


def _load_balancer(resource: Resource) -> Iterator[Holding]:
    kind = resource.text("Type", "application")
    if kind != "application":
        raise Unresolvable(f"no price is known for a load balancer of type '{kind:.40}'")
    yield Holding(service="alb", unit="load_balancer_hour", quantity=Fraction(1))
    if resource.text("Scheme", "internet-facing") == "internet-facing":
        subnets = resource.items("SubnetMappings") or resource.items("Subnets")
        if not subnets:
            raise Unresolvable("it has neither Subnets nor SubnetMappings, so its addresses are unknown")
        yield Holding(
            service="vpc",
            unit="public_ipv4_hour",
            quantity=Fraction(len(subnets)),
            assumption="an internet-facing load balancer holds one public IPv4 address a subnet",
        )


def _replication_group(resource: Resource) -> Iterator[Holding]:
    """Nodes are shards x (1 + replicas); without shards, NumCacheClusters."""
    groups = resource.items("NodeGroupConfiguration")
    if any(not isinstance(group, dict) for group in groups):
        raise Unresolvable("NodeGroupConfiguration holds something that is not a node group")
    if groups and all("ReplicaCount" in group for group in groups):
        nodes = sum(1 + whole(group["ReplicaCount"], "ReplicaCount") for group in groups)
        how = f"{len(groups)} shards with their replicas"
    elif "NumNodeGroups" in resource.properties or groups:
        shards = resource.count("NumNodeGroups", len(groups) or None)
        replicas = resource.count("ReplicasPerNodeGroup")
        nodes, how = shards * (1 + replicas), f"{shards} shards x (1 primary + {replicas} replicas)"
    elif "ReplicasPerNodeGroup" in resource.properties:  # one shard
        replicas = resource.count("ReplicasPerNodeGroup")
        nodes, how = 1 + replicas, f"1 primary + {replicas} replicas"
    else:
        nodes, how = resource.count("NumCacheClusters"), ""
    yield _nodes(resource, nodes, how)


def _cache_cluster(resource: Resource) -> Iterator[Holding]:
    yield _nodes(resource, resource.count("NumCacheNodes"), "")


def _nodes(resource: Resource, nodes: int, how: str) -> Holding:
    engine = resource.text("Engine", "redis")  # ElastiCache's own default
    attributes = {"engine": engine.lower(), "node_type": resource.text("CacheNodeType")}
    return Holding(
        service="elasticache", unit="node_hour", quantity=Fraction(nodes), attributes=attributes, how=how
    )


def _table(resource: Resource) -> Iterator[Holding]:
    """Capacity of the table and of its global indexes; PROVISIONED is DynamoDB's own default."""
    if resource.text("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST":
        return
    indexes = resource.items("GlobalSecondaryIndexes")
    throughputs = [resource.mapping("ProvisionedThroughput"), *(_throughput(index) for index in indexes)]
    table = resource.text("TableName", resource.name)
    for unit, key in (
        ("read_capacity_unit_hour", "ReadCapacityUnits"),
        ("write_capacity_unit_hour", "WriteCapacityUnits"),
    ):
        units = sum(whole(throughput.get(key), key) for throughput in throughputs)
        yield Holding(
            service="dynamodb",
            unit=unit,
            quantity=Fraction(units),
            attributes={"table": table},
            provisioned_table=table,
        )


def _throughput(index: object) -> Mapping[str, object]:
    throughput = index.get("ProvisionedThroughput", {}) if isinstance(index, dict) else None
    if not isinstance(throughput, dict):
        raise Unresolvable("ProvisionedThroughput of an index is not a mapping")
    return throughput


def _web_acl(resource: Resource) -> Iterator[Holding]:
    yield Holding(service="waf", unit="web_acl_month", quantity=Fraction(1))
    rules = len(resource.items("Rules"))
    yield Holding(service="waf", unit="rule_month", quantity=Fraction(rules))


def _alarm(resource: Resource) -> Iterator[Holding]:
    """One alarm; below 60 s it is a high-resolution one."""
    periods = [resource.get("Period")]
    for metric in resource.items("Metrics"):
        stat = metric.get("MetricStat", {}) if isinstance(metric, dict) else {}
        periods.append(stat.get("Period") if isinstance(stat, dict) else None)
    shortest = min((whole(period, "Period") for period in periods if period is not None), default=None)
    is_high = shortest is not None and shortest < HIGH_RESOLUTION_BELOW_S
    yield Holding(
        service="cloudwatch",
        unit="alarm_month",
        quantity=Fraction(1),
        attributes={"resolution": "high" if is_high else "standard"},
        assumption="an alarm is billed as one, whatever the number of metrics in its expression",
    )


def _endpoint(resource: Resource) -> Iterator[Holding]:
    kind = resource.text("VpcEndpointType", "Gateway")
    if kind == "Gateway":  # S3 and DynamoDB: free
        return
    if kind != "Interface":
        raise Unresolvable(f"no price is known for a VPC endpoint of type '{kind:.40}'")
    zones = len(resource.items("SubnetIds"))
    if not zones:
        raise Unresolvable("it has no SubnetIds, so its number of zones is unknown")
    yield Holding(service="vpc", unit="interface_endpoint_hour", quantity=Fraction(zones))


def _parameter(resource: Resource) -> Iterator[Holding]:
    tier = resource.text("Tier", "Standard").lower()
    yield Holding(service="ssm", unit=f"{tier}_parameter_month", quantity=Fraction(1))


def _instance(resource: Resource) -> Iterator[Holding]:
    attributes = {"instance_type": resource.text("InstanceType")}
    yield Holding(service="ec2", unit="instance_second", quantity=Fraction(1), attributes=attributes)


def _distribution_metrics(resource: Resource) -> Iterator[Holding]:
    """Additional metrics of a distribution: 8 of them, each a custom metric.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/viewing-cloudfront-metrics.html
    """
    wanted = resource.mapping("MonitoringSubscription").get("RealtimeMetricsSubscriptionConfig", {})
    if isinstance(wanted, dict) and wanted.get("RealtimeMetricsSubscriptionStatus") == "Enabled":
        yield Holding(
            service="cloudwatch",
            unit="custom_metric_month",
            quantity=Fraction(ADDITIONAL_METRICS),
            how=f"{ADDITIONAL_METRICS} additional metrics of the distribution",
            assumption="additional CloudFront metrics are billed as custom metrics",
        )


RULES: dict[str, Callable[[Resource], Iterator[Holding]]] = {
    "AWS::EC2::NatGateway": _one("nat", "gateway_hour"),
    "AWS::EC2::EIP": _one("vpc", "public_ipv4_hour"),
    "AWS::EC2::Instance": _instance,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::ElastiCache::ReplicationGroup": _replication_group,
    "AWS::ElastiCache::CacheCluster": _cache_cluster,
    "AWS::ECS::Service": hold_service,
    "AWS::DynamoDB::Table": _table,
    "AWS::SecretsManager::Secret": _one("secretsmanager", "secret_month"),
    "AWS::KMS::Key": _one("kms", "key_month"),
    "AWS::KMS::ReplicaKey": _one("kms", "key_month"),
    "AWS::WAFv2::WebACL": _web_acl,
    "AWS::Route53::HostedZone": _one("route53", "hosted_zone_month"),
    "AWS::CloudFront::MonitoringSubscription": _distribution_metrics,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _one("cloudwatch", "dashboard_month"),
    "AWS::SSM::Parameter": _parameter,
}
