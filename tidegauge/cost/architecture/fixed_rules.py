"""Which units each CloudFormation resource type holds around the clock, by the property that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from tidegauge.cost.architecture.alarms import hold_alarm, hold_policy_alarms
from tidegauge.cost.architecture.fargate import hold_addresses, hold_storage, hold_tasks
from tidegauge.cost.architecture.instances import hold_group, hold_instance, hold_instance_address
from tidegauge.cost.architecture.nodes import hold_cache_cluster, hold_replication_group
from tidegauge.cost.architecture.property_values import entry, entry_text, mappings
from tidegauge.cost.architecture.resources import Holding, Resource
from tidegauge.cost.architecture.tables import hold_global_table, hold_table
from tidegauge.cost.architecture.unknown import Unresolvable
from tidegauge.cost.architecture.web_acls import hold_web_acl

ADDITIONAL_METRICS = 8  # a CloudFront distribution has so many, where they are on


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a resource holds because of one property; None: because of being there."""

    property: str | None
    hold: Callable[[Resource], Iterator[Holding]]


def _being(hold: Callable[[Resource], Iterator[Holding]]) -> tuple[Part, ...]:
    return (Part(property=None, hold=hold),)


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


def _load_balancer_addresses(resource: Resource) -> Iterator[Holding]:
    if resource.text("Scheme", "internet-facing") != "internet-facing":
        return
    if resource.text("IpAddressType", "ipv4") == "dualstack-without-public-ipv4":
        return
    subnets = resource.items("SubnetMappings") or resource.items("Subnets")
    if not subnets:
        raise Unresolvable("it has neither Subnets nor SubnetMappings, so its addresses are unknown")
    yield Holding(
        service="vpc",
        unit="public_ipv4_hour",
        quantity=Fraction(len(subnets)),
        assumption="an internet-facing load balancer holds one public IPv4 address a subnet",
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


def _secret_replicas(resource: Resource) -> Iterator[Holding]:
    replicas = len(resource.items("ReplicaRegions"))
    if replicas:
        how = f"{replicas} replicas, each billed as a secret"
        quantity = Fraction(replicas)
        yield Holding(service="secretsmanager", unit="secret_month", quantity=quantity, how=how)


def _namespace(_resource: Resource) -> Iterator[Holding]:
    yield Holding(
        service="route53",
        unit="hosted_zone_month",
        quantity=Fraction(1),
        how="the hosted zone that the namespace makes",
    )


def _filter_metrics(resource: Resource) -> Iterator[Holding]:
    metrics = mappings(resource.get("MetricTransformations"), "MetricTransformations")
    if any(each.get("Dimensions") for each in metrics):
        raise Unresolvable("each value of a dimension is a custom metric of its own; how many is not known")
    if metrics:
        yield Holding(
            service="cloudwatch",
            unit="custom_metric_month",
            quantity=Fraction(len(metrics)),
            how=f"{len(metrics)} metrics of the filter",
            assumption="a metric filter's metrics are billed as custom metrics, as if they never fell silent",
        )


def _distribution_metrics(resource: Resource) -> Iterator[Holding]:
    """Additional metrics of a distribution: 8 of them, each a custom metric.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/viewing-cloudfront-metrics.html
    """
    wanted = entry(resource.mapping("MonitoringSubscription"), "RealtimeMetricsSubscriptionConfig")
    if entry_text(wanted, "RealtimeMetricsSubscriptionStatus", "Disabled") == "Enabled":
        yield Holding(
            service="cloudwatch",
            unit="custom_metric_month",
            quantity=Fraction(ADDITIONAL_METRICS),
            how=f"{ADDITIONAL_METRICS} additional metrics of the distribution",
            assumption="additional CloudFront metrics are billed as custom metrics",
        )


RULES: dict[str, tuple[Part, ...]] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": _being(hold_policy_alarms),
    "AWS::AutoScaling::AutoScalingGroup": _being(hold_group),
    "AWS::AutoScaling::ScalingPolicy": _being(hold_policy_alarms),
    "AWS::CloudFront::MonitoringSubscription": _being(_distribution_metrics),
    "AWS::CloudWatch::Alarm": _being(hold_alarm),
    "AWS::CloudWatch::Dashboard": _being(_one("cloudwatch", "dashboard_month")),
    "AWS::DynamoDB::GlobalTable": _being(hold_global_table),
    "AWS::DynamoDB::Table": _being(hold_table),
    "AWS::EC2::EIP": _being(_one("vpc", "public_ipv4_hour")),
    "AWS::EC2::Instance": (
        Part(property="InstanceType", hold=hold_instance),
        Part(property="NetworkInterfaces", hold=hold_instance_address),
    ),
    "AWS::EC2::NatGateway": _being(_one("nat", "gateway_hour")),
    "AWS::EC2::VPCEndpoint": _being(_endpoint),
    "AWS::ECS::Service": (
        Part(property=None, hold=hold_tasks),
        Part(property="TaskDefinition.EphemeralStorage", hold=hold_storage),
        Part(property="NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", hold=hold_addresses),
    ),
    "AWS::ElastiCache::CacheCluster": _being(hold_cache_cluster),
    "AWS::ElastiCache::ReplicationGroup": _being(hold_replication_group),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        Part(property=None, hold=_load_balancer),
        Part(property="Subnets", hold=_load_balancer_addresses),
    ),
    "AWS::KMS::Key": _being(_one("kms", "key_month")),
    "AWS::KMS::ReplicaKey": _being(_one("kms", "key_month")),
    "AWS::Logs::MetricFilter": (Part(property="MetricTransformations", hold=_filter_metrics),),
    "AWS::Route53::HostedZone": _being(_one("route53", "hosted_zone_month")),
    "AWS::SSM::Parameter": _being(_parameter),
    "AWS::SecretsManager::Secret": (
        Part(property=None, hold=_one("secretsmanager", "secret_month")),
        Part(property="ReplicaRegions", hold=_secret_replicas),
    ),
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _being(_namespace),
    "AWS::ServiceDiscovery::PublicDnsNamespace": _being(_namespace),
    "AWS::WAFv2::WebACL": _being(hold_web_acl),
}
