from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from analysis_frames import arrivals, traffic

from tidegauge.analysis.observed import observe
from tidegauge.analysis.series import percentile_curve, time_series


def series_of(
    sample_rows: list[dict[str, object]],
    arrival_rows: list[dict[str, object]],
    end_s: float = 3.0,
    **changed: object,
) -> Any:
    options: Any = {"flows": ["view"], **changed}
    sent = traffic(sample_rows, end_s=end_s)
    rows = time_series(sent, observe(sent, [arrivals(arrival_rows)]).due, **options)
    json.dumps(rows, allow_nan=False)
    return rows


def test_uniform_arrivals_fill_every_second_with_the_rate() -> None:
    due: list[dict[str, object]] = [{"intended_s": k / 4} for k in range(1, 13)]
    total, view = series_of([], due)
    assert total["asked"] == view["asked"] == [4, 4, 4]
    assert (total["flow"], view["flow"], total["t_s"]) == (None, "view", [0.0, 1.0, 2.0])


def test_requests_are_counted_when_sent_and_when_done_until_the_last_one() -> None:
    rows: list[dict[str, object]] = [
        {"intended_s": 0.5, "sent_s": 0.6, "done_s": 1.5},
        {"intended_s": 0.5, "sent_s": 1.1, "done_s": 4.2},
        {"intended_s": 2.5, "done_s": 2.6, "cause": "status", "flow": "upload"},
    ]
    total, view = series_of(rows, [{"intended_s": 0.2, "sent": False, "cause": "in_flight_cap"}])
    assert total["sent"] == [1, 1, 1, 0, 0]
    assert total["completed"] == [0, 1, 0, 0, 1]
    assert total["failures"] == [1, 0, 1, 0, 0]
    assert view["failures"] == [1, 0, 0, 0, 0]


def test_a_bin_s_quantile_is_given_only_where_its_count_supports_it() -> None:
    rows: list[dict[str, object]] = [{"intended_s": 0.5, "done_s": 0.5 + ms / 1000} for ms in range(1, 301)]
    rows += [{"intended_s": 1.5, "done_s": 1.5 + ms / 1000} for ms in range(1, 6)]
    rows += [{"intended_s": 1.5, "done_s": 1.9, "cause": "status"}] * 9
    quantiles = series_of(rows, [], quantile_bin_s=1.0)[0]["quantiles"]
    assert quantiles["n"] == [300, 5, 0]
    assert quantiles["p50_ms"] == [pytest.approx(150), pytest.approx(3), None]
    assert quantiles["p99_ms"] == [pytest.approx(297), None, None]
    assert quantiles["max_ms"] == [pytest.approx(300), pytest.approx(5), None]


@pytest.mark.parametrize(("count", "width_s"), [(29_900, 1.0), (5_980, 5.0), (100, 10.0)])
def test_quantile_bins_are_as_wide_as_a_p99_needs_but_leave_ten_of_them(count: int, width_s: float) -> None:
    rows: list[dict[str, object]] = [{"intended_s": 100.0 * k / count} for k in range(1, count + 1)]
    quantiles = series_of(rows, [], end_s=100.0)[0]["quantiles"]
    assert quantiles["bin_s"] == width_s


def test_a_run_without_requests_has_empty_bins() -> None:
    total, _ = series_of([], [])
    assert total["sent"] == [0, 0, 0]
    assert total["quantiles"]["p50_ms"] == [None, None, None]


def curve_of(n: int, **changed: object) -> Any:
    rows: list[dict[str, object]] = [{"intended_s": 1.0, "done_s": 1.0 + k / 1000} for k in range(1, n + 1)]
    rows += [{"done_s": 9.0, "cause": "timeout"}]
    options: Any = {"kind": "response", **changed}
    observed = observe(traffic(rows), [arrivals([])])
    return percentile_curve(observed, **options)


def test_a_curve_rises_through_the_ranks_of_the_good_requests() -> None:
    points = {point["q"]: point for point in curve_of(1000)}
    assert points[0.5]["ms"] == pytest.approx(500)
    assert points[0.95]["ms"] == pytest.approx(950)
    assert points[0.95]["low_ms"] < 950 < points[0.95]["high_ms"]
    assert list(points) == sorted(points)
    assert np.all(np.diff([point["ms"] for point in points.values()]) >= 0)


def test_a_curve_ends_where_the_count_no_longer_supports_it() -> None:
    assert curve_of(299)[-1]["q"] == 0.99
    assert curve_of(298)[-1]["q"] < 0.99
    assert curve_of(0) == []


def test_a_curve_is_of_one_flow_where_asked() -> None:
    assert curve_of(299, flow="view", kind="service")[-1]["q"] == 0.99
    assert curve_of(299, flow="upload") == []
