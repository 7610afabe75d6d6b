"""Nothing billed is silent: priced, named as unpriced, or known to be free, and why."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from cost_builders import BOOK, fixed

from tidegauge.cost.architecture.fixed import FixedCost, price_architecture
from tidegauge.cost.architecture.fixed_rules import RULES
from tidegauge.cost.architecture.free_types import UNPRICED_TYPES, why_free
from tidegauge.cost.architecture.known_properties import KNOWN
from tidegauge.cost.architecture.property_table import BILLED
from tidegauge.cost.architecture.templates import parse_folder
from tidegauge.cost.architecture.usage import Figures
from tidegauge.cost.architecture.usage_rules import USES, find_uses
from tidegauge.errors import TidegaugeError
from tidegauge.results.templates import read_templates

PUBLIC = Path(__file__).parent / "public_templates"


def alone(kind: str, **properties: Any) -> FixedCost:
    return fixed(json.dumps({"Resources": {"It": {"Type": f"AWS::{kind}", "Properties": properties}}}))


def together(**resources: tuple[str, dict[str, Any]]) -> FixedCost:
    bodies = {name: {"Type": f"AWS::{kind}", "Properties": own} for name, (kind, own) in resources.items()}
    return fixed(json.dumps({"Resources": bodies}))


def properties_of(cost: FixedCost) -> set[str | None]:
    assert not cost.complete
    return {each.property for each in cost.missing}


def rules(*statements: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"Scope": "REGIONAL", "Rules": [{"Name": "r", "Statement": each} | rule for each in statements]}


def group(name: str, vendor: str = "AWS") -> dict[str, Any]:
    return {"ManagedRuleGroupStatement": {"VendorName": vendor, "Name": name}}


def behaviour(**settings: Any) -> dict[str, Any]:
    return {"DistributionConfig": {"DefaultCacheBehavior": settings}}


@pytest.mark.parametrize(
    ("kind", "properties", "named"),
    [
        (
            "Lambda::Alias",
            {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 5}},
            "Provisioned",
        ),
        (
            "Lambda::Version",
            {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}},
            "Provisioned",
        ),
        ("Lambda::Function", {"EphemeralStorage": {"Size": 1024}}, "EphemeralStorage.Size"),
        ("Lambda::Function", {"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart.ApplyOn"),
        (
            "Lambda::EventSourceMapping",
            {"ProvisionedPollerConfig": {"MinimumPollers": 1}},
            "ProvisionedPoller",
        ),
        ("EC2::Instance", {"InstanceType": "c7g.xlarge", "BlockDeviceMappings": [{}]}, "BlockDeviceMappings"),
        ("EC2::Instance", {"InstanceType": "c7g.xlarge"}, "BlockDeviceMappings"),  # the image's root volume
        ("EC2::Instance", {"InstanceType": "c7g.xlarge", "Monitoring": True}, "Monitoring"),
        ("EC2::Instance", {"InstanceType": "c7g.xlarge", "Tenancy": "dedicated"}, "Tenancy"),
        ("EC2::NatGateway", {"AvailabilityMode": "regional"}, "AvailabilityMode"),
        (
            "CloudFront::Distribution",
            {"DistributionConfig": {"ViewerCertificate": {"SslSupportMethod": "vip"}}},
            "DistributionConfig.ViewerCertificate.SslSupportMethod",
        ),
        ("CloudFront::Distribution", behaviour(RealtimeLogConfigArn="arn"), "RealtimeLogConfigArn"),
        ("CloudFront::Distribution", behaviour(FieldLevelEncryptionId="id"), "FieldLevelEncryptionId"),
        (
            "DynamoDB::Table",
            {"BillingMode": "PAY_PER_REQUEST", "TableClass": "STANDARD_INFREQUENT_ACCESS"},
            "TableClass",
        ),
        (
            "DynamoDB::Table",
            {"BillingMode": "PAY_PER_REQUEST", "KinesisStreamSpecification": {"StreamArn": "a"}},
            "KinesisStreamSpecification",
        ),
        (
            "DynamoDB::GlobalTable",
            {"Replicas": [{"Region": "us-east-1"}, {"Region": "eu-west-1"}]},
            "Replicas.1",
        ),
        ("WAFv2::WebACL", rules(group("AWSManagedRulesBotControlRuleSet")), "Rules.0"),
        ("WAFv2::WebACL", rules(group("x"), group("AWSManagedRulesATPRuleSet")), "Rules.1"),
        ("WAFv2::WebACL", rules(group("AWSManagedRulesACFPRuleSet")), "Rules.0"),
        ("WAFv2::WebACL", rules(group("theirs", "Somebody")), "Rules.0"),
        ("WAFv2::WebACL", rules({}, Action={"Captcha": {}}), "Rules.0"),
        ("WAFv2::WebACL", {"AssociationConfig": {"RequestBody": {"a": 1}}}, "AssociationConfig"),
        ("S3::Bucket", {"AccelerateConfiguration": {"AccelerationStatus": "Enabled"}}, "AccelerationStatus"),
        ("S3::Bucket", {"InventoryConfigurations": [{"Id": "a"}]}, "InventoryConfigurations"),
        ("S3::Bucket", {"MetricsConfigurations": [{"Id": "a"}]}, "MetricsConfigurations"),
        (
            "S3::Bucket",
            {"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}},
            "EventBridgeEnabled",
        ),
        (
            "ECS::Cluster",
            {"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]},
            "ClusterSettings",
        ),
        ("ApiGateway::Stage", {"CacheClusterEnabled": True}, "CacheClusterEnabled"),
        (
            "ElasticLoadBalancingV2::LoadBalancer",
            {"MinimumLoadBalancerCapacity": {"CapacityUnits": 9}},
            "Minimum",
        ),
        ("Logs::LogGroup", {"LogGroupClass": "DELIVERY"}, "LogGroupClass"),
        ("Route53::RecordSet", {"GeoLocation": {"CountryCode": "DE"}}, "GeoLocation"),
        ("SNS::Subscription", {"Protocol": "sms"}, "Protocol"),
        (
            "SNS::Topic",
            {"Subscription": [{"Protocol": "lambda"}, {"Protocol": "https"}]},
            "Subscription.Protocol",
        ),
        ("KMS::Key", {"EnableKeyRotation": True}, "EnableKeyRotation"),
        ("Events::Rule", {"Targets": [{"EcsParameters": {"TaskDefinitionArn": "a"}}]}, "EcsParameters"),
        ("ElastiCache::ReplicationGroup", {"EngineVersion": "5.0.6"}, "EngineVersion"),
        ("CertificateManager::Certificate", {"CertificateAuthorityArn": "arn"}, "CertificateAuthorityArn"),
    ],
)
def test_a_billed_property_without_a_price_is_named(
    kind: str, properties: dict[str, Any], named: str
) -> None:
    found = properties_of(alone(kind, **properties))
    assert any(named in (each or "") for each in found), found


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("Lambda::Function", {"EphemeralStorage": {"Size": 512}, "SnapStart": {"ApplyOn": "None"}}),
        (
            "CloudFront::Distribution",
            {"DistributionConfig": {"ViewerCertificate": {"SslSupportMethod": "sni-only"}}},
        ),
        ("DynamoDB::Table", {"BillingMode": "PAY_PER_REQUEST", "TableClass": "STANDARD"}),
        (
            "WAFv2::WebACL",
            rules(group("AWSManagedRulesCommonRuleSet"), {"RateBasedStatement": {"Limit": 100}}),
        ),
        (
            "S3::Bucket",
            {"AccelerateConfiguration": {"AccelerationStatus": "Suspended"}, "InventoryConfigurations": []},
        ),
        ("ECS::Cluster", {"ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}]}),
        ("SNS::Subscription", {"Protocol": "sqs"}),
        ("KMS::Key", {"EnableKeyRotation": False, "KeySpec": "SYMMETRIC_DEFAULT"}),
        (
            "ElastiCache::CacheCluster",
            {"CacheNodeType": "cache.t3.micro", "NumCacheNodes": 1, "EngineVersion": "7.1"},
        ),
    ],
)
def test_a_property_at_a_value_that_costs_nothing_is_not_named(kind: str, properties: dict[str, Any]) -> None:
    assert alone(kind, **properties).complete


@pytest.mark.parametrize("kind", sorted(KNOWN))
def test_a_property_that_the_table_does_not_know_is_named(kind: str) -> None:
    cost = fixed(json.dumps({"Resources": {"It": {"Type": kind, "Properties": {"NotInvented": 1}}}}))
    assert ("NotInvented", "whether this property is billed is not known") in {
        (each.property, each.reason) for each in cost.missing
    }


def test_every_billed_type_has_its_properties_in_the_table() -> None:
    billed = {kind for kind in (*RULES, *USES) if not why_free(kind)}
    assert billed <= set(KNOWN)
    for kind in BILLED.keys() & KNOWN.keys():
        heads = {row.path.split(".")[0] for row in BILLED[kind]}
        assert heads <= KNOWN[kind][""], kind  # so that it is named once, with its own reason


@pytest.mark.parametrize("kind", ["AWS::RDS::DBInstance", "Mongo::Atlas::Cluster", *sorted(UNPRICED_TYPES)])
def test_a_type_that_nobody_knows_is_unpriced_and_never_free(kind: str) -> None:
    cost = fixed(json.dumps({"Resources": {"It": {"Type": kind}}}))
    assert properties_of(cost) == {None}
    assert cost.free == ()


def test_what_is_free_says_why() -> None:
    cost = together(
        Vpc=("EC2::VPC", {}), Role=("IAM::Role", {}), Url=("Lambda::Url", {}), M=("CDK::Metadata", {})
    )
    assert cost.complete
    assert {each.resource: each.reason for each in cost.free} == {
        "Vpc": "AWS does not charge for this part of a network",
        "Role": "AWS does not charge for identities and permissions",
        "Url": "a setting of another resource, which is billed itself",
        "M": "CloudFormation does not charge for it",
    }


TASK = (
    "ECS::TaskDefinition",
    {"Cpu": "256", "Memory": "512"},
)  # .25 x .04048 + .5 x .004445 = .0123425 an hour


def service(**more: Any) -> tuple[str, dict[str, Any]]:
    return "ECS::Service", {
        "LaunchType": "FARGATE",
        "TaskDefinition": {"Ref": "Task"},
        "DesiredCount": 1,
    } | more


def target(resource_id: Any, dimension: str, least: int) -> tuple[str, dict[str, Any]]:
    settings = {
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "MinCapacity": least,
        "MaxCapacity": 99,
    }
    return "ApplicationAutoScaling::ScalableTarget", settings


@pytest.mark.parametrize(
    "resource_id",
    [
        "service/main/web",
        {"Fn::Sub": "service/${Cluster}/${Service.Name}"},
        {"Fn::Join": ["/", ["service", {"Ref": "Cluster"}, {"Fn::GetAtt": ["Service", "Name"]}]]},
    ],
)
def test_tasks_are_at_least_what_their_scaling_keeps(resource_id: Any) -> None:
    named = service(ServiceName="web")
    scaled = together(Task=TASK, Service=named, T=target(resource_id, "ecs:service:DesiredCount", 4))
    assert scaled.hourly_exact == 4 * Fraction("0.0123425")
    below = together(Task=TASK, Service=named, T=target(resource_id, "ecs:service:DesiredCount", 0))
    assert below.hourly_exact == Fraction("0.0123425")


def test_capacity_of_tables_and_indexes_is_at_least_what_their_scaling_keeps() -> None:
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    index = {"IndexName": "by-user", "ProvisionedThroughput": units}
    cost = together(
        Table=("DynamoDB::Table", {"ProvisionedThroughput": units, "GlobalSecondaryIndexes": [index]}),
        A=target({"Fn::Sub": "table/${Table}"}, "dynamodb:table:ReadCapacityUnits", 50),
        B=target({"Fn::Sub": "table/${Table}/index/by-user"}, "dynamodb:index:ReadCapacityUnits", 20),
        C=target({"Fn::Sub": "table/${Table}"}, "dynamodb:table:WriteCapacityUnits", 1),
    )
    # (50 + 20) x .00013 + (5 + 5) x .00065
    assert (cost.hourly_exact, cost.complete) == (Fraction("0.0156"), True)


@pytest.mark.parametrize(
    ("regions", "unit"), [(["us-east-1"], "write"), (["us-east-1", "eu-west-1"], "replicated_write")]
)
def test_a_global_table_holds_what_its_replica_here_keeps(regions: list[str], unit: str) -> None:
    reads = {"ReadProvisionedThroughputSettings": {"ReadCapacityUnits": 10}}
    writes = {"WriteCapacityAutoScalingSettings": {"MinCapacity": 5, "MaxCapacity": 50}}
    cost = alone(
        "DynamoDB::GlobalTable",
        BillingMode="PROVISIONED",
        Replicas=[{"Region": region} | reads for region in regions],
        WriteProvisionedThroughputSettings=writes,
    )
    assert cost.hourly_exact == Fraction("0.00455")  # 10 x .00013 + 5 x .00065
    assert {item.unit for item in cost.items} == {"read_capacity_unit_hour", f"{unit}_capacity_unit_hour"}
    assert {each.property for each in cost.missing} == ({"Replicas.1"} if len(regions) > 1 else set())


@pytest.mark.parametrize(
    ("resource_id", "dimension"),
    [
        ("function:web:live", "lambda:function:ProvisionedConcurrency"),
        ("service/main/elsewhere", "ecs:service:DesiredCount"),
        ({"Ref": "Parameter"}, "dynamodb:table:ReadCapacityUnits"),
    ],
)
def test_scaling_of_what_is_not_counted_is_named(resource_id: Any, dimension: str) -> None:
    assert properties_of(together(T=target(resource_id, dimension, 4))) == {"MinCapacity"}


@pytest.mark.parametrize(
    ("alarm", "usd"),
    [
        ({"MetricName": "CPUUtilization", "Period": 60}, "0.1"),
        ({"Metrics": [{"Expression": "a / b"}, *[{"MetricStat": {"Period": 60}}] * 2]}, "0.2"),
        ({"Metrics": [{"Expression": "a / b"}, *[{"MetricStat": {"Period": 10}}] * 2]}, "0.6"),
        ({"Metrics": [{"Expression": "ANOMALY_DETECTION_BAND(m)"}, {"MetricStat": {"Period": 60}}]}, "0.3"),
    ],
)
def test_each_metric_of_an_alarm_is_billed(alarm: dict[str, Any], usd: str) -> None:
    assert alone("CloudWatch::Alarm", **alarm).monthly == Decimal(usd)


def test_an_alarm_on_a_query_is_named() -> None:
    query = {"Metrics": [{"Expression": 'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)'}]}
    assert properties_of(alone("CloudWatch::Alarm", **query)) == {None}


@pytest.mark.parametrize(("namespace", "usd"), [("ecs", "0.2"), ("dynamodb", "0.4")])
def test_a_target_tracking_policy_makes_alarms(namespace: str, usd: str) -> None:
    policy = {"ServiceNamespace": namespace, "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60}}
    cost = alone("ApplicationAutoScaling::ScalingPolicy", **policy)
    assert (cost.monthly, cost.complete) == (Decimal(usd), True)
    assert alone("ApplicationAutoScaling::ScalingPolicy", PolicyType="StepScaling").monthly == 0


def test_fargate_on_windows_is_unpriced() -> None:
    kind, own = TASK
    windows = (kind, own | {"RuntimePlatform": {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}})
    cost = together(Task=windows, Service=service())
    assert "WINDOWS_SERVER_2022_CORE" in cost.missing[0].reason
    assert cost.monthly == 0


@pytest.mark.parametrize(
    ("properties", "usd"),
    [({}, "0.4"), ({"ReplicaRegions": [{"Region": "eu-west-1"}, {"Region": "us-west-2"}]}, "1.2")],
)
def test_each_replica_of_a_secret_is_a_secret(properties: dict[str, Any], usd: str) -> None:
    assert alone("SecretsManager::Secret", **properties).monthly == Decimal(usd)


def test_a_groups_instances_are_counted_at_its_desired_capacity() -> None:
    launch = ("EC2::LaunchTemplate", {"LaunchTemplateData": {"InstanceType": "c7g.xlarge"}})
    asked = {"LaunchTemplateId": {"Ref": "Launch"}, "Version": 1}
    own = {"MinSize": "2", "MaxSize": 9, "DesiredCapacity": "3", "LaunchTemplate": asked}
    cost = together(Launch=launch, Group=("AutoScaling::AutoScalingGroup", own))
    assert cost.hourly_exact == 3 * Fraction("0.145")
    assert properties_of(cost) == {"BlockDeviceMappings"}
    empty = own | {"MinSize": 0, "DesiredCapacity": 0}
    assert together(Launch=launch, Group=("AutoScaling::AutoScalingGroup", empty)).complete


def test_a_part_that_is_not_known_leaves_the_others_priced() -> None:
    cost = alone("ElasticLoadBalancingV2::LoadBalancer", Subnets={"Ref": "Elsewhere"})
    assert (cost.monthly, properties_of(cost)) == (Decimal("16.425"), {"Subnets"})
    kind, own = TASK
    unsized = (kind, own | {"Memory": {"Ref": "Elsewhere"}})
    cost = together(Task=unsized, Service=service())
    assert cost.hourly_exact == Fraction("0.01012")  # .25 x .04048
    assert "Memory" in cost.missing[0].reason


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::ImportValue": "name"},
        {"Fn::GetAtt": ["Other", "Name"]},
        {"Ref": "Nowhere"},
        {"Fn::Sub": "${AWS::StackName}-links"},
        {"Fn::Join": ["-", [{"Ref": "AWS::AccountId"}, "links"]]},
        {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
        {"Fn::Transform": {"Name": "Macro"}},
        {"Fn::If": ["Undecided", "a", "b"]},
    ],
)
def test_a_value_that_only_names_a_thing_never_loses_its_price(value: Any) -> None:
    units = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}
    cost = alone("DynamoDB::Table", TableName=value, ProvisionedThroughput=units)
    assert (cost.hourly_exact, cost.complete) == (Fraction("0.0078"), True)  # 10 x .00013 + 10 x .00065
    cluster = together(Task=TASK, Service=service(Cluster=value, ServiceName=value))
    assert (cluster.hourly_exact, cluster.complete) == (Fraction("0.0123425"), True)


STRANGE: list[Any] = [
    None, True, -1, 1.5, "", "x", [], {}, [[]], {"Ref": "X"}, {"Ref": ["a"]}, {"Ref": "AWS::NoValue"},
    {"Fn::Sub": ["${A}", 3]}, {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]}, {"Fn::If": []},
    {"Fn::GetAtt": 3}, {"Fn::Select": [0, {"Fn::GetAZs": ""}]}, {"Fn::Join": [",", ["a", {"Ref": "Z"}]]},
    {"Fn::Split": [",", []]}, {"Fn::FindInMap": ["a", "b", "c", {"DefaultValue": {"Ref": "AWS::NoValue"}}]},
    {"Fn::Cidr": ["a", 999_999, 1]}, {"Fn::ForEach::x": ["i", ["a"], True]}, {"Fn::Length": 3}, "9" * 14,
]  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, key))


def changed(document: Any, generator: random.Random) -> Any:
    """`document` with a strange value in one of its places."""
    document = copy.deepcopy(document)
    *way, last = generator.choice(list(places(document)))
    spot = document
    for key in way:
        spot = spot[key]
    spot[last] = copy.deepcopy(generator.choice(STRANGE))
    return document


@pytest.mark.parametrize("folder", ["ecs-refarch", "fargate", "cdk.out"])
def test_strange_values_anywhere_are_named_or_refused_and_never_a_traceback(folder: str) -> None:
    generator = random.Random(7)
    parsed = dict(parse_folder(read_templates(PUBLIC / folder)).templates)
    figures = Figures(names={}, hours=Fraction(730))
    for _ in range(150):
        name = generator.choice(list(parsed))
        documents = {each: json.dumps(data) for each, data in parsed.items()}
        documents[name] = json.dumps(changed(parsed[name], generator))
        with suppress(TidegaugeError):
            assert price_architecture(documents, BOOK).hourly_exact >= 0
            find_uses(documents, figures, region="us-east-1")
