"""Fixed hours of the seed's architecture, against sums by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from cost_builders import BOOK, fixed

from tidegauge.cost.architecture.fixed import FixedCost, price_architecture
from tidegauge.cost.architecture.fixed_record import fixed_hours
from tidegauge.cost.money import to_decimal
from tidegauge.errors import TidegaugeError
from tidegauge.stored import document_of

SEED = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  NodeType: {Type: String, Default: cache.r6g.large}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>", Default: "subnet-a,subnet-b"}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  NatA: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Select [0, !Ref Subnets]}}
  NatB: {Type: AWS::EC2::NatGateway}
  IpA: {Type: AWS::EC2::EIP}
  IpB: {Type: AWS::EC2::EIP}
  Alb:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internet-facing, Subnets: !Ref Subnets}
  Redis:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties:
      ReplicationGroupDescription: !Sub "${AWS::StackName} cache"
      CacheNodeType: !Ref NodeType
      NumNodeGroups: 3
      ReplicasPerNodeGroup: 1
  Cluster: {Type: AWS::ECS::Cluster}
  ApiTask:
    Type: AWS::ECS::TaskDefinition
    Properties: {Cpu: "512", Memory: "1024"}
  Api:
    Type: AWS::ECS::Service
    Properties: {Cluster: !Ref Cluster, LaunchType: FARGATE, DesiredCount: 2, TaskDefinition: !Ref ApiTask}
  Links:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: ShareLinks
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: 1000, WriteCapacityUnits: 100}
  Assets:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: Assets, BillingMode: PAY_PER_REQUEST}
  Secret1: {Type: AWS::SecretsManager::Secret}
  Secret2: {Type: AWS::SecretsManager::Secret}
  Secret3: {Type: AWS::SecretsManager::Secret}
  Secret4: {Type: AWS::SecretsManager::Secret}
  Secret5: {Type: AWS::SecretsManager::Secret}
  Key: {Type: AWS::KMS::Key}
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties: {Rules: [{Name: core}, {Name: bad-inputs}, {Name: reputation}, {Name: rate}]}
  Zone: {Type: AWS::Route53::HostedZone}
  Media: {Type: AWS::S3::Bucket}
"""
# Where the seed's line items stand in the template, and what a month of 730 h costs by hand.
BY_HAND = {
    "Api": "36.0401",  # 2 (0.5 x 0.04048 + 1 x 0.004445) 730
    "Redis": "902.28",  # 6 x 730 x 0.206
    "Alb": "23.725",  # 730 x 0.0225 = 16.425, and two of the four addresses: 2 x 730 x 0.005 = 7.30
    "NatA": "32.85",  # half of 65.70
    "NatB": "32.85",
    "IpA": "3.65",  # four addresses are 14.60
    "IpB": "3.65",
    "Links": "142.35",  # 1000 x 0.00013 x 730 + 100 x 0.00065 x 730 = 94.90 + 47.45
    "Secret1": "0.4",
    "Key": "1",
    "Acl": "9",  # 5 + 4 rules
    "Zone": "0.5",
}


def monthly(cost: FixedCost, resource: str) -> Decimal:
    hourly = sum((item.hourly_exact for item in cost.items if item.resource == resource), Fraction(0))
    return to_decimal(hourly * 730)


def resource(kind: str, **properties: object) -> str:
    return json.dumps({"Resources": {"It": {"Type": kind, "Properties": properties}}})


def reason(template: str) -> str:
    cost = fixed(template)
    assert not cost.complete
    return " | ".join(missing.reason for missing in cost.missing)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_month_of_the_seeds_resource_is_the_sum_by_hand(name: str) -> None:
    assert monthly(fixed(SEED), name) == Decimal(BY_HAND[name])


def test_the_seeds_fixed_month_is_the_sum_of_its_lines() -> None:
    # 36.0401 + 902.28 + 23.725 + 65.70 + 7.30 + 142.35 + 5 x 0.40 + 1 + 9 + 0.50
    assert fixed(SEED).monthly == Decimal("1189.8951")


def test_valkey_brings_the_cache_to_721_dollars() -> None:
    valkey = SEED.replace("NumNodeGroups: 3", "Engine: valkey\n      NumNodeGroups: 3")
    assert monthly(fixed(valkey), "Redis") == Decimal("721.824")  # 6 x 730 x 0.1648


def test_what_is_billed_by_use_or_free_is_listed_apart() -> None:
    cost = fixed(SEED)
    assert "Media (AWS::S3::Bucket)" in cost.billed_by_use
    assert "NatA (AWS::EC2::NatGateway)" in cost.billed_by_use  # by the byte, beside its hours
    assert "AWS::EC2::VPC" in cost.no_charge
    why = {each.resource: each.reason for each in cost.free}
    assert why["Vpc"] == "AWS does not charge for this part of a network"
    assert cost.provisioned_tables == {"ShareLinks"}


def test_parameters_go_before_the_templates_defaults() -> None:
    cost = fixed(SEED, {"NodeType": "cache.t3.micro", "Subnets": "a,b,c"})
    assert monthly(cost, "Redis") == Decimal("74.46")  # 6 x 730 x 0.017
    assert monthly(cost, "Alb") == Decimal("27.375")  # 16.425 + 3 x 3.65


def test_json_templates_cost_the_same_as_yaml() -> None:
    assert fixed(resource("AWS::EC2::NatGateway")).hourly_exact == Fraction("0.045")


def test_templates_of_a_folder_add_up() -> None:
    nat, key = resource("AWS::EC2::NatGateway"), resource("AWS::KMS::Key")
    assert price_architecture({"a.json": nat, "b.json": key}, BOOK).monthly == Decimal("33.85")


def test_an_unknown_resource_type_makes_the_cost_a_lower_bound_and_is_named() -> None:
    cost = fixed(resource("AWS::RDS::DBInstance"))
    assert (cost.monthly, cost.complete) == (0, False)
    assert document_of(fixed_hours(cost).missing) == [
        {
            "file": "stack.yaml",
            "resource": "It",
            "resource_type": "AWS::RDS::DBInstance",
            "property": None,
            "reason": "no price is known for this resource type",
        }
    ]


TASK = "AWS::ECS::TaskDefinition"


def service(task: dict[str, object], **properties: object) -> str:
    return json.dumps(
        {
            "Resources": {
                "Task": {"Type": TASK, "Properties": {"Family": "worker"} | task},
                "Cluster": {
                    "Type": "AWS::ECS::Cluster",
                    "Properties": {
                        "DefaultCapacityProviderStrategy": [
                            {"CapacityProvider": "FARGATE", "Weight": 1},
                            {"CapacityProvider": "FARGATE_SPOT", "Weight": 3},
                        ]
                    },
                },
                "It": {
                    "Type": "AWS::ECS::Service",
                    "Properties": {"TaskDefinition": {"Ref": "Task"}, "DesiredCount": 4} | properties,
                },
            }
        }
    )


WORKER: dict[str, object] = {
    "Cpu": "2 vCPU",
    "Memory": "4 GB",
}  # 2 x 0.04048 + 4 x 0.004445 = 0.09874 an hour


def test_worker_scratch_space_above_20_gib_is_billed() -> None:
    task = WORKER | {"EphemeralStorage": {"SizeInGiB": 100}}
    cost = fixed(service(task, LaunchType="FARGATE"))
    assert cost.hourly_exact == Fraction("0.39496") + 4 * 80 * Fraction("0.000111")
    assert any("ephemeral" in note for note in cost.assumptions)


def test_weights_one_to_three_run_three_of_four_tasks_on_spot() -> None:
    cost = fixed(service(WORKER, Cluster={"Ref": "Cluster"}))
    # 1 x 0.09874 + 3 x 0.3 x 0.09874
    assert cost.hourly_exact == Fraction("0.187606")
    assert any("Spot" in note for note in cost.assumptions)


def test_the_base_of_a_strategy_is_served_before_its_weights() -> None:
    strategy = [
        {"CapacityProvider": "FARGATE", "Base": 2, "Weight": 0},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": 1},
    ]
    # 2 x 0.09874 + 2 x 0.3 x 0.09874
    assert fixed(service(WORKER, CapacityProviderStrategy=strategy)).hourly_exact == Fraction("0.256724")


def test_arm_tasks_have_their_own_price() -> None:
    task = {"Cpu": 1024, "Memory": 2048, "RuntimePlatform": {"CpuArchitecture": "ARM64"}}
    cost = fixed(service(task, LaunchType="FARGATE", DesiredCount=1))
    assert cost.hourly_exact == Fraction("0.0395")  # 0.03238 + 2 x 0.00356


def test_tasks_with_public_addresses_pay_for_them() -> None:
    network = {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}}
    cost = fixed(service(WORKER, LaunchType="FARGATE", NetworkConfiguration=network))
    assert cost.hourly_exact == Fraction("0.39496") + 4 * Fraction("0.005")


@pytest.mark.parametrize("way", [{"Ref": "Task"}, {"Fn::GetAtt": ["Task", "TaskDefinitionArn"]}])
def test_a_task_definition_is_found_by_its_logical_name(way: object) -> None:
    cost = fixed(service(WORKER, LaunchType="FARGATE", TaskDefinition=way))
    assert cost.hourly_exact == Fraction("0.39496")  # 4 x 0.09874


def test_a_task_definition_made_by_another_function_is_not_known() -> None:
    way = {"Fn::ImportValue": "task"}
    assert "known at deployment" in reason(service(WORKER, LaunchType="FARGATE", TaskDefinition=way))


@pytest.mark.parametrize("name", ["worker", "worker:7", "arn:aws:ecs:us-east-1:1:task-definition/worker:7"])
def test_a_task_definition_is_found_by_its_family(name: str) -> None:
    cost = fixed(service(WORKER, LaunchType="FARGATE", TaskDefinition=name))
    assert cost.hourly_exact == Fraction("0.39496")  # 4 x 0.09874


@pytest.mark.parametrize(
    ("kind", "properties", "hourly"),
    [
        ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]}, "0.02"),
        ("AWS::EC2::VPCEndpoint", {"ServiceName": "s3"}, "0"),
        ("AWS::EC2::Instance", {"InstanceType": "c7g.xlarge"}, "0.145"),
        ("AWS::ElastiCache::CacheCluster", {"CacheNodeType": "cache.t3.micro", "NumCacheNodes": 2}, "0.034"),
        (
            "AWS::ElastiCache::ReplicationGroup",
            {"CacheNodeType": "cache.t3.micro", "NumCacheClusters": 2},
            "0.034",
        ),
        (
            "AWS::ElastiCache::ReplicationGroup",
            {"CacheNodeType": "cache.t3.micro", "ReplicasPerNodeGroup": 2},
            "0.051",
        ),
        (
            "AWS::ElastiCache::ReplicationGroup",
            {"CacheNodeType": "cache.t3.micro", "NodeGroupConfiguration": [{"ReplicaCount": 1}] * 3},
            "0.102",
        ),
        ("AWS::SSM::Parameter", {"Type": "String"}, "0"),
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            {"Scheme": "internal", "Subnets": ["a", "b"]},
            "0.0225",
        ),
    ],
)
def test_an_hour_of_a_resource_is_its_list_price(
    kind: str, properties: dict[str, object], hourly: str
) -> None:
    assert fixed(resource(kind, **properties)).hourly_exact == Fraction(hourly)


@pytest.mark.parametrize(
    ("properties", "usd"),
    [
        ({"Period": 60}, "0.1"),
        ({"Period": "10"}, "0.3"),
        ({"Metrics": [{"Expression": "a / b"}, {"MetricStat": {"Period": 300}}]}, "0.1"),
        ({"Metrics": [{"MetricStat": {"Period": 10}}]}, "0.3"),
    ],
)
def test_an_alarm_below_a_minute_is_a_high_resolution_one(properties: dict[str, object], usd: str) -> None:
    assert fixed(resource("AWS::CloudWatch::Alarm", **properties)).monthly == Decimal(usd)


def test_a_dashboard_costs_three_dollars_a_month() -> None:
    assert fixed(resource("AWS::CloudWatch::Dashboard")).monthly == Decimal(3)


def test_indexes_of_a_provisioned_table_hold_capacity_of_their_own() -> None:
    units = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10}
    table = resource(
        "AWS::DynamoDB::Table",
        ProvisionedThroughput=units,
        GlobalSecondaryIndexes=[{"IndexName": "i", "ProvisionedThroughput": units}],
    )
    assert fixed(table).hourly_exact == Fraction("0.0156")  # 20 x 0.00013 + 20 x 0.00065


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Type="network"), "type 'network'"),
        (resource("AWS::ElasticLoadBalancingV2::LoadBalancer"), "neither Subnets"),
        (
            resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets={"Ref": "S"}),
            "Subnets: it refers to S",
        ),
        (resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets="a"), "Subnets is not a list"),
        (
            resource("AWS::ElastiCache::ReplicationGroup", NumNodeGroups=3),
            "ReplicasPerNodeGroup is not given",
        ),
        (resource("AWS::ElastiCache::ReplicationGroup", NumCacheClusters="two"), "NumCacheClusters is 'two'"),
        (resource("AWS::ElastiCache::ReplicationGroup", NodeGroupConfiguration=["x"]), "not a mapping"),
        (resource("AWS::ElastiCache::ReplicationGroup", NumCacheClusters=1), "CacheNodeType is not given"),
        (
            resource("AWS::ElastiCache::ReplicationGroup", NumCacheClusters=1, CacheNodeType="cache.t9.huge"),
            "node_type: cache.t9.huge",
        ),
        (resource("AWS::DynamoDB::Table"), "ReadCapacityUnits is not given"),
        (
            resource("AWS::DynamoDB::Table", ProvisionedThroughput=[]),
            "ProvisionedThroughput is not a mapping",
        ),
        (
            resource(
                "AWS::DynamoDB::Table",
                ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                GlobalSecondaryIndexes=["x"],
            ),
            "GlobalSecondaryIndexes holds something that is not a mapping",
        ),
        (resource("AWS::EC2::VPCEndpoint", VpcEndpointType="GatewayLoadBalancer"), "GatewayLoadBalancer"),
        (resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Interface"), "no SubnetIds"),
        (resource("AWS::EC2::Instance", InstanceType="p5.48xlarge"), "p5.48xlarge"),
        (resource("AWS::WAFv2::WebACL", Rules={"Fn::Transform": {}}), "known at deployment only"),
        (service(WORKER), "launch type is EC2"),
        (service(WORKER, LaunchType="EC2"), "launch type is EC2"),
        (service(WORKER, LaunchType="FARGATE", TaskDefinition={"Ref": "Other"}), "TaskDefinition: it refers"),
        (service(WORKER, LaunchType="FARGATE", TaskDefinition="other:1"), "in none of the templates"),
        (service({"Cpu": "2 GB", "Memory": "4 GB"}, LaunchType="FARGATE"), "Cpu of Task is '2 GB'"),
        (service({"Memory": "4 GB"}, LaunchType="FARGATE"), "Cpu is not given"),
        (
            service(WORKER | {"RuntimePlatform": {"CpuArchitecture": {"Ref": "A"}}}, LaunchType="FARGATE"),
            "CpuArchitecture: it refers to A",
        ),
        (
            service(WORKER, LaunchType="FARGATE", NetworkConfiguration={"AwsvpcConfiguration": 1}),
            "not a mapping",
        ),
        (service(WORKER, CapacityProviderStrategy=["x"]), "not a mapping"),
        (service(WORKER, CapacityProviderStrategy=[{"CapacityProvider": "mine", "Weight": 1}]), "'mine'"),
        (service(WORKER, CapacityProviderStrategy=[{"CapacityProvider": "FARGATE"}]), "no weight"),
        (json.dumps({"Resources": {"Fn::ForEach::All": ["x"]}}), "a loop whose collection"),
        (
            json.dumps({"Resources": {"It": {"Type": "AWS::SSM::Parameter", "Properties": 3}}}),
            "not a mapping",
        ),
    ],
)
def test_what_a_template_does_not_say_makes_the_cost_a_lower_bound(template: str, message: str) -> None:
    assert message in reason(template)


def test_an_empty_architecture_is_refused() -> None:
    with pytest.raises(TidegaugeError, match="no templates"):
        price_architecture({}, BOOK)
