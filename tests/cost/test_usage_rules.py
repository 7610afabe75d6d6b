"""What each type of resource is billed by use for, by small templates and a month that no sum mixes up."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from cost_builders import GB

from tidegauge.cost.architecture.usage import Figures, Use
from tidegauge.cost.architecture.usage_names import NAMES
from tidegauge.cost.architecture.usage_rules import find_uses

HOURS = Fraction(730)
MONTH = {
    "edge_requests_per_month": 1009,
    "edge_gb_per_month": 2,
    "edge_function_ms": 3,
    "origin_requests_per_month": 101,
    "api_requests_per_month": 211,
    "websocket_messages_per_month": 307,
    "load_balancer_lcu": 5,
    "assets": 401,
    "traces_per_month": 503,
    "nat_gb_per_month": 7,
    "read_units_per_month": 601,
    "write_units_per_month": 701,
    "table_gb": 11,
    "table_recovery_gb": 13,
    "log_gb_per_month": 17,
    "image_gb": 19,
    "fifo_requests_per_month": 809,
    "queue_requests_per_month": 907,
    "dns_queries_per_month": 1103,
    "cache_backup_gb": 23,
    "kms_requests_per_month": 1201,
    "secret_calls_per_month": 1301,
    "replicated_gb_per_month": 29,
    "transitions_per_month": 1409,
    "storage_gb": 31,
    "put_requests_per_month": 1511,
    "get_requests_per_month": 1601,
    "connection_minutes_per_month": 1709,
    "endpoint_gb_per_month": 37,
    "events_per_month": 1801,
    "lambda_gb_seconds_per_month": 1901,
    "lambda_requests_per_month": 2003,
    "log_stored_gb": 41,
    "notifications_per_month": 2111,
    "rest_requests_per_month": 2203,
    "state_transitions_per_month": 2309,
    "stream_reads_per_month": 2411,
    "key_value_reads_per_month": 2503,
    "internet_gb_per_month": 47,
    "parameter_calls_per_month": 2903,
    "upload_gb_per_month": 53,
    "lambda_arm_gb_seconds_per_month": 2609,
    "lambda_arm_requests_per_month": 2707,
    "latency_queries_per_month": 2801,
    "log_infrequent_gb_per_month": 43,
}
XRAY = {"ContainerDefinitions": [{"Image": "a/api"}, {"Image": "a/xray"}]}
ON = {"Condition": "On"}
OUT = {"data_transfer.internet_byte": 47 * GB}


def uses(resources: dict[str, Any], names: dict[str, int] = MONTH) -> list[Use]:
    template = {"Conditions": {"On": {"Fn::Equals": ["a", "a"]}, "Off": {"Fn::Equals": ["a", "b"]}}}
    document = json.dumps(template | {"Resources": resources})
    figures = Figures(names={name: Fraction(value) for name, value in names.items()}, hours=HOURS)
    return find_uses({"stack.json": document}, figures, region="us-east-1")


def billed(kind: str, **properties: Any) -> dict[str, Fraction | None]:
    """{service.unit: quantity} of a single resource."""
    found = uses({"One": {"Type": kind, "Properties": properties}})
    return {f"{use.service}.{use.unit}": use.quantity for use in found}


def lifecycle(*classes: str) -> dict[str, Any]:
    moves = [{"StorageClass": name} for name in classes]
    return {"LifecycleConfiguration": {"Rules": [{"Transitions": moves}]}}


def encrypted(algorithm: str) -> dict[str, Any]:
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
    return {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}}


def edge(*behaviours: dict[str, Any], origins: Any = (), others: dict[str, Any] | None = None) -> list[Use]:
    config = {
        "DefaultCacheBehavior": behaviours[0],
        "CacheBehaviors": list(behaviours[1:]),
        "Origins": list(origins),
    }
    distribution = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}
    return uses({"Edge": distribution, **(others or {})})


def policy(name: str) -> dict[str, Any]:
    return {"ViewerProtocolPolicy": name}


def test_the_month_of_these_tests_has_every_figure() -> None:
    assert set(MONTH) == set(NAMES)


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("EC2::NatGateway", {}, {"nat.processed_byte": 7 * GB} | OUT),
        ("EC2::NatGateway", {"ConnectivityType": "private"}, {"nat.processed_byte": 7 * GB}),
        ("KMS::ReplicaKey", {}, {"kms.request": 1201}),
        ("SSM::Parameter", {"Tier": "Advanced"}, {"ssm.advanced_api_call": 2903}),
        ("SSM::Parameter", {}, {}),
        ("ECR::Repository", {}, {"ecr.storage_byte_month": 19 * GB}),
        ("KMS::Key", {}, {"kms.request": 1201}),
        (
            "Logs::LogGroup",
            {},
            {"cloudwatch.log_ingested_byte": 17 * GB, "cloudwatch.log_storage_byte_month": 41 * GB},
        ),
        (
            "Logs::LogGroup",
            {"LogGroupClass": "INFREQUENT_ACCESS"},
            {"cloudwatch.log_ingested_byte": 43 * GB, "cloudwatch.log_storage_byte_month": 41 * GB},
        ),
        ("Route53::RecordSet", {"Region": "us-east-1"}, {"route53.latency_query": 2801}),
        ("Route53::RecordSet", {"Weight": 1}, {}),
        (
            "Route53::RecordSetGroup",
            {"RecordSets": [{"Region": "us-east-1"}]},
            {"route53.latency_query": 2801},
        ),
        (
            "CloudFront::Function",
            {"FunctionConfig": {"KeyValueStoreAssociations": [{"KeyValueStoreARN": "a"}]}},
            {"cloudfront.function_invocation": 1009, "cloudfront.kvs_read": 2503},
        ),
        (
            "Lambda::Function",
            {"Architectures": ["arm64"]},
            {
                "lambda.request": 2707,
                "lambda.gb_second": 2609,
                "cloudwatch.log_ingested_byte": 17 * GB,
            },
        ),
        (
            "DynamoDB::GlobalTable",
            {"BillingMode": "PAY_PER_REQUEST", "Replicas": [{"Region": "us-east-1"}]},
            {
                "dynamodb.read_request_unit": 601,
                "dynamodb.write_request_unit": 701,
                "dynamodb.storage_byte_month": 11 * GB,
            },
        ),
        (
            "DynamoDB::GlobalTable",
            {
                "BillingMode": "PAY_PER_REQUEST",
                "Replicas": [{"Region": "us-east-1"}, {"Region": "eu-west-1"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
            {
                "dynamodb.read_request_unit": 601,
                "dynamodb.replicated_write_request_unit": 701,
                "dynamodb.storage_byte_month": 11 * GB,
                "dynamodb.stream_read": 2411,
            },
        ),
        ("SNS::Topic", {}, {"sns.publish_request": 2111}),
        ("SNS::Topic", {"KmsMasterKeyId": "k"}, {"sns.publish_request": 2111, "kms.request": 1201}),
        ("Events::EventBus", {}, {"eventbridge.custom_event": 1801}),
        ("CloudFront::Function", {}, {"cloudfront.function_invocation": 1009}),
        ("ApiGateway::RestApi", {}, {"apigateway.rest_request": 2203} | OUT),
        ("StepFunctions::StateMachine", {}, {"stepfunctions.standard_transition": 2309}),
        (
            "StepFunctions::StateMachine",
            {"StateMachineType": "EXPRESS"},
            {"stepfunctions.express_transition": 2309},
        ),
        ("EC2::VPCEndpoint", {"VpcEndpointType": "Interface"}, {"vpc.interface_endpoint_byte": 37 * GB}),
        ("EC2::VPCEndpoint", {}, {}),  # a gateway endpoint is free
        (
            "Lambda::Function",
            {},
            {
                "lambda.request": 2003,
                "lambda.gb_second": 1901,
                "cloudwatch.log_ingested_byte": 17 * GB,
            },
        ),
        (
            "Lambda::Function",
            {"TracingConfig": {"Mode": "Active"}},
            {
                "lambda.request": 2003,
                "lambda.gb_second": 1901,
                "cloudwatch.log_ingested_byte": 17 * GB,
                "xray.trace_recorded": 503,
            },
        ),
        ("SQS::Queue", {"KmsMasterKeyId": "k"}, {"sqs.standard_request": 907, "kms.request": 1201}),
        ("Route53::HostedZone", {}, {"route53.query": 1103}),
        ("SecretsManager::Secret", {}, {"secretsmanager.api_call": 1301}),
        ("ElasticLoadBalancingV2::LoadBalancer", {}, {"alb.lcu_hour": 3650} | OUT),  # 5 x 730
        ("ElasticLoadBalancingV2::LoadBalancer", {"Scheme": "internal"}, {"alb.lcu_hour": 3650}),
        (
            "ApiGatewayV2::Api",
            {"ProtocolType": "WEBSOCKET"},
            {"apigateway.websocket_message": 307, "apigateway.connection_minute": 1709} | OUT,
        ),
        ("ApiGatewayV2::Api", {"ProtocolType": "HTTP"}, {"apigateway.http_request": 211} | OUT),
        ("ApiGatewayV2::Api", {}, {"apigateway.http_request": 211} | OUT),  # made from an OpenAPI definition
        ("SQS::Queue", {"FifoQueue": True}, {"sqs.fifo_request": 809}),
        ("SQS::Queue", {"FifoQueue": "true"}, {"sqs.fifo_request": 809}),
        ("SQS::Queue", {"FifoQueue": False}, {"sqs.standard_request": 907}),
        ("SQS::Queue", {}, {"sqs.standard_request": 907}),
        ("WAFv2::WebACL", {"Scope": "CLOUDFRONT"}, {"waf.request": 1009}),
        ("WAFv2::WebACL", {"Scope": "REGIONAL"}, {"waf.request": 211}),
        (
            "ElastiCache::ReplicationGroup",
            {"SnapshotRetentionLimit": 2},
            {"elasticache.backup_byte_month": 23 * GB},
        ),
        ("ElastiCache::ReplicationGroup", {"SnapshotRetentionLimit": 1}, {}),  # one snapshot is free
        ("ElastiCache::ReplicationGroup", {}, {}),
        (
            "ECS::TaskDefinition",
            {"ContainerDefinitions": [{"Image": "a/xray"}]},
            {"xray.trace_recorded": 503},
        ),
        ("ECS::TaskDefinition", {"ContainerDefinitions": [{"Image": "a/api"}]}, {}),
        (
            "ECS::TaskDefinition",
            {"ContainerDefinitions": [{"LogConfiguration": {"LogDriver": "awslogs"}}]},
            {"cloudwatch.log_ingested_byte": 17 * GB},
        ),
        ("ECS::TaskDefinition", {}, {}),
    ],
)
def test_a_resource_is_billed_by_its_figure(
    kind: str, properties: dict[str, Any], expected: dict[str, int]
) -> None:
    assert billed(f"AWS::{kind}", **properties) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, {"dynamodb.storage_byte_month": 11 * GB}),  # provisioned: its hours are the bill
        ({"BillingMode": "PROVISIONED"}, {"dynamodb.storage_byte_month": 11 * GB}),
        (
            {"BillingMode": "PAY_PER_REQUEST"},
            {
                "dynamodb.read_request_unit": 601,
                "dynamodb.write_request_unit": 701,
                "dynamodb.storage_byte_month": 11 * GB,
            },
        ),
        (
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": "true"}},
            {"dynamodb.storage_byte_month": 11 * GB, "dynamodb.pitr_byte_month": 13 * GB},
        ),
        (
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
            {"dynamodb.storage_byte_month": 11 * GB, "dynamodb.pitr_byte_month": 13 * GB},
        ),
        (
            {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
            {"dynamodb.storage_byte_month": 11 * GB},
        ),
    ],
)
def test_a_table_is_billed_by_its_mode_and_its_recovery(
    properties: dict[str, Any], expected: dict[str, int]
) -> None:
    assert billed("AWS::DynamoDB::Table", **properties) == expected


PLAIN = {"s3.storage_byte_month": 31 * GB, "s3.put_request": 1511, "s3.get_request": 1601}
ONE_MOVE = {"Transition": {"StorageClass": "GLACIER"}}
IN_TIME = {"Destination": {"ReplicationTime": {"Status": "Enabled"}}}
MOVED = {"s3.transition_request": 1409}


@pytest.mark.parametrize(
    ("properties", "more"),
    [
        ({}, {}),
        ({"ReplicationConfiguration": {"Role": "r"}}, {"data_transfer.other_region_byte": 29 * GB}),
        (
            {
                "ReplicationConfiguration": {
                    "Rules": [{"Destination": {"ReplicationTime": {"Status": "Enabled"}}}]
                }
            },
            {"data_transfer.other_region_byte": 29 * GB, "s3.rtc_byte": 29 * GB},
        ),
        (lifecycle("STANDARD_IA"), MOVED),
        (lifecycle("INTELLIGENT_TIERING"), MOVED | {"s3.monitored_object_month": 401}),
        (lifecycle("GLACIER"), MOVED),
        (lifecycle("GLACIER_IR"), MOVED),
        (lifecycle("DEEP_ARCHIVE"), MOVED),
        (
            {
                "LifecycleConfiguration": {
                    "Rules": [{"Status": "Disabled", "Transition": {"StorageClass": "GLACIER"}}]
                }
            },
            {},
        ),
        ({"LifecycleConfiguration": {"Rules": [{"Transition": {"StorageClass": "GLACIER"}}]}}, MOVED),
        (encrypted("aws:kms"), {"kms.request": 1201}),
        (encrypted("AES256"), {}),
    ],
)
def test_a_bucket_is_billed_for_what_it_holds_and_what_moves_its_objects(
    properties: dict[str, Any], more: dict[str, int]
) -> None:
    assert billed("AWS::S3::Bucket", **properties) == PLAIN | more


def test_each_class_that_a_lifecycle_moves_into_is_billed_by_itself() -> None:
    classes = ("STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "ONEZONE_IA")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": lifecycle(*classes)}
    moved = {
        dict(use.attributes)["storage_class"]
        for use in uses({"B": bucket})
        if use.unit == "transition_request"
    }
    assert moved == {
        "standard_ia",
        "intelligent_tiering",
        "glacier_instant",
        "glacier_flexible",
        "deep_archive",
        "onezone_ia",
    }


@pytest.mark.parametrize(
    ("behaviours", "said"),
    [
        ((policy("allow-all"),), "some behaviours allow plain HTTP"),
        ((policy("https-only"), policy("allow-all")), "some behaviours allow plain HTTP"),
        ((policy("allow-all"), policy("redirect-to-https")), "some behaviours allow plain HTTP"),
        (({},), "some behaviours allow plain HTTP"),
        ((policy("redirect-to-https"),), "every behaviour demands HTTPS"),
        ((policy("https-only"), policy("redirect-to-https")), "every behaviour demands HTTPS"),
    ],
)
def test_a_distribution_says_whether_it_answers_plain_http(
    behaviours: tuple[dict[str, Any], ...], said: str
) -> None:
    requests, egress = edge(*behaviours)
    assert (requests.service, requests.unit, requests.quantity) == ("cloudfront", "https_request", 1009)
    assert requests.how == f"requests that reach the CDN; {said}"
    assert (egress.unit, egress.quantity) == ("egress_byte", 2 * GB)
    assert requests.attributes == egress.attributes == (("geo", "us"),)


@pytest.mark.parametrize(
    ("methods", "uploaded"), [(["GET", "HEAD"], []), (["GET", "PUT"], [53 * GB]), (["POST"], [53 * GB])]
)
def test_what_viewers_send_through_a_distribution_is_billed(methods: list[str], uploaded: list[int]) -> None:
    found = edge(policy("https-only"), policy("https-only") | {"AllowedMethods": methods})
    assert [use.quantity for use in found if use.unit == "origin_transfer_byte"] == uploaded


@pytest.mark.parametrize(("enabled", "asked"), [(True, [101]), ("true", [101]), (False, []), ("false", [])])
def test_an_origin_shield_that_is_on_is_billed(enabled: object, asked: list[int]) -> None:
    plain, shielded = {"Id": "a"}, {"Id": "b", "OriginShield": {"Enabled": enabled}}
    found = edge(policy("https-only"), origins=[plain, shielded])
    assert [use.quantity for use in found if use.unit == "origin_shield_request"] == asked


FUNCTIONS = {
    "Resize": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 512}},
    "ResizeV1": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Resize"}}},
    "Plain": {"Type": "AWS::Lambda::Function", "Properties": {}},
}


def at(event: str, function: Any) -> dict[str, Any]:
    return {"EventType": event, "LambdaFunctionARN": function}


def with_functions(*associations: dict[str, Any]) -> dict[str, Any]:
    return policy("https-only") | {"LambdaFunctionAssociations": list(associations)}


def of_functions(*behaviours: dict[str, Any]) -> list[tuple[str, Fraction | None, str]]:
    found = edge(*behaviours, others=FUNCTIONS)
    return [(use.unit, use.quantity, use.how) for use in found if use.service == "lambda_edge"]


def test_edge_functions_are_billed_by_what_reaches_their_side() -> None:
    associations = (
        at("viewer-request", {"Ref": "ResizeV1"}),
        at("viewer-response", {"Fn::GetAtt": ["Plain", "Arn"]}),
        at("origin-response", {"Ref": "ResizeV1"}),
    )
    viewer = "2 viewer triggers x requests that reach the CDN"
    origin = "1 origin triggers x requests that the CDN sends to an origin"
    lasts = "ms that a call of an edge function lasts"
    assert of_functions(with_functions(*associations)) == [
        ("request", 2018, viewer),  # 2 x 1009
        ("gb_second", Fraction(1009 * 3 * 640, 1024 * 1000), f"{viewer} x {lasts} at 512 + 128 MB"),
        ("request", 101, origin),
        ("gb_second", Fraction(101 * 3 * 512, 1024 * 1000), f"{origin} x {lasts} at 512 MB"),
    ]


def test_a_function_at_the_edge_is_not_billed_as_one_in_a_region() -> None:
    behaviour = with_functions(at("viewer-request", {"Ref": "ResizeV1"}))
    found = [use for use in edge(behaviour, others=FUNCTIONS) if use.service == "lambda"]
    assert {use.resource.name for use in found} == {"Plain"}


def test_a_cloudfront_function_runs_at_each_event_that_it_is_at() -> None:
    arn = {"Fn::GetAtt": ["Rewrite", "FunctionARN"]}
    events = ("viewer-request", "viewer-response")
    ways = [{"EventType": event, "FunctionARN": arn} for event in events]
    behaviour = policy("https-only") | {"FunctionAssociations": ways}
    found = edge(behaviour, others={"Rewrite": {"Type": "AWS::CloudFront::Function"}})
    assert [use.quantity for use in found if use.unit == "function_invocation"] == [2018]  # 2 x 1009


def test_one_function_an_event_counts_however_many_behaviours_have_it() -> None:
    twice = with_functions(at("viewer-request", {"Ref": "ResizeV1"}))
    assert [row[:2] for row in of_functions(twice, twice)] == [
        ("request", 1009),
        ("gb_second", Fraction(1009 * 3 * 512, 1024 * 1000)),
    ]


PRIVATE = {"behaviours./private/*": 90, "origin_requests./private/*": 9}


def on_edge(names: dict[str, int], *behaviours: dict[str, Any]) -> list[tuple[str, Fraction | None, Any]]:
    config = {"DefaultCacheBehavior": behaviours[0], "CacheBehaviors": list(behaviours[1:])}
    distribution = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}
    rewrite = {"Rewrite": {"Type": "AWS::CloudFront::Function"}}
    found = uses({"Edge": distribution, **FUNCTIONS, **rewrite}, MONTH | names)
    billed = ("lambda_edge", "function_invocation")
    return [(use.unit, use.quantity, use.needs) for use in found if {use.service, use.unit} & {*billed}]


def under(pattern: str, *associations: dict[str, Any]) -> dict[str, Any]:
    return with_functions(*associations) | {"PathPattern": pattern}


def test_a_function_on_one_behaviour_is_billed_for_its_requests() -> None:
    associations = at("viewer-request", {"Ref": "ResizeV1"}), at("origin-request", {"Ref": "ResizeV1"})
    found = on_edge(PRIVATE, policy("https-only"), under("private/*", *associations))
    assert found == [
        ("request", 90, ()),
        ("gb_second", Fraction(90 * 3 * 512, 1024 * 1000), ()),
        ("request", 9, ()),
        ("gb_second", Fraction(9 * 3 * 512, 1024 * 1000), ()),
        ("function_invocation", 1009, ()),
    ]


def test_a_function_on_the_default_behaviour_is_billed_for_what_the_others_leave() -> None:
    viewer = with_functions(at("viewer-request", {"Ref": "ResizeV1"}))
    found = on_edge(PRIVATE, viewer, policy("https-only") | {"PathPattern": "/private/*"})
    assert found[0] == ("request", 919, ())  # 1009 - 90


def test_functions_of_two_behaviours_are_billed_each_for_its_own() -> None:
    resize, plain = (at("viewer-request", {"Ref": name}) for name in ("ResizeV1", "Plain"))
    names = {"behaviours./a/*": 100, "behaviours./b/*": 10}
    found = on_edge(names, policy("https-only"), under("/a/*", resize), under("/b/*", plain))
    assert found[:4] == [
        ("request", 100, ()),
        ("gb_second", Fraction(100 * 3 * 512, 1024 * 1000), ()),
        ("request", 10, ()),
        ("gb_second", Fraction(10 * 3 * 128, 1024 * 1000), ()),
    ]


def test_requests_of_a_behaviour_that_nobody_says_are_asked_for() -> None:
    found = on_edge({}, policy("https-only"), under("/private/*", at("viewer-request", {"Ref": "ResizeV1"})))
    asked = ("behaviours./private/*",)
    assert found[:2] == [("request", None, asked), ("gb_second", None, asked)]


def test_a_cloudfront_function_on_one_behaviour_is_billed_for_its_requests() -> None:
    rewrite = {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Rewrite", "FunctionARN"]}}
    behaviour = policy("https-only") | {"PathPattern": "/private/*", "FunctionAssociations": [rewrite]}
    assert on_edge(PRIVATE, policy("https-only"), behaviour) == [("function_invocation", 90, ())]


def test_a_function_in_none_of_the_templates_leaves_the_distribution_without_these_units() -> None:
    assert of_functions(with_functions(at("viewer-request", {"Ref": "Elsewhere"}))) == []


def test_a_figure_counts_once_for_all_resources_of_a_type() -> None:
    queue = {"Type": "AWS::SQS::Queue"}
    (use,) = uses({"A": queue, "B": queue, "C": queue})
    assert (use.resource.name, [other.name for other in use.shared_with]) == ("A", ["B", "C"])


def test_calls_of_keys_count_once_whoever_makes_them() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKeyId": {"Ref": "K"}}}
    found = uses({"K": {"Type": "AWS::KMS::Key"}, "Q": queue})
    assert [use.quantity for use in found if use.service == "kms"] == [1201]


def test_what_is_not_deployed_is_not_billed() -> None:
    queue = {"Type": "AWS::SQS::Queue"}
    assert uses({"A": queue | {"Condition": "Off"}}) == []
    assert len(uses({"A": queue | ON})) == 1


def test_a_type_without_a_rule_is_passed_over() -> None:
    assert uses({"R": {"Type": "AWS::IAM::Role"}}) == []


def test_a_figure_that_the_scenario_lacks_is_named() -> None:
    (use,) = uses({"Q": {"Type": "AWS::SQS::Queue"}}, {})
    assert (use.quantity, use.needs) == (None, ("queue_requests_per_month",))
    assert use.how == "calls of standard queues"
