"""What a run's cost holds, by what its stack file says of AWS."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import http_server, program, tidegauge, write_plan, write_stack

BALANCED = """
Resources:
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: application}}
  Acl: {Type: AWS::WAFv2::WebACL, Properties: {Scope: REGIONAL, DefaultAction: {Allow: {}}, Rules: []}}
  Log: {Type: AWS::Logs::LogGroup}
"""
TABLE = (
    "  Links: {Type: AWS::DynamoDB::Table, Properties: {BillingMode: PAY_PER_REQUEST, TableName: Links}}\n"
)


def run(folder: Path, template: str | None = None, extra: str = "") -> tuple[dict[str, Any], str]:
    """The cost of 100 requests in 1 s that are answered with 10,000 bytes, and the report's text."""
    if template is not None:
        (folder / "aws").mkdir()
        (folder / "aws" / "stack.yaml").write_text(template, encoding="utf-8")
        extra = f'architecture = "aws"\n{extra}'
    plan = write_plan(folder, rate=100, duration_s=1)
    with http_server(lambda _path: (200, {}, b"x" * 10_000)) as url:
        stack = write_stack(folder, url, extra=extra)
        _, summary, _ = tidegauge("run", plan, "--stack", stack, "--out", folder / "run")
    return summary["cost"], (folder / "run" / "report.html").read_text(encoding="utf-8")


def test_a_plain_server_has_no_aws_spend_and_no_empty_sections(tmp_path: Path) -> None:
    cost, report = run(tmp_path)
    assert (cost["marginal_per_1k_requests"], cost["loaded_per_1k_requests"]) == (None, None)
    assert cost["marginal_reason"] == cost["loaded_reason"] == cost["by_flow"][0]["reason"]
    assert "names neither [aws] nor an architecture" in cost["marginal_reason"]
    assert cost["lines"] == cost["unknown"] == cost["assumptions"] == []
    for word in (
        "DynamoDB",
        "dynamodb",
        "CloudFront",
        "apigateway",
        "No line item",
        "No estimate",
        "No transcode",
    ):
        assert word not in report
    for section in ("cost", "audit", "bench", "cache"):
        assert f'id="{section}"' not in report
        assert f'href="#{section}"' not in report


def test_a_plain_server_s_terminal_says_why_there_is_no_cost(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=20, duration_s=1)
    with http_server(lambda _path: (200, {}, b"ok")) as url:
        stack = write_stack(tmp_path, url)
        _, _, words = program("run", plan, "--stack", stack, "--out", tmp_path / "run")
    assert "requests: 20 asked, 20 sent, 20 answered" in words
    assert "cost: n/a, the stack file names neither [aws] nor an architecture" in words


def test_templates_of_a_balanced_api_are_billed_for_its_requests(tmp_path: Path) -> None:
    cost, _ = run(tmp_path, BALANCED)
    found = {(line["service"], line["unit"]): line for line in cost["lines"]}
    assert {unit: line["provenance"] for unit, line in found.items()} == {
        ("data_transfer", "internet_byte"): "counted",
        ("waf", "request"): "estimated",
        ("alb", "lcu_hour"): "estimated",
        ("cloudwatch", "log_ingested_byte"): "estimated",
    }
    assert found["waf", "request"]["quantity"] == "100"
    assert found["data_transfer", "internet_byte"]["quantity"] == "1000000"
    assert found["cloudwatch", "log_ingested_byte"]["quantity"] == "41300"
    # 100 new connections in 1 s are 4 LCUs for 1 s, more than the bytes: 1 MB a second is 3.4 GB an hour
    assert Decimal(found["alb", "lcu_hour"]["quantity"]) == pytest.approx(Decimal(4) / 3600)
    # 1 MB at 0.09 a GB, 100 at 0.60 a million, 4 / 3600 at 0.008, 41,300 bytes at 0.50 a GB, for 100 requests
    expected = 1e6 / 2**30 * 0.09 + 100 * 0.6e-6 + 4 / 3600 * 0.008 + 41300 / 2**30 * 0.5
    assert float(cost["marginal_per_1k_requests"]) == pytest.approx(expected * 10)


def test_parts_that_the_stack_file_switches_off_are_named_and_not_counted(tmp_path: Path) -> None:
    cost, _ = run(tmp_path, BALANCED, "[per_request]\nwaf = false\nload_balancer = false\nlog_bytes = 1000\n")
    assert {line["service"] for line in cost["lines"]} == {"data_transfer", "cloudwatch"}
    reasons = {row["service"]: row["reason"] for row in cost["unknown"]}
    assert reasons["waf"] == "left out by the stack file: [per_request] waf = false"
    assert "load_balancer = false" in reasons["alb"]
    logs = next(line for line in cost["lines"] if line["service"] == "cloudwatch")
    assert logs["quantity"] == "100000"


def test_a_table_that_nobody_meters_makes_the_cost_unknown(tmp_path: Path) -> None:
    cost, _ = run(tmp_path, BALANCED + TABLE)
    assert cost["marginal_per_1k_requests"] is None
    assert cost["marginal_reason"].startswith("dynamodb write_request_unit: the stack file has no [aws]")


@pytest.mark.parametrize(
    ("keys", "hint"),
    [
        ("waff = false", "waf"),
        ('waf = "no"', ""),
        ("edge_function_ms = -1", ""),
        ("log_bytes = nan", ""),
        ("nat_bytes = inf", ""),
    ],
)
def test_a_mistake_in_per_request_is_named(tmp_path: Path, keys: str, hint: str) -> None:
    plan = write_plan(tmp_path, rate=1, duration_s=1)
    stack = write_stack(tmp_path, "http://127.0.0.1:9", extra=f"[per_request]\n{keys}\n")
    code, document, _ = tidegauge("run", plan, "--stack", stack, "--dry-run")
    assert code == 2
    assert "per_request" in document["error"]["message"]
    assert hint in str(document["error"]["hint"])
