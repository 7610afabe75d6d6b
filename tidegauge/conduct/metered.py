"""Asks AWS what a stack's parts consumed around a run, and keeps the answers in its folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tidegauge.aws.clients import Clients, aws_errors
from tidegauge.collect.metrics.cloudwatch import (
    EDGE_REGION,
    KEPT_S,
    Wanted,
    fetch_metrics,
    parse_metrics,
    wanted_metrics,
)
from tidegauge.collect.metrics.described import (
    check_distribution,
    check_queue,
    fetch_function_memory,
    fetch_provisioned_tables,
    fetch_service_tasks,
)
from tidegauge.collect.metrics.parts import AwsParts
from tidegauge.cost.metering.aws_metered import AwsMetered, Series, joined, whole_minutes
from tidegauge.errors import TidegaugeError
from tidegauge.results.run_usage import read_metered
from tidegauge.store import RunFolder
from tidegauge.stored import document_of

PAGE = "docs/cost.md"


def ask_aws(
    folder: RunFolder,
    parts: AwsParts,
    span: tuple[float, float],
    clients: Clients,
    tell: Callable[[str], None],
) -> AwsMetered:
    """Asks once for the minutes of `span` (Unix seconds), and keeps what came with what was there.

    Exit 2 where AWS refuses.
    """
    first, end = whole_minutes(*span)
    asked, earlier = time.time(), read_metered(folder)
    if asked - first > KEPT_S:
        if earlier is not None:
            tell("CloudWatch has forgotten these minutes; what was fetched before is used")
            return earlier
        raise TidegaugeError(
            f"the run was {(asked - first) / 86400:.0f} days ago, and CloudWatch keeps minutes for 15 days",
            "collect sooner after a run",
        )
    with aws_errors("what AWS metered cannot be fetched", PAGE):
        described = _describe(clients, parts)
        series, refused = _metrics(clients, parts, first, end)
    metered = AwsMetered(
        collected_unix_s=asked,
        began_unix_s=span[0],
        ended_unix_s=span[1],
        first_minute_unix_s=first,
        end_minute_unix_s=end,
        series=tuple(series),
        parts=tuple(parts.resources),
        causes=parts.causes,
        refused=tuple(refused),
        **described,
    )
    metered = joined(earlier, metered)
    folder.write_json(folder.aws_metrics_json, document_of(metered))
    return metered


def _describe(clients: Clients, parts: AwsParts) -> dict[str, Any]:
    """What the parts are, as far as their figures need it; refuses parts that are not there."""
    here = parts.region
    if parts.distribution is not None:
        check_distribution(clients.of("cloudfront", EDGE_REGION), parts.distribution)
    for queue in parts.queues or ():
        check_queue(clients.of("sqs", here), queue)
    described: dict[str, Any] = {}
    if parts.tables:
        client = clients.of("dynamodb", here)
        described["provisioned_tables"] = fetch_provisioned_tables(client, parts.tables)
    if parts.services and parts.cluster:
        described["tasks"] = fetch_service_tasks(clients.of("ecs", here), parts.cluster, parts.services)
    if parts.edge_functions:
        client = clients.of("lambda", EDGE_REGION)
        described["function_mb"] = fetch_function_memory(client, parts.edge_functions)
    return described


def _metrics(clients: Clients, parts: AwsParts, first: int, end: int) -> tuple[list[Series], list[str]]:
    """All series, asked for in each region once, and what was not answered in full."""
    by_region: dict[str, list[Wanted]] = {}
    for each in wanted_metrics(parts):
        by_region.setdefault(each.region, []).append(each)
    series: list[Series] = []
    refused: list[str] = []
    for region, wanted in by_region.items():
        pages = fetch_metrics(clients.of("cloudwatch", region), wanted, first, end)
        found, unanswered = parse_metrics(pages, wanted)
        series, refused = [*series, *found], [*refused, *unanswered]
    return series, refused
