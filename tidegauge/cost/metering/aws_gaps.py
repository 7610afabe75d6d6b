"""What is not known of a run against AWS, why, and what its figures rest on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from tidegauge.cost.metering.aws_metered import AwsMetered, Part, Series, added_task_seconds, all_task_seconds
from tidegauge.cost.metering.aws_shares import RunRequests, api_requests_metered
from tidegauge.cost.metering.client_traffic import WEBSOCKET
from tidegauge.cost.metering.from_templates import ESTIMATED, FromTemplates
from tidegauge.cost.metering.local_gaps import MESSAGES, OTHERS, gap, untold
from tidegauge.cost.money import text
from tidegauge.cost.usage import UnknownUsage
from tidegauge.cost.words import count

UNITS: dict[Part, tuple[str, str]] = {
    "cloudfront": ("cloudfront", "https_request"),
    "table": ("dynamodb", "write_request_unit"),
    "queue": ("sqs", "standard_request"),
    "load_balancer": ("alb", "lcu_hour"),
    "api": ("apigateway", "http_request"),
    "bucket": ("s3", "put_request"),
    "log_group": ("cloudwatch", "log_ingested_byte"),
    "service": ("fargate", "vcpu_second"),
    "edge_function": ("lambda_edge", "request"),
}
MORE_UNITS: dict[Part, tuple[tuple[str, str], ...]] = {"edge_function": (("lambda_edge", "gb_second"),)}
KEYS: dict[Part, str] = {
    "cloudfront": "distribution",
    "table": "tables",
    "queue": "queues",
    "load_balancer": "load_balancers",
    "api": "apis",
    "bucket": "buckets",
    "log_group": "log_groups",
    "service": "services",
    "edge_function": "edge_functions",
}
NEEDED: tuple[Part, ...] = ("table", "queue")  # without these a request of the API has no cost

KEPT = (
    "what runs around the clock and what is kept (objects, items, logs) is billed by the hour or month, not "
    "by a request"
)
NOT_COLLECTED = "what AWS metered was not collected yet: tidegauge collect RUN"
# (service, unit, units of 1,000 requests, what has no metric of a run), besides the local stack's OTHERS
SHIELD = ("cloudfront", "origin_shield_request", 1000, "CloudFront has no metric of Origin Shield's requests")


def gaps(
    run: RunRequests,
    metered: AwsMetered | None,
    told: FromTemplates | None = None,
    why_not_metered: str = NOT_COLLECTED,
) -> Iterator[UnknownUsage]:
    """First what makes a cost unknown, then what lies outside of what is costed."""
    needed = [part for part in NEEDED if told is None or _is_held(part, told)]
    if metered is None:
        yield from _behind_the_api(run, needed, why_not_metered)
    else:
        yield from _not_named(run, metered, needed, told)
        yield from _silent_buckets(metered)
        yield from _tasks(metered)
    if any(row.route == WEBSOCKET for row in run.window):
        yield gap(*MESSAGES)
    yield from untold((SHIELD, *OTHERS), told, metered_units(metered))


def metered_units(metered: AwsMetered | None) -> set[tuple[str, str]]:
    """The units that CloudWatch is asked for."""
    parts = metered.parts if metered else ()
    return {unit for part in parts for unit in (UNITS[part], *MORE_UNITS.get(part, ()))}


def _not_named(
    run: RunRequests, metered: AwsMetered, needed: Sequence[Part], told: FromTemplates | None
) -> Iterator[UnknownUsage]:
    if not metered.is_complete:
        for part in dict.fromkeys(series.part for series in metered.series):
            yield _gap(part, _why_incomplete(metered), blocking=True)
    for part in UNITS:
        reason = f"[aws] names no {KEYS[part]}; an empty list would say that there are none"
        if part in metered.parts:
            continue
        if part in needed:
            yield from _behind_the_api(run, (part,), reason)
        elif part not in NEEDED and (told is None or _is_held(part, told)):
            yield _gap(part, reason)


def _is_held(part: Part, told: FromTemplates) -> bool:
    """Whether the templates are billed by use for such a part, and do not tell how much."""
    services = {service for service, unit in told.units if (service, unit) not in ESTIMATED}
    if part == "table":  # one of provisioned capacity is not billed by request
        return UNITS["table"] in told.units
    return part == "service" or UNITS[part][0] in services


def notes(run: RunRequests, metered: AwsMetered | None) -> Iterator[str]:
    """What the quantities rest on."""
    yield "all requests are priced as HTTPS and as if they came from the United States"
    if any(row.base != "other" for row in run.window):
        yield KEPT
    if metered is None:
        return
    began, ended = metered.began_unix_s, metered.ended_unix_s
    first, end = metered.first_minute_unix_s, metered.end_minute_unix_s
    yield (
        f"metered figures are of the whole minutes from {clock(first)} to {clock(end)} UTC: "
        f"{began - first:.0f} s before the run and {end - ended:.0f} s after it are in them, unscaled"
    )
    yield from _others("CloudFront", metered.of("cloudfront", "Requests"), run.edge_requests)
    counted = api_requests_metered(metered)
    if counted is not None:
        yield _compared("the API's front door", int(counted), run.api_requests)
    yield (
        "units behind the API are spread over the run's requests to it, or over the endpoints that "
        "[aws.causes] names; those of warm-up and drain stay out, those without a known cause are shared"
    )
    if metered.of("queue", "NumberOfMessagesSent"):
        yield (
            "each SQS message sent, received or deleted is taken as one call: batches are fewer calls, "
            "messages above 64 KiB more"
        )
    if metered.of("load_balancer", "ConsumedLCUs"):
        yield "the sum of ConsumedLCUs over the minutes of an hour is taken as the hour's LCUs"
    regions = sorted({series.region for series in metered.of("edge_function", "Invocations")})
    if regions:
        yield f"edge functions report where they ran; asked were {', '.join(regions)} ([aws] edge_regions)"
    if any(len(tasks.shares) > 1 for tasks in metered.tasks):
        yield "tasks of a mixed capacity provider strategy are split by its weights"


def clock(unix_s: float) -> str:
    """The time of day in UTC."""
    return f"{dt.datetime.fromtimestamp(unix_s, dt.UTC):%H:%M}"


def _why_incomplete(metered: AwsMetered) -> str:
    if metered.refused:
        return f"CloudWatch did not answer in full: {metered.refused[0]}"
    return (
        f"its figures until {clock(metered.end_minute_unix_s)} UTC are final from "
        f"{clock(metered.settled_unix_s)} UTC on: tidegauge collect RUN"
    )


def _others(who: str, series: list[Series], own: int) -> Iterator[str]:
    for row in series:
        yield _compared(who, int(row.total), own)


def _compared(who: str, counted: int, own: int) -> str:
    if counted == own:
        return f"{who} counted {own:,} requests, as many as the clients"
    if counted > own:
        return (
            f"{who} counted {counted:,} requests, the run's clients {own:,}: the other {counted - own:,} are "
            "not the run's; what they used is in the total as shared"
        )
    return (
        f"{who} counted {counted:,} requests, {own - counted:,} fewer than the run's clients ({own:,}): "
        "metered units may be too few"
    )


def _behind_the_api(run: RunRequests, parts: Sequence[Part], reason: str) -> Iterator[UnknownUsage]:
    for flow in run.api_flows:
        for part in parts:
            service, unit = UNITS[part]
            yield UnknownUsage(flow=flow, service=service, unit=unit, reason=reason, blocking=True)


def _silent_buckets(metered: AwsMetered) -> Iterator[UnknownUsage]:
    for series in metered.of("bucket", "AllRequests"):
        if not series.minutes:
            yield _gap(
                "bucket",
                f"bucket {series.resource} reports no requests: its request metrics (filter EntireBucket) "
                "are off, or nothing was asked of it; only what clients saw is counted",
            )


def _tasks(metered: AwsMetered) -> Iterator[UnknownUsage]:
    counts = {row.resource: row for row in metered.of("service", "RunningTaskCount")}
    for tasks in metered.tasks:
        series = counts.get(tasks.service)
        if not tasks.shares:
            yield _gap("service", f"{tasks.service} runs on instances, which are billed by themselves")
        elif series is None or not series.minutes:
            yield _gap(
                "service",
                f"{tasks.service} reports no RunningTaskCount: Container Insights is off, or none ran",
            )
        else:
            constant = all_task_seconds(series) - added_task_seconds(series)
            yield _gap(
                "service",
                f"{count(constant)} task-seconds of {tasks.service} ({text(Decimal(tasks.vcpu))} vCPU) "
                "are of tasks that ran throughout: a fixed cost, not one of a request",
            )


def _gap(part: Part, reason: str, *, blocking: bool = False) -> UnknownUsage:
    service, unit = UNITS[part]
    return UnknownUsage(flow=None, service=service, unit=unit, reason=reason, blocking=blocking)
