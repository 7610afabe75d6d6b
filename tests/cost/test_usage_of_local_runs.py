from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cost_builders import BOOK

from tidegauge.cost.lines import price_usage
from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.metering.local_gaps import HEADERS, MESSAGES, OTHERS
from tidegauge.cost.metering.local_usage import usage_from_local, worker_size
from tidegauge.cost.usage import Usage, parse_usage, usage_document
from tidegauge.errors import TidegaugeError

LINK = "GET /v1/s/{short_code}"
TRACK = "POST /v1/analytics/track"
COMPLETE = "POST /v1/upload/complete"
STANDARD = {"storage_class": "standard"}
EMPTY: dict[str, Any] = {"routes": {}, "counters": []}


def asked(
    flow: str,
    endpoint: str,
    requests: int,
    base: str = "api",
    *,
    received_bytes: int = 0,
    cache: str = "hit",
    behaviour: str | None = None,
) -> ClientRequests:
    return ClientRequests(
        flow=flow,
        endpoint=endpoint,
        base=base,
        requests=requests,
        received_bytes=received_bytes,
        cache=cache,
        behaviour=behaviour,
    )


def counter(route: str, service: str, unit: str, quantity: str, **attributes: str) -> dict[str, Any]:
    return {"route": route, "service": service, "unit": unit, "attributes": attributes, "quantity": quantity}


def reading(*counters: dict[str, Any], busy_s: float = 0, **routes: int) -> dict[str, Any]:
    names = {"link": LINK, "track": TRACK, "complete": COMPLETE}
    return {
        "routes": {names[name]: {"requests": count} for name, count in routes.items()},
        "counters": list(counters),
        "worker": {"jobs": 1, "busy_s": busy_s, "cpu_s": 0.0},
    }


def local(
    *client: ClientRequests, before: dict[str, Any] | None = EMPTY, after: dict[str, Any] | None = EMPTY
) -> Usage:
    return usage_from_local(client, before, after, region="us-east-1", window_s=60.0)


def quantities(usage: Usage, service: str, unit: str) -> dict[str | None, Decimal]:
    return {item.flow: item.quantity for item in usage.items if (item.service, item.unit) == (service, unit)}


def test_edge_requests_are_https_requests_and_bytes() -> None:
    usage = local(
        asked("view", "GET /cache/{asset_id}/webp.webp", 10, "cdn", received_bytes=5000),
        asked("view", "GET /cache/{asset_id}/poster.jpg", 5, "cdn", received_bytes=700),
    )
    assert quantities(usage, "cloudfront", "https_request") == {"view": 15}
    assert quantities(usage, "cloudfront", "egress_byte") == {"view": 5700}


def test_misses_and_revalidations_are_s3_requests_of_the_flow_that_met_them() -> None:
    usage = local(
        asked("view", "GET /assets/{asset_id}.gif", 5, "cdn"),
        asked("view", "GET /assets/{asset_id}.gif", 3, "cdn", cache="miss"),
        asked("view", "GET /assets/{asset_id}.gif", 2, "cdn", cache="refresh_hit"),
        asked("view", "GET /assets/{asset_id}.gif", 7, "cdn", cache="error"),
        asked("short_link", "GET /assets/{asset_id}.gif", 1, "cdn", cache="miss"),
    )
    assert quantities(usage, "s3", "get_request") == {"view": 5, "short_link": 1}


def test_edge_requests_are_told_apart_by_behaviour_and_cache_result() -> None:
    usage = local(
        asked("view", "GET /cache/{asset_id}/webp.webp", 6, "cdn", behaviour="/cache/*", received_bytes=60),
        asked("view", "GET /cache/{asset_id}/poster.jpg", 4, "cdn", behaviour="/cache/*", received_bytes=4),
        asked(
            "view",
            "GET /cache/{asset_id}/poster.jpg",
            3,
            "cdn",
            cache="miss",
            behaviour="/cache/*",
            received_bytes=3,
        ),
        asked("view", "GET /transcode/{asset_id}/x.mp4", 2, "cdn", cache="none"),
    )
    rows = {
        (
            item.unit,
            *(value for key, value in item.attributes if key in ("behaviour", "cache")),
        ): item.quantity
        for item in usage.items
    }
    assert rows == {
        ("https_request", "/cache/*", "hit"): 10,
        ("https_request", "/cache/*", "miss"): 3,
        ("https_request", "none"): 2,
        ("egress_byte", "/cache/*"): 67,
        ("egress_byte",): 0,
        ("get_request", "/cache/*"): 3,
    }


def test_the_api_through_the_edge_is_billed_by_both_and_never_fetched_from_s3() -> None:
    usage = local(asked("view", f"GET /api{LINK[4:]}", 4, "cdn", cache="miss"))
    assert quantities(usage, "cloudfront", "https_request") == {"view": 4}
    assert quantities(usage, "apigateway", "http_request") == {"view": 4}
    assert quantities(usage, "s3", "get_request") == {}


def test_answers_of_the_api_itself_and_of_buckets_leave_aws_at_the_price_of_transfer() -> None:
    usage = local(
        asked("link", LINK, 4, "api", received_bytes=3 * 2**30),
        asked("link", "GET presigned object", 1, "other", received_bytes=2**30),
        asked("view", "GET /assets/{asset_id}.gif", 9, "cdn", received_bytes=5 * 2**30),
    )
    assert quantities(usage, "data_transfer", "internet_byte") == {"link": 4 * 2**30}
    lines = price_usage(usage, BOOK, marginal=True).lines
    [out] = [line for line in lines if line.item.service == "data_transfer"]
    assert out.amount == Decimal("0.36")  # 4 GB at 0.09 USD, the first tier
    [edge] = [line for line in lines if line.item.unit == "egress_byte"]
    assert edge.amount == Decimal("0.425")  # 5 GB at 0.085 USD


def test_bodies_of_requests_through_the_edge_to_the_api_are_transfer_to_the_origin() -> None:
    row = asked("view", f"POST /api{TRACK[5:]}", 10, "cdn", cache="miss")
    usage = local(replace(row, sent_bytes=2**30))
    assert quantities(usage, "cloudfront", "origin_transfer_byte") == {"view": 2**30}


def test_websockets_are_no_gateway_requests() -> None:
    assert local(asked("upload", "GET /ws", 4)).items == ()


def test_uploads_straight_to_s3_are_left_to_the_stacks_own_count() -> None:
    assert local(asked("upload", "PUT /{bucket}/assets/{asset_id}", 4, "other")).items == ()


def test_units_of_a_route_go_to_flows_by_their_share_of_its_requests() -> None:
    after = reading(counter(LINK, "dynamodb", "read_request_unit", "6", table="ShareLinks"), link=12)
    usage = local(asked("short_link", LINK, 8), asked("upload", LINK, 4), after=after)
    assert quantities(usage, "dynamodb", "read_request_unit") == {"short_link": 4, "upload": 2}
    assert {item.provenance for item in usage.items if item.service == "dynamodb"} == {"metered"}


def test_only_what_came_between_the_readings_counts() -> None:
    before = reading(counter(LINK, "sqs", "standard_request", "100"), link=1000)
    after = reading(counter(LINK, "sqs", "standard_request", "107"), link=1014)
    usage = local(asked("short_link", LINK, 14), before=before, after=after)
    assert quantities(usage, "sqs", "standard_request") == {"short_link": 7}


def test_what_a_route_served_outside_the_window_stays_out() -> None:
    # 20 served, 15 of them in the window: 15/20 of 8 units
    after = reading(counter(LINK, "sqs", "standard_request", "8"), link=20)
    assert quantities(local(asked("short_link", LINK, 15), after=after), "sqs", "standard_request") == {
        "short_link": 6
    }


def test_endless_shares_still_add_up_to_the_whole() -> None:
    after = reading(counter(LINK, "sqs", "standard_request", "1"), link=3)
    usage = local(*[asked(flow, LINK, 1) for flow in "abc"], after=after)
    parts = quantities(usage, "sqs", "standard_request")
    assert sum(parts.values()) == 1
    assert parts["a"] == Decimal("0.333333333333333333")


def test_the_workers_units_and_time_go_to_who_completed_uploads() -> None:
    after = reading(counter("worker", "s3", "put_request", "40", **STANDARD), busy_s=12.5, complete=10)
    usage = local(asked("upload", COMPLETE, 10), after=after)
    assert quantities(usage, "s3", "put_request") == {"upload": 40}
    assert quantities(usage, "fargate", "vcpu_second") == {"upload": 25}  # 12.5 s x 2 vCPU
    assert quantities(usage, "fargate", "gb_second") == {"upload": 50}  # 12.5 s x 4 GB
    assert {item.provenance for item in usage.items if item.service == "fargate"} == {"estimated"}


def test_a_worker_with_a_quota_is_a_task_of_that_size() -> None:
    after = reading(busy_s=12.5, complete=10)
    usage = usage_from_local(
        [asked("upload", COMPLETE, 10)],
        EMPTY,
        after,
        region="us-east-1",
        window_s=60.0,
        worker=worker_size(0.5),
    )
    assert quantities(usage, "fargate", "vcpu_second") == {"upload": Decimal("6.25")}  # 12.5 s x 0.5 vCPU
    assert quantities(usage, "fargate", "gb_second") == {"upload": Decimal("12.5")}  # 1 GB
    assert any("0.5 vCPU and 1 GB" in note for note in usage.notes)


def test_the_consumers_units_go_to_who_sent_events_and_clicks_to_who_clicked() -> None:
    after = reading(
        counter("analytics-consumer", "dynamodb", "write_request_unit", "30", table="Analytics"),
        counter("clicks-consumer", "dynamodb", "write_request_unit", "5", table="ShareLinks"),
        track=30,
        link=50,
    )
    usage = local(asked("view", TRACK, 30), asked("short_link", LINK, 50), after=after)
    assert quantities(usage, "dynamodb", "write_request_unit") == {"view": 30, "short_link": 5}


def test_polls_of_an_idle_worker_are_shared() -> None:
    after = reading(counter("idle-poll", "sqs", "fifo_request", "3"), link=1)
    assert quantities(local(asked("view", LINK, 1), after=after), "sqs", "fifo_request") == {None: 3}


def test_without_the_stacks_counters_the_flows_behind_the_api_are_unknown() -> None:
    usage = local(
        asked("upload", COMPLETE, 1), asked("view", "GET /cache/x", 1, "cdn"), before=None, after=None
    )
    blocking = {gap.flow for gap in usage.unknown if gap.blocking}
    assert blocking == {"upload"}


def test_a_counter_that_went_back_is_an_error() -> None:
    before = reading(counter(LINK, "sqs", "standard_request", "9"))
    after = reading(counter(LINK, "sqs", "standard_request", "2"))
    with pytest.raises(TidegaugeError, match="went back from 9 to 2"):
        local(asked("view", LINK, 1), before=before, after=after)


def test_a_counter_that_vanished_is_an_error() -> None:
    before = reading(counter(LINK, "sqs", "standard_request", "9"))
    with pytest.raises(TidegaugeError, match="went back from 9 to 0"):
        local(asked("view", LINK, 1), before=before, after=EMPTY)


@pytest.mark.parametrize(
    "damaged",
    [
        {"counters": [{}]},
        {"counters": 3},
        {"routes": []},
        {"counters": [counter(LINK, "sqs", "standard_request", "NaN")]},
        {"worker": {"busy_s": "soon"}},
    ],
)
def test_damaged_counters_are_one_clear_error(damaged: dict[str, Any]) -> None:
    with pytest.raises(TidegaugeError) as caught:
        local(asked("view", LINK, 1), after=damaged)
    assert caught.value.hint


def test_everything_a_local_run_counts_has_a_price() -> None:
    after = reading(
        counter(LINK, "dynamodb", "read_request_unit", "6.5", table="ShareLinks"),
        counter(COMPLETE, "s3", "put_request", "2", **STANDARD),
        counter("worker", "s3", "get_request", "1", **STANDARD),
        counter("worker", "sqs", "fifo_request", "3"),
        counter("analytics-consumer", "sqs", "standard_request", "3"),
        busy_s=1.5,
        complete=1,
        link=2,
    )
    usage = local(
        asked("upload", COMPLETE, 1),
        asked("view", LINK, 2),
        asked("view", "GET /cache/x", 2, "cdn", cache="miss", received_bytes=7, behaviour="/cache/*"),
        after=after,
    )
    assert price_usage(usage, BOOK, marginal=True).missing == ()


def test_a_local_runs_usage_survives_its_document() -> None:
    after = reading(counter(LINK, "sqs", "standard_request", "1"), link=3)
    usage = local(*[asked(flow, LINK, 1) for flow in "abc"], after=after)
    assert parse_usage(usage_document(usage)) == usage


def test_every_gap_names_a_unit_that_has_a_price() -> None:
    known = {(service, unit) for service, unit, _attributes in BOOK.prices}
    assert {row[:2] for row in (HEADERS, MESSAGES, *OTHERS)} <= known


def test_what_is_assumed_is_said() -> None:
    assert any("HTTPS" in note for note in local().notes)
    assert any("Fargate" in note for note in local().notes)
