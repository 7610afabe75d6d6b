from __future__ import annotations

from typing import Any

import pytest
from analysis_frames import arrivals, health, traffic

from tidegauge.analysis.generator import cpu_ratio_max, generator_share, loop_lag_ms_max
from tidegauge.analysis.observed import observe
from tidegauge.analysis.traffic import Window
from tidegauge.stored import document_of

WINDOW = Window(warmup_s=10.0, end_s=70.0)


def share_of(sample_rows: list[dict[str, object]], arrival_rows: list[dict[str, object]]) -> Any:
    observed = observe(traffic(sample_rows, warmup_s=10.0, end_s=70.0), [arrivals(arrival_rows)])
    return document_of(generator_share(observed, health([]), lag_ms_p99_max=10.0))


def steady(cpu_ratio: float, *, start: int = 0, end: int = 70, process: int = 0) -> list[dict[str, object]]:
    return [{"process": process, "t_s": float(t), "cpu_ratio": cpu_ratio} for t in range(start + 1, end + 1)]


def test_rates_are_sessions_per_second_of_the_window() -> None:
    rows: list[dict[str, object]] = [{"intended_s": 10.0 + k / 2} for k in range(1, 121)]
    rows[5] |= {"sent": False, "cause": "in_flight_cap"}
    rows[6] |= {"sent": False, "cause": "lost"}
    rows[7] |= {"sent": False}  # no process accounted for it
    share = share_of([], [*rows, {"intended_s": 5.0}])
    assert share["rate_asked_per_s"] == 2.0
    assert share["rate_sent_per_s"] == pytest.approx(117 / 60)
    assert (share["unsent"], share["lost"], share["lost_ratio"]) == (3, 2, pytest.approx(2 / 120))


def test_lag_is_the_delay_of_every_request_with_a_scheduled_moment_by_plain_rank() -> None:
    rows: list[dict[str, object]] = [{"intended_s": 20.0, "sent_s": 20.0 + ms / 1000} for ms in range(1, 201)]
    rows += [{"intended_s": 20.0, "step": 1, "scheduled": False}] * 1000  # due with the answer before them
    share = share_of([*rows, {"intended_s": 5.0, "sent_s": 9.0}], [])
    assert share["lag_ms_p99"] == pytest.approx(198)
    assert share["late"] == 190
    assert share["sent_requests"] == 200


def test_cpu_is_the_busiest_ten_seconds_of_the_busiest_process() -> None:
    rows = steady(0.2) + steady(0.1, process=1, end=30) + steady(0.8, process=1, start=30, end=40)
    rows += steady(0.1, process=1, start=40)
    assert cpu_ratio_max(health(rows), WINDOW) == pytest.approx(0.8)


def test_a_short_burst_counts_as_its_part_of_ten_seconds() -> None:
    rows = steady(0.1, end=30) + steady(1.0, start=30, end=33) + steady(0.1, start=33)
    assert cpu_ratio_max(health(rows), WINDOW) == pytest.approx((3 * 1.0 + 7 * 0.1) / 10)


def test_cpu_is_weighted_by_time_when_records_come_unevenly() -> None:
    rows: list[dict[str, object]] = [
        {"t_s": 10.0, "cpu_ratio": 0.0},
        {"t_s": 18.0, "cpu_ratio": 0.5},
        {"t_s": 20.0, "cpu_ratio": 1.0},
        {"t_s": 70.0, "cpu_ratio": 0.0},
    ]
    assert cpu_ratio_max(health(rows), WINDOW) == pytest.approx((8 * 0.5 + 2 * 1.0) / 10)


def test_what_the_warm_up_and_the_drain_use_does_not_count() -> None:
    rows = steady(1.0, end=10) + steady(0.3, start=10, end=70) + steady(1.0, start=70, end=90)
    assert cpu_ratio_max(health(rows), WINDOW) == pytest.approx(0.3)


def test_in_a_window_below_ten_seconds_the_whole_mean_counts() -> None:
    rows = steady(0.2, end=2) + steady(0.6, start=2, end=4)
    assert cpu_ratio_max(health(rows), Window(warmup_s=0.0, end_s=4.0)) == pytest.approx(0.4)


def test_a_process_without_a_usable_record_in_the_window_says_nothing() -> None:
    rows: list[dict[str, object]] = [
        {"t_s": 5.0, "cpu_ratio": 0.9},
        {"process": 1, "t_s": 20.0, "cpu_ratio": None},
    ]
    assert cpu_ratio_max(health(rows), WINDOW) is None
    assert cpu_ratio_max(health([]), WINDOW) is None


def test_the_longest_stall_of_the_event_loop_in_the_window_is_reported() -> None:
    rows: list[dict[str, object]] = [
        {"t_s": 5.0, "loop_lag_ms": 90.0},
        {"t_s": 20.0, "loop_lag_ms": 7.0},
        {"t_s": 21.0, "loop_lag_ms": None},
    ]
    assert loop_lag_ms_max(health(rows), WINDOW) == 7.0
    assert loop_lag_ms_max(health([]), WINDOW) is None
