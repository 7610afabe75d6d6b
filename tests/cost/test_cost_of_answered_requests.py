"""Costs are of answered requests: what was asked and not answered makes nothing cheaper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from cost_builders import BOOK, counts, fixed, item, usage

from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.metering.local_usage import usage_from_local
from tidegauge.cost.per_request import Counts, FlowCounts, cost_section
from tidegauge.stored import document_of

API_REQUESTS = item("apigateway", "http_request", 532)  # at 1 USD a million: 0.000532 USD
ONE_NAT = "Resources: {Nat: {Type: AWS::EC2::NatGateway}}"  # 0.045 USD an hour


def cost_of(requests: Counts, sessions: Counts | None = None, *items: Any, **more: Any) -> dict[str, Any]:
    flows = [FlowCounts(flow="view", requests=requests, sessions=sessions or requests)]
    found: dict[str, Any] = document_of(
        cost_section(
            usage(*(items or (API_REQUESTS,)), **more),
            BOOK,
            flows=flows,
            window_s=60.0,
            architecture=fixed(ONE_NAT),
            loaded_reason=None,
        )
    )
    return found


def test_requests_that_were_never_sent_make_the_others_no_cheaper() -> None:
    # The API bills 532 requests at 0.000001 USD: 0.001 USD for each 1,000 that it answered.
    cost = cost_of(counts(532, asked=953))
    assert cost["marginal_per_1k_requests"] == "0.001"
    assert cost["by_flow"][0]["per_1k_requests"] == "0.001"
    assert cost["by_service"] == [{"service": "apigateway", "per_1k_requests": "0.001"}]


def test_all_three_counts_stand_beside_the_cost() -> None:
    cost = cost_of(counts(500, 532, 953), counts(100, 133, 200))
    assert (cost["requests"], cost["requests_sent"], cost["requests_answered"]) == (953, 532, 500)
    row = cost["by_flow"][0]
    assert (row["requests"], row["requests_sent"], row["requests_answered"]) == (953, 532, 500)
    assert (row["sessions"], row["sessions_sent"], row["sessions_answered"]) == (200, 133, 100)


@pytest.mark.parametrize(
    ("answered", "per_1k"),
    [(532, "0.001"), (266, "0.002"), (53, "0.0100377358490566"), (1, "0.532")],
)
def test_the_fewer_are_answered_the_dearer_each_is(answered: int, per_1k: str) -> None:
    # 0.000532 USD x 1000 / answered
    found = Decimal(cost_of(counts(answered, 532, 953))["marginal_per_1k_requests"])
    assert found == pytest.approx(Decimal(per_1k), rel=Decimal("1e-12"))


def test_a_session_counts_when_it_was_answered() -> None:
    cost = cost_of(counts(532, asked=953), counts(133, 140, 300))
    assert cost["by_flow"][0]["per_1k_sessions"] == "0.004"  # 0.000532 x 1000 / 133


def test_the_loaded_curve_runs_over_the_rate_that_was_answered() -> None:
    # 600 answers in 60 s: 10 a second carry 0.045 / 3600 USD a second, 0.00125 USD for 1,000 of them.
    cost = cost_of(counts(600, 700, 6000), None, item("apigateway", "http_request", 600))
    assert cost["loaded_curve"]["measured_rate_per_s"] == 10.0
    assert cost["loaded_per_1k_requests"] == "0.00225"


def test_without_an_answer_the_cost_is_null_and_says_how_many_were_asked() -> None:
    cost = cost_of(counts(0, 532, 953))
    why = "no request of the measured window was answered (953 asked, 532 sent)"
    assert (cost["marginal_per_1k_requests"], cost["marginal_reason"]) == (None, why)
    assert (cost["loaded_per_1k_requests"], cost["loaded_curve"]) == (None, None)
    assert (cost["by_flow"][0]["per_1k_requests"], cost["by_flow"][0]["reason"]) == (None, why)


def test_a_flow_whose_sessions_all_broke_off_has_a_cost_by_request_alone() -> None:
    row = cost_of(counts(532), counts(0, 140, 140))["by_flow"][0]
    assert (row["per_1k_requests"], row["per_1k_sessions"]) == ("0.001", None)
    assert row["reason"] == "no session of the measured window was answered (140 asked, 140 sent)"


def test_a_flow_that_no_answer_reached_leaves_the_others_their_cost() -> None:
    flows = [
        FlowCounts(flow="view", requests=counts(532), sessions=counts(532)),
        FlowCounts(flow="upload", requests=counts(0, 40, 40), sessions=counts(0, 40, 40)),
    ]
    cost = cost_section(
        usage(API_REQUESTS), BOOK, flows=flows, window_s=60.0, architecture=None, loaded_reason=None
    )
    assert cost.marginal_per_1k_requests == "0.001"
    assert cost.by_flow[1].reason == "no request of the measured window was answered (40 asked, 40 sent)"


def test_what_the_stack_did_for_unanswered_requests_is_a_cost_of_the_answered_ones() -> None:
    # The stack served 100: 60 were answered, 40 ran into their time limit; all 100 writes are the window's.
    client = [
        ClientRequests(
            flow="view", endpoint="POST /a", base="api", requests=60, received_bytes=0, unanswered=40
        )
    ]
    row = {"route": "POST /a", "service": "dynamodb", "unit": "write_request_unit", "attributes": {}}
    after = {"routes": {"POST /a": {"requests": 100}}, "counters": [row | {"quantity": 100}]}
    found = usage_from_local(client, {}, after, region="us-east-1", window_s=60.0)
    writes = [each for each in found.items if each.unit == "write_request_unit"]
    assert [(each.flow, each.quantity) for each in writes] == [("view", Decimal(100))]
