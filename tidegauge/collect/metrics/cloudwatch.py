"""Metrics of CloudWatch by the minute: what the parts of a stack consumed."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegauge.collect.metrics.described import readable_reply
from tidegauge.collect.metrics.parts import AwsParts
from tidegauge.cost.metering.aws_metered import MINUTE_S, Part, Series

QUERIES_MAX = 500  # GetMetricData takes no more
KEPT_S = 15 * 24 * 3600  # figures by the minute; later only by five minutes
EDGE_REGION = "us-east-1"  # where CloudFront reports, and where edge functions are at home
COMPLETE = ("Complete", "PartialData")  # PartialData: more pages follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A metric of a resource, as GetMetricData names it."""

    part: Part
    resource: str
    region: str
    namespace: str
    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...]


# (namespace, dimension of the resource's name, {metric: statistic}); sources: each service's page of metrics.
CATALOGUE: dict[Part, tuple[str, str, dict[str, str]]] = {
    "cloudfront": ("AWS/CloudFront", "DistributionId", {"Requests": "Sum", "BytesDownloaded": "Sum"}),
    "table": (
        "AWS/DynamoDB",
        "TableName",
        {"ConsumedReadCapacityUnits": "Sum", "ConsumedWriteCapacityUnits": "Sum"},
    ),
    "queue": (
        "AWS/SQS",
        "QueueName",
        {
            "NumberOfMessagesSent": "Sum",
            "NumberOfMessagesReceived": "Sum",
            "NumberOfMessagesDeleted": "Sum",
            "NumberOfEmptyReceives": "Sum",
        },
    ),
    "load_balancer": ("AWS/ApplicationELB", "LoadBalancer", {"ConsumedLCUs": "Sum", "RequestCount": "Sum"}),
    "api": ("AWS/ApiGateway", "ApiId", {"Count": "Sum"}),
    "bucket": (
        "AWS/S3",
        "BucketName",
        {
            "AllRequests": "Sum",
            "GetRequests": "Sum",
            "HeadRequests": "Sum",
            "PutRequests": "Sum",
            "PostRequests": "Sum",
            "ListRequests": "Sum",
        },
    ),
    "log_group": ("AWS/Logs", "LogGroupName", {"IncomingBytes": "Sum"}),
    # AWS/ECS tells only how busy tasks are; their number needs Container Insights.
    "service": ("ECS/ContainerInsights", "ServiceName", {"RunningTaskCount": "Average"}),
    "edge_function": ("AWS/Lambda", "FunctionName", {"Invocations": "Sum", "Duration": "Sum"}),
}


def wanted_metrics(parts: AwsParts) -> list[Wanted]:
    """Every metric of every part that is named."""
    extra: dict[Part, tuple[tuple[str, str], ...]] = {
        "cloudfront": (("Region", "Global"),),
        "bucket": (("FilterId", "EntireBucket"),),  # as the console names the filter of a whole bucket
        "service": (("ClusterName", (parts.cluster or "").rpartition("/")[2]),),
    }
    regions: dict[Part, tuple[str, ...]] = {
        "cloudfront": (EDGE_REGION,),
        "edge_function": tuple(dict.fromkeys(parts.edge_regions or (parts.region,))),
    }
    return [
        Wanted(
            part=part,
            resource=resource,
            region=region,
            namespace=CATALOGUE[part][0],
            metric=metric,
            statistic=statistic,
            dimensions=((CATALOGUE[part][1], _dimension(part, resource)), *extra.get(part, ())),
        )
        for part, resources in parts.resources.items()
        for resource in resources
        for region in regions.get(part, (parts.region,))
        for metric, statistic in CATALOGUE[part][2].items()
    ]


def fetch_metrics(client: Any, wanted: Sequence[Wanted], first_minute: int, end_minute: int) -> list[Any]:
    """GetMetricData's pages for `wanted` between two Unix seconds; the caller names boto3's errors."""
    pages: list[Any] = []
    for start in range(0, len(wanted), QUERIES_MAX):
        queries = [
            _query(start + number, each) for number, each in enumerate(wanted[start : start + QUERIES_MAX])
        ]
        with readable_reply("CloudWatch"):  # the paginator looks into it, too
            pages += client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                StartTime=dt.datetime.fromtimestamp(first_minute, dt.UTC),
                EndTime=dt.datetime.fromtimestamp(end_minute, dt.UTC),
                ScanBy="TimestampAscending",
            )
    return pages


def parse_metrics(pages: Iterable[Any], wanted: Sequence[Wanted]) -> tuple[list[Series], list[str]]:
    """The series of `wanted`, and what CloudWatch did not answer in full (exit 2 for a damaged reply)."""
    minutes: list[dict[str, str]] = [{} for _ in wanted]
    refused: list[str] = []
    with readable_reply("CloudWatch"):
        for page in pages:
            for result in page["MetricDataResults"]:
                number = int(str(result["Id"]).removeprefix("m"))
                minutes[number].update(_values(result))
                if result.get("StatusCode", "Complete") not in COMPLETE:
                    name = f"{wanted[number].metric} of {wanted[number].resource}"
                    refused.append(f"{name}: {result['StatusCode']!s:.60}{_said(result)}")
    series = [
        Series(part=each.part, resource=each.resource, metric=each.metric, region=each.region, minutes=found)
        for each, found in zip(wanted, minutes, strict=True)
    ]
    return series, refused


def _dimension(part: Part, resource: str) -> str:
    """Replicas of an edge function report, where they run, under the name of its home's function."""
    return f"{EDGE_REGION}.{resource}" if part == "edge_function" else resource


def _query(number: int, wanted: Wanted) -> dict[str, Any]:
    metric = {
        "Namespace": wanted.namespace,
        "MetricName": wanted.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in wanted.dimensions],
    }
    return {
        "Id": f"m{number}",
        "MetricStat": {"Metric": metric, "Period": MINUTE_S, "Stat": wanted.statistic},
    }


def _values(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"the value {value} is not a quantity")
        yield str(int(moment.timestamp()) // MINUTE_S * MINUTE_S), repr(value)


def _said(result: Mapping[str, Any]) -> str:
    return "".join(f" ({each['Value']!s:.100})" for each in result.get("Messages", [])[:1])
