"""A run's cost: what was counted in the window, times the dated prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tidegauge.analysis.rows import added_up
from tidegauge.analysis.traffic import Traffic
from tidegauge.collect.prices.packaged import read_prices
from tidegauge.cost.architecture.fixed import price_architecture
from tidegauge.cost.metering.aws_metered import AwsMetered, parse_metered
from tidegauge.cost.metering.aws_usage import usage_from_aws
from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.metering.local_usage import usage_from_local, worker_size
from tidegauge.cost.per_request import Counts, FlowCounts, cost_section
from tidegauge.cost.prices import PriceBook
from tidegauge.cost.usage import Usage, usage_document
from tidegauge.cost_record import CostSection
from tidegauge.errors import TidegaugeError
from tidegauge.results.templates import read_templates
from tidegauge.run_record import RunRecord
from tidegauge.stack import Stack
from tidegauge.store import RunFolder
from tidegauge.summary import FlowFigures

HOURS = Decimal(730)  # in a month, where no price book says how many
STAYED = ("connect", "tls", "not_allowed")  # causes of requests of which nothing reached the stack
SUMS = ("requests", "unanswered", "sent_bytes", "received_bytes")


def cost_of_run(
    folder: RunFolder, run: RunRecord, traffic: Traffic, flows: Sequence[FlowFigures]
) -> tuple[CostSection, dict[str, object]]:
    """What the window cost, and the usage document behind it; `flows` are the summary's.

    In a region without a price book every cost is null, with that reason: what was measured stands.
    """
    stack, window_s = run.stack, run.window.duration_s
    book, no_prices = _book(stack.region)
    usage, provisioned_tables = _usage(folder, stack, traffic, region=book.region, window_s=window_s)
    fixed = None
    if run.architecture is not None:
        fixed = price_architecture(read_templates(Path(run.architecture)), book)
    cost = cost_section(
        usage,
        book,
        flows=[_counts(row) for row in flows],
        window_s=window_s,
        architecture=fixed,
        loaded_reason=None
        if fixed
        else "the stack file names no architecture, so its fixed hours are not known",
        provisioned_tables=provisioned_tables,
    )
    if no_prices is not None:
        cost = replace(cost, marginal_reason=no_prices, loaded_reason=no_prices)
    return cost, usage_document(usage)


def _counts(row: FlowFigures) -> FlowCounts:
    return FlowCounts(
        flow=row.flow,
        requests=Counts(asked=row.count, sent=row.sent, answered=row.answered),
        sessions=Counts(asked=row.sessions, sent=row.sessions_sent, answered=row.sessions_answered),
    )


def _book(region: str) -> tuple[PriceBook, str | None]:
    """The region's prices; or none, and why."""
    try:
        return read_prices(region), None
    except TidegaugeError as error:
        return PriceBook(region=region, currency="USD", hours_per_month=HOURS, prices={}, free_pools={}), (
            f"{error.message}: `tidegauge cost prices refresh --region` makes a book, `cost price` takes it"
        )


def _usage(
    folder: RunFolder, stack: Stack, traffic: Traffic, *, region: str, window_s: float
) -> tuple[Usage, tuple[str, ...]]:
    """The run's usage, by the local stack's counters or AWS'; and tables with provisioned capacity."""
    client = client_requests(traffic, stack)
    if stack.local is None and (stack.aws or folder.aws_metrics_json.exists()):
        metered = read_metered(folder)
        whole_run = client_requests(traffic, stack, whole_run=True)
        usage = usage_from_aws(client, whole_run, metered, region=region, window_s=window_s)
        return usage, metered.provisioned_tables if metered else ()
    counted = _counters(folder)
    usage = usage_from_local(
        client,
        counted.get("before"),
        counted.get("after"),
        region=region,
        window_s=window_s,
        worker=worker_size(stack.local.worker_vcpu if stack.local else None),
    )
    return usage, stack.local.provisioned_tables if stack.local else ()


def _counters(folder: RunFolder) -> Mapping[str, Any]:
    """The stack's counters `before` and `after` the run; empty where nobody read them."""
    path = folder.stack_usage_json
    counted = folder.read_json(path) if path.exists() else {}
    if not isinstance(counted, dict):
        raise TidegaugeError(f"{path} is not a JSON object", "remove it, or run the plan again")
    return counted


def read_metered(folder: RunFolder) -> AwsMetered | None:
    """What `collect` fetched; None before the first time."""
    path = folder.aws_metrics_json
    return parse_metered(folder.read_json(path), str(path)) if path.exists() else None


def client_requests(traffic: Traffic, stack: Stack, *, whole_run: bool = False) -> list[ClientRequests]:
    """Requests that went out, by flow, endpoint, base, cache behaviour and cache result.

    Of the window, or of the whole run with warm-up and drain.
    """
    rows = traffic.requests if whole_run else traffic.requests.loc[traffic.requests["in_window"]]
    rows = rows.loc[~rows["cause"].isin(STAYED)]
    answered = rows["answered"].astype(bool)
    rows = rows.assign(requests=rows["count"].where(answered, 0), unanswered=rows["count"].mask(answered, 0))
    keys = ("flow", "endpoint", "base", "behaviour", "cache")
    return [
        ClientRequests(
            flow=row["flow"],
            endpoint=row["endpoint"],
            base=row["base"],
            requests=int(row["requests"]),
            unanswered=int(row["unanswered"]),
            sent_bytes=int(row["sent_bytes"]),
            received_bytes=int(row["received_bytes"]),
            cache=row["cache"] if isinstance(row["cache"], str) else "none",
            behaviour=None if row["behaviour"] < 0 else stack.behaviour[row["behaviour"]].path_pattern,
        )
        for row in added_up(rows, keys, SUMS).sort_values(list(keys)).to_dict("records")
    ]
