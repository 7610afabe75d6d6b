"""CloudWatch's figures: moto's where it has them, else replies written by hand in the documented shape."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tidegauge.collect.metrics.cloudwatch import Wanted, fetch_metrics, parse_metrics, wanted_metrics
from tidegauge.collect.metrics.described import (
    fetch_provisioned_tables,
    fetch_service_tasks,
    parse_is_provisioned,
    parse_service_tasks,
)
from tidegauge.collect.metrics.parts import AwsParts, aws_parts
from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
FIRST = 1_767_322_800  # 2026-01-02 03:00:00 UTC
TABLES = AwsParts(tables=("Links",))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def stack(aws: dict[str, Any]) -> Stack:
    return Stack(api_url="http://127.0.0.1", allowed_hosts=("127.0.0.1",), aws=aws)


def put(client: Any, wanted: Wanted, second: int, value: float) -> None:
    client.put_metric_data(
        Namespace=wanted.namespace,
        MetricData=[
            {
                "MetricName": wanted.metric,
                "Dimensions": [{"Name": name, "Value": held} for name, held in wanted.dimensions],
                "Timestamp": dt.datetime.fromtimestamp(second, dt.UTC),
                "Value": value,
            }
        ],
    )


def result(number: int, *values: float, status: str = "Complete") -> dict[str, Any]:
    moments = [dt.datetime.fromtimestamp(FIRST + 60 * each, dt.UTC) for each in range(len(values))]
    return {
        "Id": f"m{number}",
        "Label": "x",
        "Timestamps": moments,
        "Values": list(values),
        "StatusCode": status,
    }


@pytest.mark.usefixtures("account")
def test_values_of_a_minute_are_summed_and_minutes_outside_left_out() -> None:
    client: Any = boto3.client("cloudwatch")
    wanted = wanted_metrics(TABLES)
    for second, value in ((-1, 100.0), (0, 1.5), (59, 2.0), (60, 4.0), (120, 100.0)):
        put(client, wanted[0], FIRST + second, value)
    series, refused = parse_metrics(fetch_metrics(client, wanted, FIRST, FIRST + 120), wanted)
    assert (series[0].metric, series[0].total, refused) == ("ConsumedReadCapacityUnits", Decimal("7.5"), [])
    assert [int(minute) - FIRST for minute in series[0].minutes] == [0, 60]
    assert series[1].minutes == {}


@pytest.mark.usefixtures("account")
def test_another_resource_of_the_same_metric_does_not_count() -> None:
    client: Any = boto3.client("cloudwatch")
    wanted = wanted_metrics(AwsParts(distribution="E1"))
    put(client, wanted[0], FIRST, 7.0)
    put(client, wanted_metrics(AwsParts(distribution="E2"))[0], FIRST, 50.0)
    series, _ = parse_metrics(fetch_metrics(client, wanted, FIRST, FIRST + 60), wanted)
    assert [each.total for each in series] == [7, 0]


@pytest.mark.usefixtures("account")
def test_more_metrics_than_one_call_takes_are_asked_in_several() -> None:
    client: Any = boto3.client("cloudwatch")
    parts = AwsParts(tables=tuple(f"t{number}" for number in range(300)))  # 600 metrics, 500 a call
    wanted = wanted_metrics(parts)
    put(client, wanted[599], FIRST, 3.0)
    series, _ = parse_metrics(fetch_metrics(client, wanted, FIRST, FIRST + 60), wanted)
    assert [each.total for each in series] == [*[0] * 599, 3]


def test_each_part_is_asked_for_where_it_reports() -> None:
    parts = AwsParts(
        region="eu-west-1",
        distribution="E1",
        cluster="arn:aws:ecs:eu-west-1:123456789012:cluster/media",
        services=("worker",),
        edge_functions=("auth",),
        edge_regions=("eu-west-1", "us-east-1"),
    )
    asked = [(each.metric, each.region, dict(each.dimensions)) for each in wanted_metrics(parts)]
    assert ("Requests", "us-east-1", {"DistributionId": "E1", "Region": "Global"}) in asked
    service = {"ServiceName": "worker", "ClusterName": "media"}
    assert ("RunningTaskCount", "eu-west-1", service) in asked
    regions = [region for metric, region, _ in asked if metric == "Invocations"]
    assert regions == ["eu-west-1", "us-east-1"]
    assert {"FunctionName": "us-east-1.auth"} in [dimensions for _, _, dimensions in asked]


def test_pages_of_one_metric_are_joined() -> None:  # replies written by hand
    wanted = wanted_metrics(TABLES)
    later = result(0, 2.0)
    later["Timestamps"] = [dt.datetime.fromtimestamp(FIRST + 300, dt.UTC)]
    pages = [{"MetricDataResults": [result(0, 1.0, status="PartialData")]}, {"MetricDataResults": [later]}]
    series, refused = parse_metrics(pages, wanted)
    assert (series[0].total, refused) == (3, [])


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_what_cloudwatch_does_not_answer_in_full_is_named(status: str) -> None:  # replies written by hand
    refusal = result(1, status=status) | {"Messages": [{"Code": "x", "Value": "not now"}]}
    _, refused = parse_metrics([{"MetricDataResults": [refusal]}], wanted_metrics(TABLES))
    assert refused == [f"ConsumedWriteCapacityUnits of Links: {status} (not now)"]


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"MetricDataResults": [{}]},
        {"MetricDataResults": [result(0, 1.0) | {"Values": []}]},
        {"MetricDataResults": [result(0, 1.0) | {"Timestamps": ["soon"]}]},
        {"MetricDataResults": [result(0, 1.0) | {"Id": "other"}]},
        {"MetricDataResults": [result(99, 1.0)]},
        {"MetricDataResults": [result(0, -1.0)]},
        {"MetricDataResults": [result(0, float("nan"))]},
        {"MetricDataResults": [result(0, 1.0) | {"Values": ["many"]}]},
        {"MetricDataResults": 3},
        None,
    ],
)
def test_a_reply_that_is_none_is_one_clear_error(page: Any) -> None:
    with pytest.raises(TidegaugeError, match=r"CloudWatch's reply cannot be read") as caught:
        parse_metrics([page], wanted_metrics(TABLES))
    assert caught.value.hint


@pytest.mark.usefixtures("account")
def test_tables_with_provisioned_capacity_are_told_from_those_on_demand() -> None:
    client: Any = boto3.client("dynamodb")
    keys: Any = {
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    }
    client.create_table(TableName="on_demand", BillingMode="PAY_PER_REQUEST", **keys)
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    client.create_table(TableName="provisioned", ProvisionedThroughput=throughput, **keys)
    assert fetch_provisioned_tables(client, ["on_demand", "provisioned"]) == ("provisioned",)


def test_a_table_without_a_billing_summary_is_provisioned() -> None:  # as DescribeTable documents it
    assert parse_is_provisioned({"Table": {"TableName": "old"}})


@pytest.mark.usefixtures("account")
def test_a_services_tasks_have_the_size_of_its_task_definition() -> None:
    client: Any = boto3.client("ecs")
    client.create_cluster(clusterName="media")
    client.register_task_definition(
        family="worker",
        cpu="2048",
        memory="4096",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        containerDefinitions=[{"name": "worker", "image": "example/worker:1"}],
    )
    client.create_service(
        cluster="media",
        serviceName="worker",
        taskDefinition="worker",
        desiredCount=1,
        launchType="FARGATE",
    )
    (size,) = fetch_service_tasks(client, "media", ["worker"])
    assert (Decimal(size.vcpu), Decimal(size.memory_gb), size.arch) == (2, 4, "arm")
    assert size.shares == {"on_demand": "1"}
    with pytest.raises(TidegaugeError, match="no service 'waiter' in cluster 'media'"):
        fetch_service_tasks(client, "media", ["waiter"])


# Parts of DescribeServices' replies, written by hand: moto keeps no capacity provider strategy.
@pytest.mark.parametrize(
    ("service", "shares"),
    [
        ({"launchType": "FARGATE"}, {"on_demand": "1"}),
        ({"launchType": "EC2"}, {}),
        (
            {
                "capacityProviderStrategy": [
                    {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
                    {"capacityProvider": "FARGATE_SPOT", "weight": 3},
                ]
            },
            {"on_demand": "1", "spot": "3"},
        ),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 0, "base": 2}]},
            {"spot": "1"},
        ),
        ({"capacityProviderStrategy": [{"capacityProvider": "gpus", "weight": 1}]}, {}),
    ],
)
def test_capacity_is_split_by_the_strategys_weights(service: dict[str, Any], shares: dict[str, str]) -> None:
    assert parse_service_tasks("worker", service, {"cpu": "1024", "memory": "2048"}).shares == shares


@pytest.mark.parametrize(
    ("aws", "message"),
    [
        ({}, "has no [aws]"),
        ({"bench": {"image": "x"}}, "has no [aws]"),
        ({"region": "us-east-1"}, "names no part that CloudWatch meters"),
        ({"tables": []}, "names no part that CloudWatch meters"),
        ({"table": ["Links"]}, "unknown key 'table'"),
        ({"tables": "Links"}, "tables"),
        ({"tables": ["a b"]}, "tables.0"),
        ({"region": "us-east-1; rm", "tables": ["Links"]}, "region"),
        ({"services": ["worker"]}, "names services, but no cluster"),
        ({"distribution": 7}, "distribution"),
        ({"load_balancers": ["my-balancer"]}, "load_balancers.0"),
    ],
)
def test_a_descriptor_that_names_nothing_or_the_wrong_is_refused(aws: dict[str, Any], message: str) -> None:
    with pytest.raises(TidegaugeError) as caught:
        aws_parts(stack(aws), "stack.toml")
    assert message in caught.value.message
    assert caught.value.message.startswith("stack.toml")
    assert caught.value.hint


def test_the_descriptor_in_the_docs_is_legal_and_names_every_key() -> None:
    page = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(\[aws\].*?)```", page, re.DOTALL)
    aws = tomllib.loads(block)["aws"]
    assert aws_parts(stack(aws), "docs/cost.md").causes["transcode.fifo"] == ("POST /v1/upload/complete",)
    assert set(aws) == {field.name for field in dataclasses.fields(AwsParts)}


def test_keys_that_other_verbs_read_are_let_pass() -> None:
    found = aws_parts(stack({"tables": ["Links"], "bench": {}, "log_buckets": ["logs"]}), "stack.toml")
    assert found.resources == {"table": ("Links",)}
