from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from analysis_frames import arrivals, traffic
from numpy.typing import NDArray
from scipy import stats

from tidegauge.analysis.blocked_times import BlockedTimes
from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.dependence import Effective, design_effects, effective_beyond, effective_share
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.intervals import effective_ranks, order_statistic_ranks
from tidegauge.analysis.objectives import judge_objectives
from tidegauge.analysis.observed import observe
from tidegauge.analysis.quantiles import latency_ms
from tidegauge.analysis.traffic import Window

MINUTE = Window(warmup_s=0.0, end_s=60.0)
P99 = Fraction(99, 100)


def column(*events: int) -> NDArray[np.int64]:
    return np.array(events, dtype=np.int64)[:, np.newaxis]


def test_a_window_of_one_phase_is_cut_into_20_equal_blocks() -> None:
    blocks = blocks_of(Window(warmup_s=10.0, end_s=70.0))
    assert blocks.ends_s.tolist() == pytest.approx([10 + 3 * k for k in range(1, 21)])
    assert blocks.differences == 19 + 9
    assert blocks.of_times(np.array([10.5, 13.0, 13.1, 70.0])).tolist() == [0, 0, 1, 19]


def test_no_block_lies_across_a_border_between_phases() -> None:
    blocks = blocks_of(Window(warmup_s=0.0, end_s=100.0, borders_s=(33.3, 71.0)))
    assert {33.3, 71.0, 100.0} <= set(blocks.ends_s.tolist())
    assert [end - start for start, end in blocks.groups] == [6, 8, 6]


def test_a_phase_too_short_for_two_blocks_is_one_and_such_neighbours_are_taken_together() -> None:
    spike = blocks_of(Window(warmup_s=0.0, end_s=300.0, borders_s=(100.0, 105.0, 160.0)))
    assert [end - start for start, end in spike.groups] == [6, 1, 4, 10]
    steps = blocks_of(Window(warmup_s=0.0, end_s=60.0, borders_s=tuple(range(2, 60, 2))))
    assert [end - start for start, end in steps.groups] == [20]


def test_time_told_by_the_second_gives_no_block_below_a_second() -> None:
    blocks = blocks_of(Window(warmup_s=0.0, end_s=9.0, told_by_s=1.0))
    assert len(blocks.ends_s) == 8
    assert np.bincount(blocks.of_times(np.arange(9) + 0.5), minlength=8).min() >= 1


def test_a_window_told_as_too_few_moments_shows_no_dependence() -> None:
    blocks = blocks_of(Window(warmup_s=0.0, end_s=3.0, told_by_s=1.0))
    worth = effective_share(np.array([9, 0]), np.array([100, 100]), blocks)
    assert (blocks.differences, worth.size(0.05)) == (0, 200.0)


def test_the_effect_of_independent_requests_is_about_one() -> None:
    generator = np.random.default_rng(5)
    blocks, n = blocks_of(MINUTE), np.full(20, 500)
    effects = [design_effects(generator.binomial(500, 0.05, (20, 1)), n, blocks)[0] for _ in range(400)]
    assert 1.0 <= np.mean(effects) < 1.5  # the larger of two estimates, and never below 1


@pytest.mark.parametrize("size", [5, 40])
def test_requests_that_fail_in_batches_count_about_as_so_many_batches(size: int) -> None:
    # Batches of `size` alike requests: the variance of the share is exactly `size` times as large.
    generator = np.random.default_rng(6)
    blocks, n = blocks_of(MINUTE), np.full(20, 100 * size)
    effects = [design_effects(size * generator.binomial(100, 0.2, (20, 1)), n, blocks)[0] for _ in range(400)]
    assert size <= np.mean(effects) < 1.5 * size


def test_a_share_that_climbs_in_a_straight_line_is_no_dependence() -> None:
    climbing = column(*range(0, 200, 10))
    (effect,) = design_effects(climbing, np.full(20, 1000), blocks_of(MINUTE))
    assert effect == 1.0


def test_a_level_that_changes_from_phase_to_phase_is_no_dependence() -> None:
    blocks = blocks_of(Window(warmup_s=0.0, end_s=60.0, borders_s=(30.0,)))
    levels = column(*[10] * 10, *[400] * 10)
    assert design_effects(levels, np.full(20, 1000), blocks)[0] == 1.0
    assert design_effects(levels, np.full(20, 1000), blocks_of(MINUTE))[0] > 50


@pytest.mark.parametrize("events", [0, 2000])
def test_where_no_request_or_every_one_is_an_event_nothing_is_taken_off(events: int) -> None:
    worth = effective_share(np.full(20, events // 20), np.full(20, 100), blocks_of(MINUTE))
    assert worth.size(0.05) == 2000.0


def test_students_t_stands_for_the_error_of_the_effect() -> None:
    worth = Effective(n=1000, effect=4.0, differences=28)
    t = stats.t.ppf(0.95, 28)
    assert worth.size(0.05) == pytest.approx(250 * (stats.norm.ppf(0.95) / t) ** 2)


def test_a_threshold_with_few_events_borrows_the_effect_of_lower_ones() -> None:
    blocks = blocks_of(MINUTE)
    bursts = column(*[0, 900] * 10)[:, 0]  # half of the time all are slow
    few = column(*[0, 1] * 10)[:, 0]
    events = np.column_stack([bursts, few])
    lone, borrowed = effective_beyond(events, np.full(20, 1000), blocks, [[1], [1, 0]])
    assert lone.effect < 3
    assert borrowed.effect == pytest.approx(design_effects(events, np.full(20, 1000), blocks)[0])


def test_ranks_at_the_effective_number_keep_their_place_among_all() -> None:
    q = Fraction(1, 2)
    low, high = order_statistic_ranks(100, q)
    assert low is not None
    assert high is not None
    assert effective_ranks(100, q, 100) == (low, high)
    wide = effective_ranks(10_000, q, 100)
    assert wide == (100 * low - 50 + 0, 100 * high - 50 + 1)  # (r - 1/2) x 100 + 1/2, outwards
    assert effective_ranks(10_000, P99, 100) == (
        order_statistic_ranks(100, P99)[0] and 100 * (order_statistic_ranks(100, P99)[0] or 0) - 50,
        None,
    )


def stretches(slow: int) -> BlockedTimes:
    """20 blocks of 200 requests at 10 ms and more; in every fifth, `slow` of them take a second and more."""
    parts = [np.linspace(0.01, 0.02, 200 - slow * (k % 5 == 0)) for k in range(20)]
    late = [np.linspace(1.0, 1.1, slow * (k % 5 == 0)) for k in range(20)]
    both = [Durations.of(np.concatenate(each)) for each in zip(parts, late, strict=True)]
    return BlockedTimes(blocks=blocks_of(MINUTE), parts=both)


def test_the_interval_of_a_quantile_widens_where_slow_requests_come_together() -> None:
    together = latency_ms(stretches(100))
    assert together.n == 4000
    assert together.effective_n["p90"] < 200
    low, high = together.p90_low, together.p90_high
    assert low is not None
    assert high is None or high >= 1000
    assert low < 25


def test_the_count_alone_says_whether_a_quantile_is_given() -> None:
    found = latency_ms(stretches(100))
    assert found.effective_n["p99"] < 299
    assert found.p99 is not None
    assert found.p999 is not None
    assert found.p999_high is None


def test_failures_in_one_burst_do_not_break_what_as_many_spread_over_the_run_would() -> None:
    def state(moments: NDArray[np.float64]) -> str:
        good = [{"intended_s": float(t)} for t in np.linspace(0.01, 9.99, 970)]
        bad = [{"intended_s": float(t), "cause": "status", "status": 500} for t in moments]
        observed = observe(traffic([*good, *bad]), [arrivals([])])
        (row,) = judge_objectives({"GET /a": {"error_ratio": 0.01}}, observed, timeout_s=30.0)
        assert (row.n, row.violations) == (1000, 30)
        return row.state

    assert state(np.linspace(0.1, 9.9, 30)) == "broken"
    assert state(np.linspace(5.0, 5.2, 30)) == "inconclusive"


def test_how_much_longer_counts_effective_requests() -> None:
    generator = np.random.default_rng(8)
    moments = np.concatenate([generator.uniform(12 * k, 12 * k + 0.2, 10) for k in range(5)])
    rows: list[dict[str, object]] = [{"intended_s": float(t)} for t in generator.uniform(0, 60, 5000)]
    rows += [{"intended_s": float(t), "cause": "status", "status": 500} for t in moments]
    observed = observe(traffic(rows, end_s=60.0), [arrivals([])])
    (row,) = judge_objectives({"GET /a": {"error_ratio": 0.012}}, observed, timeout_s=30.0)
    assert row.state == "inconclusive"
    assert row.effective_n < 1500
    assert row.needed_n is not None
    enough = round(row.needed_n * row.effective_n / row.n)  # effective ones
    most = stats.binom.ppf(0.05, enough, 0.012) - 1  # so many violations at most show that it holds
    assert stats.binom.cdf(most, enough, row.observed_ratio) == pytest.approx(0.8, abs=0.02)


def test_where_no_request_came_near_the_limit_only_failures_count() -> None:
    times, none = stretches(100), np.zeros(20, dtype=np.int64)  # 1.1 s is the longest
    assert times.beyond(5.0, none) == (0, Effective(n=4000))
    assert times.beyond(2.0, none)[1].effect > 10
    failed = np.full(20, 10)
    assert times.beyond(5.0, failed) == (200, Effective(n=4200, effect=1.0, differences=28))


def test_requests_that_show_no_dependence_count_in_full() -> None:
    generator = np.random.default_rng(9)
    parts = [Durations.of(generator.exponential(0.05, 300)) for _ in range(20)]
    times = BlockedTimes(blocks=blocks_of(MINUTE), parts=parts)
    assert [worth.size(0.05) for worth in times.effective([P99])] == [6000.0]
