"""Usage of a run against a stack on AWS: what clients received, and what CloudWatch metered around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.metering.aws_gaps import NOT_COLLECTED, gaps, notes
from tidegauge.cost.metering.aws_metered import AwsMetered, Part, ServiceTasks, added_task_seconds
from tidegauge.cost.metering.aws_shares import RunRequests, Shares
from tidegauge.cost.metering.client_traffic import (
    STANDARD,
    US,
    ClientRequests,
    edge_items,
    gateway_items,
    transfer_items,
)
from tidegauge.cost.metering.from_templates import FromTemplates, gateway_unit
from tidegauge.cost.metering.spread import cut, merged_items
from tidegauge.cost.money import to_decimal
from tidegauge.cost.prices import Attributes, sorted_attributes
from tidegauge.cost.usage import Provenance, Usage, UsageItem

FIFO_SUFFIX = ".fifo"  # SQS demands it of a FIFO queue's name
TABLE_UNITS = {
    "ConsumedReadCapacityUnits": "read_request_unit",
    "ConsumedWriteCapacityUnits": "write_request_unit",
}
# A call that receives nothing is one call. Of the others CloudWatch counts messages: as many calls at most.
QUEUE_CALLS: dict[str, Provenance] = {
    "NumberOfEmptyReceives": "metered",
    "NumberOfMessagesSent": "estimated",
    "NumberOfMessagesReceived": "estimated",
    "NumberOfMessagesDeleted": "estimated",
}
BUCKET_READS = ("GetRequests", "HeadRequests")
BUCKET_WRITES = ("PutRequests", "PostRequests", "ListRequests")


def usage_from_aws(
    client: Sequence[ClientRequests],
    whole_run: Sequence[ClientRequests],
    metered: AwsMetered | None,
    *,
    region: str,
    window_s: float,
    told: FromTemplates | None = None,
    why_not_metered: str = NOT_COLLECTED,
) -> Usage:
    """Usage by flow: `client` are the window's requests, `whole_run` those with warm-up and drain.

    What clients count is exact and stays. Metered units are spread over the run's requests that caused them:
    a flow gets the shares of its requests in the window, those outside of it stay out. Units that others'
    requests account for, and those whose cause is not known, are shared (flow None). `told` is what the
    stack's templates add; `why_not_metered` says why `metered` is None.
    """
    run = RunRequests(window=client, whole_run=whole_run)
    items = [*edge_items(client), *transfer_items(client), *_uploads(client)]
    if metered is None or "api" not in metered.parts or metered.of("api", "Count"):
        items += gateway_items(client, gateway_unit(told))
    if metered is not None:
        items += _Metered(run, metered).items()
    items += told.items if told else ()
    return Usage(
        region=region,
        window_s=Decimal(str(window_s)),
        items=tuple(merged_items(items)),
        unknown=tuple(gaps(run, metered, told, why_not_metered)),
        notes=(*notes(run, metered), *(told.notes if told else ())),
    )


def _uploads(client: Sequence[ClientRequests]) -> Iterator[UsageItem]:
    """PUTs to presigned addresses of a bucket."""
    for row in client:
        if row.is_upload and row.requests:
            yield from _spread(
                {row.flow: Fraction(1)}, "s3", "put_request", STANDARD, Decimal(row.requests), "counted"
            )


class _Metered:
    """What CloudWatch metered beyond what clients counted."""

    def __init__(self, run: RunRequests, metered: AwsMetered) -> None:
        self._run, self._metered = run, metered
        self._shares = Shares(run, metered)

    def items(self) -> Iterator[UsageItem]:
        """Everything, by flow where a request explains it."""
        yield from self._edge()
        yield from self._gateway()
        yield from self._tables()
        yield from self._queues()
        yield from self._buckets()
        for series in self._metered.of("load_balancer", "ConsumedLCUs"):
            # A minute's figure is its part of the hour: 60 minutes add up to the hour's LCUs.
            yield from _spread(self._shares.of_api(), "alb", "lcu_hour", (), series.total)
        for series in self._metered.of("log_group", "IncomingBytes"):
            shares = self._shares.of_resource(series.resource)
            yield from _spread(shares, "cloudwatch", "log_ingested_byte", (), series.total)
        for tasks in self._metered.tasks:
            yield from self._tasks(tasks)
        yield from self._edge_functions()

    def _edge(self) -> Iterator[UsageItem]:
        """Others' requests; and bytes beyond the bodies: headers, and what others got."""
        requests = self._total("cloudfront", "Requests")
        others = max(requests - self._run.edge_requests, Decimal(0))
        yield from _shared("cloudfront", "https_request", US, others)
        more = self._total("cloudfront", "BytesDownloaded") - self._run.edge_bytes
        if requests == self._run.edge_requests:  # nobody else: these are the headers of its answers
            yield from _spread(self._shares.of_edge(), "cloudfront", "egress_byte", US, max(more, Decimal(0)))
        else:
            yield from _shared("cloudfront", "egress_byte", US, max(more, Decimal(0)))

    def _gateway(self) -> Iterator[UsageItem]:
        others = max(self._total("api", "Count") - self._run.api_requests, Decimal(0))
        yield from _shared("apigateway", "http_request", (), others)

    def _tables(self) -> Iterator[UsageItem]:
        for metric, unit in TABLE_UNITS.items():
            for series in self._metered.of("table", metric):
                table = (("table", series.resource),)
                shares = self._shares.of_resource(series.resource)
                yield from _spread(shares, "dynamodb", unit, table, series.total)

    def _queues(self) -> Iterator[UsageItem]:
        for metric, provenance in QUEUE_CALLS.items():
            for series in self._metered.of("queue", metric):
                unit = "fifo_request" if series.resource.endswith(FIFO_SUFFIX) else "standard_request"
                if metric == "NumberOfEmptyReceives":  # polls that no request caused
                    yield from _shared("sqs", unit, (), series.total)
                    continue
                shares = self._shares.of_resource(series.resource)
                yield from _spread(shares, "sqs", unit, (), series.total, provenance)

    def _buckets(self) -> Iterator[UsageItem]:
        """Requests beyond the fetches of the edge that clients saw as misses."""
        reads = sum((self._total("bucket", metric) for metric in BUCKET_READS), Decimal(0))
        more = max(reads - self._run.edge_fetches, Decimal(0))
        yield from _shared("s3", "get_request", STANDARD, more)
        writes = sum((self._total("bucket", metric) for metric in BUCKET_WRITES), Decimal(0))
        more = max(writes - self._run.uploads, Decimal(0))
        yield from _shared("s3", "put_request", STANDARD, more)

    def _edge_functions(self) -> Iterator[UsageItem]:
        """Invocations, and their time (ms) times memory; the bill rounds each up to a whole ms."""
        for series in self._metered.of("edge_function", "Invocations"):
            shares = self._shares.of_edge_function(series.resource)
            yield from _spread(shares, "lambda_edge", "request", (), series.total)
        for series in self._metered.of("edge_function", "Duration"):
            shares = self._shares.of_edge_function(series.resource)
            megabytes = self._metered.function_mb.get(series.resource, 0)
            quantity = to_decimal(Fraction(series.total) * megabytes / (1024 * 1000))
            yield from _spread(shares, "lambda_edge", "gb_second", (), quantity, "estimated")

    def _tasks(self, tasks: ServiceTasks) -> Iterator[UsageItem]:
        """Seconds of tasks above those that ran all the time, which are a fixed cost."""
        series = next(
            (row for row in self._metered.of("service", "RunningTaskCount") if row.resource == tasks.service),
            None,
        )
        if series is None or not tasks.shares:
            return
        seconds = added_task_seconds(series)
        weights = sum(map(Fraction, tasks.shares.values()))
        provenance: Provenance = "metered" if len(tasks.shares) == 1 else "estimated"
        for capacity, weight in tasks.shares.items():
            attributes = sorted_attributes({"arch": tasks.arch, "capacity": capacity})
            for unit, amount in (("vcpu_second", tasks.vcpu), ("gb_second", tasks.memory_gb)):
                quantity = to_decimal(seconds * Fraction(amount) * Fraction(weight) / weights)
                shares = self._shares.of_resource(tasks.service)
                yield from _spread(shares, "fargate", unit, attributes, quantity, provenance)

    def _total(self, part: Part, metric: str) -> Decimal:
        return sum((series.total for series in self._metered.of(part, metric)), Decimal(0))


def _shared(service: str, unit: str, attributes: Attributes, quantity: Decimal) -> Iterator[UsageItem]:
    yield from _spread({None: Fraction(1)}, service, unit, attributes, quantity)


def _spread(
    shares: Mapping[str | None, Fraction],
    service: str,
    unit: str,
    attributes: Attributes,
    quantity: Decimal,
    provenance: Provenance = "metered",
) -> Iterator[UsageItem]:
    """`quantity` by flow, cut to a length that usage.json can hold; the last gets what is left of it all."""
    left = cut(sum(shares.values(), Fraction(0)) * Fraction(quantity))
    for number, (flow, share) in enumerate(shares.items(), start=1):
        part = left if number == len(shares) else min(left, cut(share * Fraction(quantity)))
        left -= part
        if part:
            yield UsageItem(
                flow=flow,
                service=service,
                unit=unit,
                attributes=attributes,
                quantity=to_decimal(part),
                provenance=provenance,
            )
