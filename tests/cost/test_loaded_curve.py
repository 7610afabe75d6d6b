from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from cost_builders import BOOK, answered, fixed, item, usage

from tidegauge.cost.loaded_curve import loaded_curve
from tidegauge.cost.per_request import cost_section
from tidegauge.stored import document_of


def curve(hourly: str, marginal: str, rate: str) -> dict[str, Any]:
    found: dict[str, Any] = document_of(
        loaded_curve(
            fixed_hourly=Fraction(hourly), marginal_per_1k=Fraction(marginal), rate_per_s=Fraction(rate)
        )
    )
    return found


def at(found: dict[str, Any], rate: float) -> dict[str, Any]:
    return next(point for point in found["points"] if point["rate_per_s"] == rate)


def test_fixed_cost_halves_when_the_rate_doubles_and_marginal_cost_stays() -> None:
    # 1.80 USD an hour are 0.0005 a second; at 10 requests a second 1,000 take 100 s: 0.05 USD
    found = curve("1.8", "0.01", "10")
    assert at(found, 10.0) == {
        "rate_per_s": 10.0,
        "marginal_per_1k": "0.01",
        "fixed_per_1k": "0.05",
        "counted_once_per_1k": "0",
        "loaded_per_1k_requests": "0.06",
    }
    assert (at(found, 20.0)["fixed_per_1k"], at(found, 20.0)["loaded_per_1k_requests"]) == ("0.025", "0.035")
    assert at(found, 5.0)["loaded_per_1k_requests"] == "0.11"


def test_fixed_cost_is_half_of_loaded_at_the_half_rate() -> None:
    # 0.0005 USD a second = 0.01 USD for 1,000 requests x r / 1000, so r = 50
    found = curve("1.8", "0.01", "50")
    assert found["half_rate_per_s"] == 50.0
    point = at(found, 50.0)
    assert Decimal(point["fixed_per_1k"]) * 2 == Decimal(point["loaded_per_1k_requests"])


@pytest.mark.parametrize("rate", ["0.02", "50", "9000"])
def test_the_curve_reaches_past_the_measured_rate_and_the_half_rate_in_doublings(rate: str) -> None:
    found = curve("1.8", "0.01", rate)
    rates = [point["rate_per_s"] for point in found["points"]]
    assert float(rate) in rates
    assert rates[0] < min(float(rate), 50.0) / 4
    assert rates[-1] > max(float(rate), 50.0) * 4
    assert all(after == pytest.approx(2 * before) for before, after in pairwise(rates))


def test_without_fixed_cost_every_rate_is_above_the_half_rate() -> None:
    found = curve("0", "0.01", "10")
    assert found["half_rate_per_s"] == 0.0
    assert {point["loaded_per_1k_requests"] for point in found["points"]} == {"0.01"}


def test_no_rate_is_high_enough_where_requests_cost_nothing() -> None:
    assert curve("1.8", "0", "10")["half_rate_per_s"] is None


def test_a_rate_of_a_millionth_gives_a_bounded_curve() -> None:
    assert len(curve("1000", "0.000000001", "0.000001")["points"]) < 60


def test_the_cost_section_draws_the_curve_at_the_windows_own_rate() -> None:
    # 600 requests in 60 s at 0.0006 USD: 10 a second, 0.001 USD a thousand; NAT 0.045 USD an hour:
    # 0.0000125 a second, 0.00125 for 1,000 requests at 10 a second; half at 12.5 a second
    cost = cost_section(
        usage(item("cloudfront", "https_request", 600, {"geo": "us"})),
        BOOK,
        flows=answered({"view": 600}, {"view": 60}),
        window_s=60.0,
        architecture=fixed("Resources: {Nat: {Type: AWS::EC2::NatGateway}}"),
        loaded_reason=None,
    )
    found = document_of(cost.loaded_curve)
    assert (found["fixed_hourly"], found["marginal_per_1k_requests"]) == ("0.045", "0.001")
    assert (found["measured_rate_per_s"], found["half_rate_per_s"]) == (10.0, 12.5)
    assert at(found, 10.0)["loaded_per_1k_requests"] == "0.00225" == cost.loaded_per_1k_requests


def test_without_an_architecture_there_is_no_curve() -> None:
    cost = cost_section(
        usage(item("cloudfront", "https_request", 600, {"geo": "us"})),
        BOOK,
        flows=answered({"view": 600}, {"view": 60}),
        window_s=60.0,
        architecture=None,
        loaded_reason=None,
    )
    assert cost.loaded_curve is None
    assert cost.loaded_reason
