"""Usage of runs against AWS: hand-made clients' counts and metered sums, expected by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cost_builders import BOOK
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.cost.lines import price_usage
from tidegauge.cost.metering.aws_gaps import SHIELD, UNITS
from tidegauge.cost.metering.aws_metered import (
    AwsMetered,
    Part,
    Series,
    ServiceTasks,
    joined,
    parse_metered,
    whole_minutes,
)
from tidegauge.cost.metering.aws_usage import usage_from_aws
from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.usage import Usage, parse_usage, usage_document
from tidegauge.errors import TidegaugeError
from tidegauge.stored import document_of

LINK = "GET /v1/s/{short_code}"
COMPLETE = "POST /v1/upload/complete"
BEGAN = 1_767_322_812.0  # 2026-01-02 03:00:12 UTC
ENDED = BEGAN + 100


def asked(
    flow: str, endpoint: str, requests: int, base: str = "api", *, received_bytes: int = 0, cache: str = "hit"
) -> ClientRequests:
    return ClientRequests(
        flow=flow,
        endpoint=endpoint,
        base=base,
        requests=requests,
        received_bytes=received_bytes,
        cache=cache,
    )


def sums(part: Part, resource: str, metric: str, *values: str) -> Series:
    first, _end = whole_minutes(BEGAN, ENDED)
    minutes = {str(first + 60 * number): value for number, value in enumerate(values)}
    return Series(part=part, resource=resource, metric=metric, region="us-east-1", minutes=minutes)


def metered(*series: Series, **changes: Any) -> AwsMetered:
    first, end = whole_minutes(BEGAN, ENDED)
    whole: dict[str, Any] = {
        "collected_unix_s": end + 3600.0,
        "began_unix_s": BEGAN,
        "ended_unix_s": ENDED,
        "first_minute_unix_s": first,
        "end_minute_unix_s": end,
        "series": series,
        "parts": ("cloudfront", "table", "queue", "load_balancer", "api"),
    }
    return AwsMetered(**(whole | changes))


def on_aws(
    window: list[ClientRequests], found: AwsMetered | None, whole_run: list[ClientRequests] | None = None
) -> Usage:
    return usage_from_aws(
        window, window if whole_run is None else whole_run, found, region="us-east-1", window_s=60.0
    )


def quantities(usage: Usage, service: str, unit: str) -> dict[str | None, Decimal]:
    return {item.flow: item.quantity for item in usage.items if (item.service, item.unit) == (service, unit)}


def test_requests_of_others_on_the_distribution_are_shared_and_said() -> None:
    usage = on_aws(
        [asked("view", "GET /a.gif", 900, "cdn")], metered(sums("cloudfront", "E1", "Requests", "400", "520"))
    )
    assert quantities(usage, "cloudfront", "https_request") == {"view": 900, None: 20}
    assert any("920 requests, the run's clients 900: the other 20" in note for note in usage.notes)


def test_requests_of_warm_up_and_drain_are_neither_the_windows_nor_others() -> None:
    usage = on_aws(
        [asked("view", "GET /a.gif", 900, "cdn")],
        metered(sums("cloudfront", "E1", "Requests", "1000")),
        [asked("view", "GET /a.gif", 1000, "cdn")],
    )
    assert quantities(usage, "cloudfront", "https_request") == {"view": 900}
    assert any("as many as the clients" in note for note in usage.notes)


def test_headers_go_to_the_flows_by_requests_where_nobody_else_asked() -> None:
    # 40,000 bytes metered, 30,000 of them bodies: 10,000 of headers over 100 requests, 10 of them warm-up
    window = [
        asked("view", "GET /a.gif", 60, "cdn", received_bytes=20_000),
        asked("short_link", "GET /a.gif", 30, "cdn", received_bytes=9_000),
    ]
    warm_up = asked("view", "GET /a.gif", 10, "cdn", received_bytes=1_000)
    found = metered(
        sums("cloudfront", "E1", "Requests", "100"), sums("cloudfront", "E1", "BytesDownloaded", "40000")
    )
    usage = on_aws(window, found, [*window, warm_up])
    egress: dict[str | None, Decimal] = {}
    for item in usage.items:
        if item.unit == "egress_byte":
            egress[item.flow] = egress.get(item.flow, Decimal(0)) + item.quantity
    assert egress == {"view": 26_000, "short_link": 12_000}


def test_bytes_beyond_the_bodies_are_shared_where_others_asked_too() -> None:
    found = metered(
        sums("cloudfront", "E1", "Requests", "101"), sums("cloudfront", "E1", "BytesDownloaded", "50000")
    )
    usage = on_aws([asked("view", "GET /a.gif", 100, "cdn", received_bytes=30_000)], found)
    egress = [(item.flow, item.quantity) for item in usage.items if item.unit == "egress_byte"]
    assert egress == [("view", 30_000), (None, 20_000)]


def test_fewer_requests_than_the_clients_counted_are_said_and_take_nothing_away() -> None:
    usage = on_aws(
        [asked("view", "GET /a.gif", 100, "cdn")], metered(sums("cloudfront", "E1", "Requests", "70"))
    )
    assert quantities(usage, "cloudfront", "https_request") == {"view": 100}
    assert any("30 fewer than the run's clients" in note for note in usage.notes)


def test_units_of_a_table_go_to_the_only_flow_less_warm_up_and_others() -> None:
    # 50 requests at the gateway, 40 of the run, 20 of them in the window: 20 x 20/50 = 8; others 20 x 10/50
    found = metered(
        sums("api", "a1", "Count", "50"), sums("table", "Links", "ConsumedReadCapacityUnits", "20")
    )
    usage = on_aws([asked("link", LINK, 20)], found, [asked("link", LINK, 40)])
    assert quantities(usage, "dynamodb", "read_request_unit") == {"link": 8, None: 4}
    assert {item.provenance for item in usage.items if item.service == "dynamodb"} == {"metered"}


def test_units_without_a_known_cause_are_shared_among_several_flows() -> None:
    found = metered(sums("table", "Links", "ConsumedWriteCapacityUnits", "6"))
    usage = on_aws([asked("link", LINK, 10), asked("upload", COMPLETE, 20)], found)
    assert quantities(usage, "dynamodb", "write_request_unit") == {None: 6}


def test_named_causes_say_which_endpoints_a_table_serves() -> None:
    found = metered(
        sums("table", "Links", "ConsumedReadCapacityUnits", "6"),
        sums("queue", "jobs.fifo", "NumberOfMessagesSent", "20"),
        causes={"Links": (LINK,), "jobs.fifo": (COMPLETE,)},
    )
    window = [asked("link", LINK, 10), asked("upload", LINK, 20), asked("upload", COMPLETE, 20)]
    usage = on_aws(window, found)
    assert quantities(usage, "dynamodb", "read_request_unit") == {"link": 2, "upload": 4}
    assert quantities(usage, "sqs", "fifo_request") == {"upload": 20}


def test_a_message_is_a_call_at_most_and_an_empty_receive_is_one_that_nobody_caused() -> None:
    found = metered(
        sums("queue", "events", "NumberOfMessagesSent", "10"),
        sums("queue", "events", "NumberOfMessagesReceived", "10"),
        sums("queue", "events", "NumberOfMessagesDeleted", "9"),
        sums("queue", "events", "NumberOfEmptyReceives", "3", "3"),
    )
    usage = on_aws([asked("link", LINK, 10)], found)
    rows = {(item.flow, item.provenance): item.quantity for item in usage.items if item.service == "sqs"}
    assert rows == {("link", "estimated"): 29, (None, "metered"): 6}
    assert any("taken as one call" in note for note in usage.notes)


def test_lcus_go_to_flows_by_their_requests_to_the_api() -> None:
    found = metered(
        sums("load_balancer", "app/x/1", "ConsumedLCUs", "0.02", "0.04"),
        sums("load_balancer", "app/x/1", "RequestCount", "60", "60"),
    )
    usage = on_aws([asked("link", LINK, 30), asked("upload", COMPLETE, 60)], found)
    # 0.06 LCU-hours over 120 requests; 30 of these are others'
    expected = {"link": Decimal("0.015"), "upload": Decimal("0.03"), None: Decimal("0.015")}
    assert quantities(usage, "alb", "lcu_hour") == expected


def test_tasks_that_scaled_out_are_usage_and_those_that_ran_throughout_a_fixed_cost() -> None:
    size = ServiceTasks(service="worker", vcpu="2", memory_gb="4", arch="x86", shares={"on_demand": "1"})
    found = metered(sums("service", "worker", "RunningTaskCount", "1.0", "3.0", "2.0"), tasks=(size,))
    usage = on_aws([asked("upload", COMPLETE, 1)], found)
    # (0 + 2 + 1) tasks x 60 s = 180 task-seconds above the one that always ran, which makes 180 too
    assert quantities(usage, "fargate", "vcpu_second") == {"upload": 360}
    assert quantities(usage, "fargate", "gb_second") == {"upload": 720}
    assert any("180 task-seconds of worker (2 vCPU)" in gap.reason for gap in usage.unknown)


def test_a_mixed_strategy_is_split_by_its_weights_and_called_an_estimate() -> None:
    shares = {"on_demand": "1", "spot": "3"}
    size = ServiceTasks(service="worker", vcpu="1", memory_gb="2", arch="arm", shares=shares)
    found = metered(sums("service", "worker", "RunningTaskCount", "0.0", "4.0"), tasks=(size,))
    usage = on_aws([asked("upload", COMPLETE, 1)], found)
    rows = {
        dict(item.attributes)["capacity"]: (item.quantity, item.provenance)
        for item in usage.items
        if item.unit == "vcpu_second"
    }
    assert rows == {"on_demand": (60, "estimated"), "spot": (180, "estimated")}


def test_without_container_insights_the_tasks_are_unknown_with_the_reason() -> None:
    size = ServiceTasks(service="worker", vcpu="2", memory_gb="4", arch="x86", shares={"on_demand": "1"})
    usage = on_aws([], metered(sums("service", "worker", "RunningTaskCount"), tasks=(size,)))
    assert any("Container Insights is off" in gap.reason for gap in usage.unknown)


def test_edge_functions_are_billed_by_call_and_by_time_and_memory() -> None:
    # 200 calls of 5 ms at 128 MB: 200 x 0.005 s x 0.125 GB
    found = metered(
        sums("cloudfront", "E1", "Requests", "100"),
        sums("edge_function", "auth", "Invocations", "200"),
        sums("edge_function", "auth", "Duration", "1000"),
        function_mb={"auth": 128},
    )
    usage = on_aws([asked("view", "GET /a.gif", 100, "cdn")], found)
    assert quantities(usage, "lambda_edge", "request") == {"view": 200}
    assert quantities(usage, "lambda_edge", "gb_second") == {"view": Decimal("0.125")}


def test_an_edge_function_of_one_behaviour_is_caused_by_its_requests() -> None:
    """20 calls for 20 requests to the behaviour that it is on, of 100 to the CDN."""
    found = metered(
        sums("cloudfront", "E1", "Requests", "100"),
        sums("edge_function", "auth", "Invocations", "20"),
        sums("edge_function", "auth", "Duration", "1000"),
        function_mb={"auth": 1024},
        causes={"auth": ("GET /private/{asset_id}.gif",)},
    )
    window = [
        asked("view", "GET /a.gif", 80, "cdn"),
        asked("member", "GET /private/{asset_id}.gif", 15, "cdn"),
        asked("view", "GET /private/{asset_id}.gif", 5, "cdn"),
    ]
    usage = on_aws(window, found)
    assert quantities(usage, "lambda_edge", "request") == {"member": 15, "view": 5}
    assert quantities(usage, "lambda_edge", "gb_second") == {
        "member": Decimal("0.75"),
        "view": Decimal("0.25"),
    }


def test_presigned_uploads_are_puts_of_the_flow_and_the_buckets_other_requests_shared() -> None:
    found = metered(
        sums("bucket", "media", "AllRequests", "40"),
        sums("bucket", "media", "PutRequests", "30"),
        sums("bucket", "media", "GetRequests", "10"),
    )
    window = [
        asked("upload", "PUT /{bucket}/assets/{asset_id}", 10, "other"),
        asked("view", "GET /a.gif", 4, "cdn", cache="miss"),
    ]
    usage = on_aws(window, found)
    assert quantities(usage, "s3", "put_request") == {"upload": 10, None: 20}
    assert quantities(usage, "s3", "get_request") == {"view": 4, None: 6}


def test_a_bucket_without_request_metrics_is_unknown_with_the_reason() -> None:
    usage = on_aws([], metered(sums("bucket", "media", "AllRequests")))
    assert any("request metrics (filter EntireBucket) are off" in gap.reason for gap in usage.unknown)


def test_a_stack_without_an_api_gateway_is_billed_none() -> None:
    usage = on_aws([asked("link", LINK, 10)], metered())
    assert quantities(usage, "apigateway", "http_request") == {}  # `parts` holds api, and there is none
    usage = on_aws([asked("link", LINK, 10)], metered(parts=("table",)))
    assert quantities(usage, "apigateway", "http_request") == {"link": 10}


def test_before_collecting_what_lies_behind_the_api_is_unknown() -> None:
    usage = on_aws([asked("link", LINK, 10), asked("view", "GET /a.gif", 1, "cdn")], None)
    blocking = {(gap.flow, gap.service) for gap in usage.unknown if gap.blocking}
    assert blocking == {("link", "dynamodb"), ("link", "sqs")}
    assert all("tidegauge collect" in gap.reason for gap in usage.unknown if gap.blocking)


def test_figures_that_may_still_come_make_the_cost_unknown() -> None:
    found = metered(sums("cloudfront", "E1", "Requests", "5"))
    early = replace(found, collected_unix_s=found.end_minute_unix_s + 60.0)
    gap = next(gap for gap in on_aws([], early).unknown if gap.blocking)
    assert "until 03:02 UTC are final from 03:17 UTC on" in gap.reason
    assert not any(gap.blocking for gap in on_aws([], found).unknown)


def test_an_answer_that_was_refused_makes_the_cost_unknown() -> None:
    found = metered(sums("cloudfront", "E1", "Requests", "5"), refused=("Requests of E1: InternalError",))
    assert any(gap.blocking and "InternalError" in gap.reason for gap in on_aws([], found).unknown)


def test_tables_that_the_descriptor_does_not_speak_of_make_the_api_unknown() -> None:
    found = metered(parts=("queue",))
    blocking = [gap for gap in on_aws([asked("link", LINK, 1)], found).unknown if gap.blocking]
    assert [(gap.flow, gap.service) for gap in blocking] == [("link", "dynamodb")]
    assert "names no tables" in blocking[0].reason


def test_minutes_cover_the_run_and_what_they_hold_besides_is_said() -> None:
    assert whole_minutes(120.0, 180.0) == (120, 180)
    assert whole_minutes(121.5, 180.1) == (120, 240)
    notes = on_aws([], metered()).notes
    assert any("from 03:00 to 03:02 UTC: 12 s before the run and 8 s after it" in note for note in notes)


def test_fetching_again_keeps_minutes_that_cloudwatch_forgot_and_takes_later_figures() -> None:
    earlier = metered(sums("cloudfront", "E1", "Requests", "5", "6"), sums("table", "Gone", "Count", "1"))
    fresh = sums("cloudfront", "E1", "Requests", "9")
    both = joined(earlier, metered(fresh))
    assert [(series.resource, series.total) for series in both.series] == [("E1", 15)]
    assert joined(both, metered(fresh)) == both


def test_everything_that_aws_meters_has_a_price_and_survives_its_document() -> None:
    size = ServiceTasks(service="worker", vcpu="2", memory_gb="4", arch="arm", shares={"spot": "1"})
    found = metered(
        sums("cloudfront", "E1", "Requests", "7"),
        sums("cloudfront", "E1", "BytesDownloaded", "7000"),
        sums("table", "Links", "ConsumedReadCapacityUnits", "0.5"),
        sums("table", "Links", "ConsumedWriteCapacityUnits", "1"),
        sums("queue", "jobs.fifo", "NumberOfMessagesSent", "1"),
        sums("queue", "events", "NumberOfEmptyReceives", "1"),
        sums("load_balancer", "app/x/1", "ConsumedLCUs", "0.001"),
        sums("api", "a1", "Count", "7"),
        sums("bucket", "media", "PutRequests", "7"),
        sums("log_group", "/api", "IncomingBytes", "700"),
        sums("service", "worker", "RunningTaskCount", "1", "2"),
        sums("edge_function", "auth", "Invocations", "1"),
        sums("edge_function", "auth", "Duration", "1.5"),
        tasks=(size,),
        function_mb={"auth": 128},
    )
    window = [
        asked("a", LINK, 1),
        asked("b", LINK, 1),
        asked("c", LINK, 1),
        asked("view", "GET /x", 3, "cdn"),
    ]
    usage = on_aws(window, found)
    assert price_usage(usage, BOOK, marginal=True).missing == ()
    assert parse_usage(usage_document(usage)) == usage


def test_every_gap_names_a_unit_that_has_a_price() -> None:
    known = {(service, unit) for service, unit, _attributes in BOOK.prices}
    assert {SHIELD[:2], *UNITS.values()} <= known


@given(
    window=st.lists(st.integers(0, 1000), min_size=1, max_size=5),
    warm_up=st.integers(0, 1000),
    counted=st.integers(0, 10_000),
    units=st.decimals(0, 10**6, places=3),
)
def test_metered_units_are_never_more_than_were_metered(
    window: list[int], warm_up: int, counted: int, units: Decimal
) -> None:
    rows = [asked(f"flow{number}", LINK, count) for number, count in enumerate(window)]
    found = metered(
        sums("api", "a1", "Count", str(counted)),
        sums("table", "Links", "ConsumedReadCapacityUnits", str(units)),
        causes={"Links": (LINK,)},
    )
    whole_run = [*rows, asked("flow0", LINK, warm_up)]
    spread = quantities(on_aws(rows, found, whole_run), "dynamodb", "read_request_unit")
    assert sum(spread.values()) <= units
    if not warm_up:  # then nothing stays out
        assert sum(spread.values()) == units


EMPTY = {
    "schema_version": 1,
    "collected_unix_s": 1.0,
    "began_unix_s": 0.0,
    "ended_unix_s": 1.0,
    "first_minute_unix_s": 0,
    "end_minute_unix_s": 60,
}


@pytest.mark.parametrize(
    "damaged",
    [
        {"series": [{"part": "moon"}]},
        {"began_unix_s": "soon"},
        {"schema_version": 2},
        {"tasks": [{"service": "w", "vcpu": "two", "memory_gb": "4", "arch": "x86", "shares": {}}]},
    ],
)
def test_damaged_metrics_are_one_clear_error_that_says_what_to_do(damaged: dict[str, Any]) -> None:
    assert parse_metered(EMPTY, "aws_metrics.json").series == ()
    with pytest.raises(TidegaugeError, match=r"aws_metrics\.json") as caught:
        parse_metered(EMPTY | damaged, "aws_metrics.json")
    assert "tidegauge" in caught.value.hint


def test_a_field_of_a_later_version_is_kept_with_the_metrics() -> None:
    later = EMPTY | {"colour": 1}
    assert document_of(parse_metered(later, "aws_metrics.json"))["colour"] == 1


def test_a_stored_value_that_is_no_quantity_is_refused() -> None:
    found = EMPTY | {
        "series": [
            {"part": "table", "resource": "T", "metric": "M", "region": "us-east-1", "minutes": {"0": "-1"}}
        ],
    }
    with pytest.raises(TidegaugeError, match="is negative"):
        parse_metered(found, "aws_metrics.json")
