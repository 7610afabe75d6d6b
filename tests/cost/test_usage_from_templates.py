"""What templates add to a run's requests, against hand sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from cost_builders import BOOK

from tests.support.served import ROOT
from tidegauge.cost.lines import price_usage
from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.metering.from_templates import (
    Architecture,
    FromTemplates,
    usage_from_templates,
    without_estimates,
)
from tidegauge.cost.metering.local_usage import usage_from_local
from tidegauge.stack import PerRequest

GUIDE = {"stack.yaml": (ROOT / "infra_under_test/estimates/as_seed/stack.yaml").read_text(encoding="utf-8")}
GIF, LINK = "GET /assets/{asset_id}.gif", "GET /v1/s/{short_code}"
BALANCER = "Resources: {Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}}"
NAT = "Resources: {Nat: {Type: AWS::EC2::NatGateway}}"
ENDPOINT = (
    "Resources: {{Nat: {{Type: AWS::EC2::NatGateway}}, Own: {{Type: AWS::EC2::VPCEndpoint,"
    " Properties: {{ServiceName: com.amazonaws.us-east-1.{service}}}}}}}"
)
LOGS = "Resources: {Log: {Type: AWS::Logs::LogGroup}}"
ONE_BEHAVIOUR = """
Resources:
  Auth: {Type: AWS::Lambda::Function, Properties: {MemorySize: 128}}
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        DefaultCacheBehavior: {ViewerProtocolPolicy: https-only}
        CacheBehaviors:
          - PathPattern: /p/*
            ViewerProtocolPolicy: https-only
            LambdaFunctionAssociations: [{EventType: viewer-request, LambdaFunctionARN: !Ref Auth}]
"""
REGIONAL_ACL = "Resources: {Acl: {Type: AWS::WAFv2::WebACL, Properties: {Scope: REGIONAL}}}"


def rows() -> list[ClientRequests]:
    """10,000 requests to the edge, of which 1,000 missed, and 2,000 to the API of another flow."""
    hits = ClientRequests(flow="view", endpoint=GIF, base="cdn", requests=9000, received_bytes=0, cache="hit")
    links = ClientRequests(flow="link", endpoint=LINK, base="api", requests=2000, received_bytes=0)
    return [hits, replace(hits, requests=1000, cache="miss"), links]


def told(
    templates: Mapping[str, str] | str,
    client: list[ClientRequests] | None = None,
    *,
    connections: Mapping[str, int] = {},
    window_s: float = 3600.0,
    **wanted: float | bool,
) -> FromTemplates:
    architecture = Architecture(
        templates={"stack.yaml": templates} if isinstance(templates, str) else templates,
        per_request=PerRequest(**wanted),  # type: ignore[arg-type]
        connections=connections,
    )
    return usage_from_templates(
        rows() if client is None else client, architecture, region="us-east-1", window_s=window_s
    )


def units(found: FromTemplates, service: str, unit: str) -> dict[str | None, Decimal]:
    sums: dict[str | None, Decimal] = {}
    for item in found.items:
        if (item.service, item.unit) == (service, unit):
            sums[item.flow] = sums.get(item.flow, Decimal(0)) + item.quantity
    return sums


def test_the_guides_web_acl_inspects_what_reaches_the_edge() -> None:
    assert units(told(GUIDE), "waf", "request") == {"view": 10_000}


def test_a_regional_web_acl_inspects_what_reaches_the_api() -> None:
    assert units(told(REGIONAL_ACL), "waf", "request") == {"link": 2000}


def test_edge_functions_run_by_viewer_and_by_origin_requests() -> None:
    # two viewer triggers x 10,000, two origin triggers x 1,000; 5 ms at 128 MB each: 22,000 x 0.000625 GB-s
    found = told(GUIDE)
    assert sum(units(found, "lambda_edge", "request").values()) == 22_000
    assert sum(units(found, "lambda_edge", "gb_second").values()) == Decimal("13.75")
    longer = told(GUIDE, edge_function_ms=10)
    assert sum(units(longer, "lambda_edge", "gb_second").values()) == Decimal("27.5")


def test_a_function_on_one_behaviour_runs_by_its_requests() -> None:
    gifs = [replace(row, behaviour="/assets/*") for row in rows()[:2]]  # 10,000, of which 1,000 missed
    pages = [replace(gifs[0], requests=4000, behaviour="/p/*", flow="page")]
    assert units(told(ONE_BEHAVIOUR, [*gifs, *pages]), "lambda_edge", "request") == {"page": 4000}
    unnamed = told(ONE_BEHAVIOUR, rows())
    assert units(unnamed, "lambda_edge", "request") == {}
    assert any("name each [[behaviour]]" in gap.reason for gap in unnamed.unknown)


def test_logs_are_by_the_apis_requests() -> None:
    assert units(told(LOGS), "cloudwatch", "log_ingested_byte") == {"link": 826_000}  # 2,000 x 413
    assert units(told(LOGS, log_bytes=1000), "cloudwatch", "log_ingested_byte") == {"link": 2_000_000}


def test_an_upload_and_the_log_lines_pass_the_nat_gateways() -> None:
    upload = ClientRequests(
        flow="upload", endpoint="PUT part", base="other", requests=3, received_bytes=0, sent_bytes=3_000_000
    )
    found = told(NAT, [*rows(), upload], nat_bytes=87)
    assert units(found, "nat", "processed_byte") == {"link": 1_000_000, "upload": 3_000_000}


@pytest.mark.parametrize(("service", "left"), [("s3", 826_000), ("logs", 3_000_000)])
def test_endpoints_keep_their_service_off_the_nat_gateways(service: str, left: int) -> None:
    upload = ClientRequests(
        flow="upload", endpoint="PUT part", base="other", requests=3, received_bytes=0, sent_bytes=3_000_000
    )
    found = told(ENDPOINT.format(service=service), [*rows(), upload])
    assert sum(units(found, "nat", "processed_byte").values()) == left


def test_lcus_are_by_new_connections_or_bytes_whichever_are_more() -> None:
    # 2,000 connections in an hour: 2,000 / 90,000 LCU; 2,000 answers of 1 MiB: 1.953125 GB in an hour
    found = told(BALANCER, connections={"link": 2000})
    assert sum(units(found, "alb", "lcu_hour").values()) == pytest.approx(Decimal(2) / 90)
    big = replace(rows()[2], received_bytes=2000 * 2**20)
    found = told(BALANCER, [big], connections={"link": 2000})
    assert units(found, "alb", "lcu_hour") == {"link": Decimal("1.953125")}
    assert units(told(BALANCER, [big], window_s=60.0), "alb", "lcu_hour") == {"link": Decimal("1.953125")}


def test_what_is_switched_off_is_named_instead() -> None:
    found = told(GUIDE, waf=False, edge_functions=False)
    assert units(found, "waf", "request") == units(found, "lambda_edge", "request") == {}
    reasons = {gap.unit: gap.reason for gap in found.unknown if gap.service in ("waf", "lambda_edge")}
    assert reasons["request"].startswith("left out by the stack file: [per_request] ")
    assert not any(gap.blocking for gap in found.unknown)


@pytest.mark.parametrize("part", ["waf", "edge_functions", "origin_shield", "load_balancer", "logs", "nat"])
def test_each_part_can_be_switched_off_by_itself(part: str) -> None:
    client = [replace(row, received_bytes=9) for row in rows()]
    whole, less = told(GUIDE, client), told(GUIDE, client, **{part: False})
    gone = {(item.service, item.unit) for item in whole.items} - {
        (item.service, item.unit) for item in less.items
    }
    assert gone
    assert gone == {(gap.service, gap.unit) for gap in less.unknown}


def test_everything_is_estimated_priced_and_left_to_an_audits_own_templates() -> None:
    usage = usage_from_local(rows(), {}, {}, region="us-east-1", window_s=3600.0, told=told(GUIDE))
    found = [item for item in usage.items if item.provenance == "estimated"]
    assert {item.service for item in found} >= {"waf", "lambda_edge", "alb", "cloudwatch", "nat"} - {"alb"}
    priced = price_usage(usage, BOOK, marginal=True)
    assert priced.missing == ()
    acl = next(line for line in priced.lines if line.item.service == "waf")
    assert acl.amount_exact == Fraction("0.006")  # 10,000 at 0.60 USD a million
    assert not {item.service for item in without_estimates(usage.items)} & {"waf", "lambda_edge", "nat"}


def test_templates_without_an_api_gateway_make_none_of_the_apis_requests() -> None:
    usage = usage_from_local(rows(), {}, {}, region="us-east-1", window_s=60.0, told=told(BALANCER))
    assert not any(item.service == "apigateway" for item in usage.items)
    guide = usage_from_local(rows(), {}, {}, region="us-east-1", window_s=60.0, told=told(GUIDE))
    assert [item.quantity for item in guide.items if item.service == "apigateway"] == [2000]


def test_what_is_not_counted_is_short_and_has_an_order_of_size() -> None:
    bare = usage_from_local(rows(), {}, {}, region="us-east-1", window_s=60.0)
    assert len(bare.unknown) <= 10
    assert all(gap.units_per_1k for gap in bare.unknown)
    guide = usage_from_local(rows(), {}, {}, region="us-east-1", window_s=60.0, told=told(GUIDE))
    assert {(gap.service, gap.unit) for gap in guide.unknown} == {
        ("cloudfront", "egress_byte"),  # headers
        ("xray", "trace_recorded"),
        ("kms", "request"),
        ("route53", "query"),
    }
