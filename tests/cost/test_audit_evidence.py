"""Small architectures: which line speaks of what, and what nobody speaks of."""

from __future__ import annotations

from fractions import Fraction

import pytest
from audits import absent, audited, codes, line, said, unknown
from cost_builders import GB, item, usage

from tidegauge.cost.audit.architecture_findings import architecture_findings
from tidegauge.cost.audit.run_scaling import measured_names
from tidegauge.cost.usage import UsageItem
from tidegauge.errors import TidegaugeError

HEAD = """name = "small"
[scenario]
edge_requests_per_month = 20_000_000
origin_requests_per_month = 2_000_000
"""
CLUSTER = """
{0}:
  Type: AWS::ElastiCache::CacheCluster
  Properties: {{CacheNodeType: {1}, NumCacheNodes: {2}}}
"""
ZONE = '[[line]]\nid = "zone"\nservice = "route53"\nunit = "hosted_zone_month"\nquantity = 1\nprice = 0.5\n'


def resources(text: str) -> str:
    return "Resources:\n" + "".join(f"  {row}\n" for row in text.strip().splitlines())


def test_lines_of_one_unit_take_the_resources_that_agree_with_them() -> None:
    template = resources(CLUSTER.format("A", "cache.t3.micro", 1) + CLUSTER.format("B", "cache.r6g.large", 2))
    lines = "".join(
        f'[[line]]\nid = "{kind}"\nservice = "elasticache"\nunit = "node_hour"\n'
        f'attributes = {{node_type = "{kind}"}}\nquantity = 730\nprice = 0.1\n'
        for kind in ("cache.r6g.large", "cache.t3.micro")
    )
    result = audited(HEAD + lines, template)
    assert line(result, "cache.t3.micro").corrected == Fraction("12.41")  # 730 x .017
    assert line(result, "cache.r6g.large").corrected == Fraction("300.76")  # 2 x 730 x .206
    assert "prices 1 node, the architecture has 2 nodes" in said(result, "cache.r6g.large")
    assert codes(result, "cache.t3.micro") == {"price"}


def test_a_line_of_another_size_is_corrected_to_the_architectures() -> None:
    template = resources(CLUSTER.format("A", "cache.r6g.large", 1))
    text = (
        '[[line]]\nid = "cache"\nservice = "elasticache"\nunit = "node_hour"\n'
        'attributes = {engine = "redis", node_type = "cache.t3.micro"}\nquantity = 730\nprice = 0.017\n'
    )
    result = audited(HEAD + text, template)
    assert line(result, "cache").corrected == Fraction("150.38")  # 730 x .206
    assert "node_type is cache.t3.micro, the architecture's cache.r6g.large" in said(result, "cache")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("B: {Type: AWS::S3::Bucket}", {"not_in_architecture"}),
        ("N: {Type: AWS::EC2::NatGateway}", {"not_in_architecture"}),
        ("I: {Type: AWS::EC2::Instance, Properties: {InstanceType: g6.xlarge}}", {"quantity"}),
    ],
)
def test_hours_of_a_service_that_the_templates_lack_are_found(template: str, expected: set[str]) -> None:
    text = (
        '[[line]]\nid = "gpu"\nservice = "ec2"\nunit = "instance_second"\n'
        'attributes = {instance_type = "g6.xlarge"}\nquantity = 1000\nprice = 0.8048\n'
    )
    assert codes(audited(HEAD + text, resources(template)), "gpu") == expected


def test_origin_triggers_run_at_the_requests_that_reach_an_origin() -> None:
    template = resources("""
F: {Type: AWS::Lambda::Function, Properties: {MemorySize: 256}}
V: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}
D:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      DefaultCacheBehavior:
        LambdaFunctionAssociations: [{EventType: origin-request, LambdaFunctionARN: !Ref V}]
""")
    estimate = HEAD + "[assumptions]\nedge_function_ms = 10\nedge_gb_per_month = 1\n" + ZONE
    result = audited(estimate, template)
    # 2M x .60 / 1M + 2M x .010 s x .25 GB x .00005001
    assert absent(result)["lambda_edge"] == Fraction("1.2") + Fraction("0.25005")
    assert (
        absent(result)["cloudfront"] == 10
    )  # (20M - 10M free) x .01 / 10,000; the free terabyte takes the GB
    assert unknown(result) == {}


def test_a_figure_of_the_month_counts_once_for_many_resources() -> None:
    template = resources("""
A: {Type: AWS::EC2::NatGateway}
B: {Type: AWS::EC2::NatGateway}
""")
    result = audited(HEAD + "nat_gb_per_month = 100\n" + ZONE, template)
    assert absent(result)["nat"] == Fraction("65.70") + Fraction("4.50")  # 2 x .045 x 730 + 100 x .045


def test_a_resource_without_a_known_price_makes_the_total_a_lower_bound() -> None:
    result = audited(HEAD + ZONE, resources("A: {Type: AWS::Redshift::Cluster}"))
    assert (result.total, result.deviation, result.is_within_tolerance) == (Fraction("0.5"), 0, True)
    assert not result.complete
    assert [(each.resource, each.type, each.property, each.reason) for each in result.unpriced] == [
        ("A", "AWS::Redshift::Cluster", None, "no price is known for this resource type")
    ]


def test_a_total_without_an_unpriced_part_is_complete() -> None:
    result = audited(HEAD + ZONE, resources("Z: {Type: AWS::Route53::HostedZone}"))
    assert [each.reason for each in result.unpriced] == [
        "DNS queries: the scenario does not say dns_queries_per_month"
    ]
    scenario = HEAD + "dns_queries_per_month = 1_000_000\n"
    known = audited(scenario + ZONE, resources("Z: {Type: AWS::Route53::HostedZone}"))
    assert (known.complete, known.unpriced) == (True, ())
    assert known.total == Fraction("0.9")  # .50 for the zone, .40 for a million queries


def test_a_use_that_the_book_has_no_price_of_is_named_and_the_rest_is_priced() -> None:
    template = resources("""
T: {Type: AWS::SNS::Topic}
Q: {Type: AWS::SQS::Queue}
""")
    scenario = HEAD + "notifications_per_month = 5\nqueue_requests_per_month = 2_000_000\n"
    result = audited(scenario + ZONE, template)
    assert [(each.resource, each.reason) for each in result.unpriced] == [
        ("T", "messages published to topics: the price book has no service 'sns'")
    ]
    assert absent(result)["sqs"] == Fraction("0.4")  # (2M - 1M free) x .40 / 1M
    nothing = audited(scenario.replace("month = 5", "month = 0") + ZONE, template)
    assert nothing.complete


def test_a_line_of_one_storage_class_never_stands_for_another() -> None:
    bucket = """
B:
  Type: AWS::S3::Bucket
  Properties:
    LifecycleConfiguration: {Rules: [{Status: Enabled, Transitions: [{StorageClass: DEEP_ARCHIVE}]}]}
"""
    line_of_s3 = (
        '[[line]]\nid = "puts"\nservice = "s3"\nunit = "transition_request"\n'
        'attributes = {storage_class = "standard_ia"}\nquantity = 1000\nprice = 0.00001\n'
    )
    scenario = HEAD + "transitions_per_month = 1000\n"
    result = audited(scenario + line_of_s3, resources(bucket))
    assert line(result, "puts").corrected == Fraction("0.01")  # its own: 1,000 at .01 / 1,000
    assert absent(result)["s3"] == Fraction("0.05")  # 1,000 into the deep archive at .05 / 1,000


def test_the_totals_are_the_same_without_a_cache() -> None:
    result = audited(HEAD + ZONE)
    assert (result.total, result.totals) == (
        Fraction("0.5"),
        {"redis_oss": Fraction("0.5"), "valkey": Fraction("0.5")},
    )


SCALING = "T: {Type: AWS::ApplicationAutoScaling::ScalableTarget}"
SERVICE = "S: {Type: AWS::ECS::Service, Properties: {LaunchType: FARGATE}}"
SPOT = """C:
  Type: AWS::ECS::Cluster
  Properties:
    DefaultCapacityProviderStrategy:
      - {CapacityProvider: FARGATE, Weight: 3}
      - {CapacityProvider: FARGATE_SPOT, Weight: 1}"""
BUCKET, NAT = "B: {Type: AWS::S3::Bucket}", "N: {Type: AWS::EC2::NatGateway}"
ENDPOINT = "E: {Type: AWS::EC2::VPCEndpoint, Properties: {ServiceName: com.amazonaws.us-east-1.s3}}"


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([SERVICE], {"nothing_scales"}),
        ([SERVICE, SCALING], set()),
        ([SERVICE, SCALING, SPOT], {"spot_overridden"}),
        ([SPOT, "S: {Type: AWS::ECS::Service}", SCALING], set()),
        ([BUCKET, NAT], {"s3_through_nat"}),
        ([BUCKET, NAT, ENDPOINT], set()),
        ([BUCKET], set()),
    ],
)
def test_templates_are_read_for_what_prices_do_not_show(rows: list[str], codes: set[str]) -> None:
    templates = {"stack.yaml": resources("\n".join(rows))}
    found = architecture_findings(templates, region="us-east-1", parameters={})
    assert {finding.code for finding in found} == codes


def test_what_a_run_measured_takes_the_place_of_the_scenarios_figures() -> None:
    month = usage(
        item("cloudfront", "https_request", 3_000_000, {"geo": "us", "cache": "hit"}, None),
        item("cloudfront", "https_request", 1_000_000, {"geo": "us", "cache": "miss"}, None),
        item("cloudfront", "egress_byte", 5 * GB, {"geo": "us"}, None),
        item("apigateway", "http_request", 700, None, None),
    )
    assert measured_names(month) == {
        "edge_requests_per_month": 4_000_000,
        "edge_gb_per_month": 5,
        "api_requests_per_month": 700,
    }


def test_the_runs_requests_are_known_by_behaviour_where_its_stack_names_them() -> None:
    def edge(requests: int, **attributes: str) -> UsageItem:
        return item("cloudfront", "https_request", requests, {"geo": "us", **attributes}, None)

    month = usage(
        edge(700, behaviour="/private/*", cache="hit"),
        edge(200, behaviour="/private/*", cache="miss"),
        edge(90, cache="hit"),
        edge(10, cache="refresh_hit"),
    )
    assert measured_names(month) == {
        "edge_requests_per_month": 1000,
        "behaviours./private/*": 900,
        "behaviours.*": 100,
        "origin_requests./private/*": 200,
        "origin_requests.*": 10,
    }


EDGE = """
Edge:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      DefaultCacheBehavior: {ViewerProtocolPolicy: https-only}
      CacheBehaviors:
        - PathPattern: /private/*
          ViewerProtocolPolicy: https-only
          LambdaFunctionAssociations: [{EventType: viewer-request, LambdaFunctionARN: !Ref AuthV1}]
Auth: {Type: AWS::Lambda::Function, Properties: {MemorySize: 128}}
AuthV1: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Auth}}
"""


def test_an_edge_function_of_one_behaviour_costs_what_its_requests_do() -> None:
    """2M of 20M requests: 2 x .60, and 2M x .005 s x .125 GB x .00005001."""
    text = HEAD + 'edge_function_ms = 5\n[scenario.behaviours]\n"private/*" = 2_000_000\n' + ZONE
    assert absent(audited(text, resources(EDGE)))["lambda_edge"] == Fraction("1.2625125")
    without = audited(HEAD + "edge_function_ms = 5\n" + ZONE, resources(EDGE))
    assert unknown(without)["lambda_edge"] == ["behaviours./private/*"] * 2
    assert not without.complete


def test_behaviours_with_more_requests_than_there_are_are_refused() -> None:
    text = HEAD + '[scenario.behaviours]\n"/a/*" = 20_000_000\n"/b/*" = 1\n' + ZONE
    with pytest.raises(TidegaugeError, match="its behaviours have more than all") as caught:
        audited(text)
    assert "estimate.toml:5: scenario.behaviours" in caught.value.message


DATABASE = "Database: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceClass: db.t3.micro}}"


@pytest.mark.parametrize(("named", "complete"), [('resources = ["Database"]', True), ("", False)])
def test_a_resource_that_a_line_counts_at_its_own_price_is_not_lacking(named: str, complete: bool) -> None:
    text = f'{HEAD}{ZONE}[[line]]\nid = "db"\nservice = "rds"\nsource = "list"\namount = 12.41\n{named}\n'
    result = audited(text, resources(DATABASE))
    assert result.total == Fraction("12.91")
    assert result.complete is complete
    assert [each.resource for each in result.unpriced] == ([] if complete else ["Database"])
