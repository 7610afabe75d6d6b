"""Every shape's arrivals against its rate: hand values, chi-square per bin, and the process count."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from tidegauge.plan import Plan, parse_plan
from tidegauge.workload.arrivals import Floats, WavePiece, arrival_times_s
from tidegauge.workload.schedule import expected_sessions, make_schedule, peak_rate_per_s

SPIKE = {
    "shape": "spike", "rate_per_s": 10.0, "peak_rate_per_s": 100.0, "at_s": 4.0, "rise_s": 2.0, "hold_s": 3.0,
    "fall_s": 1.0, "duration_s": 15.0,
}  # fmt: skip
DIURNAL = {
    "shape": "diurnal", "mean_rate_per_s": 50.0, "peak_to_trough": 3.0, "period_s": 40.0, "peak_at_s": 10.0,
}  # fmt: skip
SHAPES: dict[str, dict[str, Any]] = {
    "constant": {"shape": "constant", "rate_per_s": 80.0, "duration_s": 20.0},
    "ramp": {"shape": "ramp", "from_rate_per_s": 20.0, "to_rate_per_s": 120.0, "duration_s": 20.0},
    "steps": {"shape": "steps", "rates_per_s": [30.0, 90.0, 60.0], "step_s": 7.0},
    "spike": SPIKE,
    "diurnal": DIURNAL,
}


def plan(*phases: dict[str, Any], seed: int = 7, **more: Any) -> Plan:
    flow = [{"name": "ping", "step": [{"path": "/ping"}]}]
    return parse_plan({"seed": seed, "arrivals": list(phases), "flow": flow, **more}, "plan")


def times_s(*phases: dict[str, Any], seed: int = 7) -> Floats:
    return make_schedule(plan(*phases, seed=seed), 0).intended_s


def rate_of(name: str, t: float) -> float:
    """The rate as docs/plan.md has it, sessions per second at second t of the phase."""
    match name:
        case "constant":
            return 80.0
        case "ramp":
            return 20 + 5 * t
        case "steps":
            return (30.0, 90.0, 60.0)[min(int(t // 7), 2)]
        case "spike":
            return float(np.interp(t, [0, 4, 6, 9, 10, 15], [10, 10, 100, 100, 10, 10]))
    return 50 * (1 + 0.5 * math.cos(2 * math.pi * (t - 10) / 40))


def expected_in_bins(name: str, edges: Floats) -> Floats:
    """Arrivals due between the edges, by quadrature of the rate."""
    kinks = [4, 6, 7, 9, 10, 14]
    bins = itertools.pairwise(edges)
    return np.array([
        integrate.quad(lambda t: rate_of(name, t), low, high, points=[k for k in kinks if low < k < high])[0]
        for low, high in bins
    ])  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_poisson_counts_in_each_bin_follow_the_rate(name: str) -> None:
    one = plan(SHAPES[name])
    edges = np.linspace(0, one.duration_s, 21)
    due = 20 * expected_in_bins(name, edges)  # twenty seeds together
    counts = sum(np.histogram(times_s(SHAPES[name], seed=seed), edges)[0] for seed in range(20))
    chi_square = float(((counts - due) ** 2 / due).sum())
    assert stats.chi2.sf(chi_square, len(due)) > 0.001


@pytest.mark.parametrize("name", SHAPES)
def test_uniform_arrivals_never_stray_one_from_the_integrated_rate(name: str) -> None:
    shape = {**SHAPES[name], "process": "uniform"}
    edges = np.linspace(0, plan(shape).duration_s, 53)
    reached = np.cumsum(expected_in_bins(name, edges))
    counts = np.searchsorted(times_s(shape), edges[1:], side="right")
    assert np.all(np.abs(counts - reached) < 1 + 1e-6)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("process", ["poisson", "uniform"])
def test_arrivals_ascend_within_the_phase_and_come_again_with_the_seed(name: str, process: str) -> None:
    shape = {**SHAPES[name], "process": process}
    first = times_s(shape)
    assert first.tolist() == times_s(shape).tolist()
    assert (np.diff(first) >= 0).all()
    assert first[0] > 0
    assert first[-1] <= plan(shape).duration_s


@pytest.mark.parametrize("name", SHAPES)
def test_expected_sessions_are_the_integral_and_the_peak_is_the_highest_rate(name: str) -> None:
    one = plan(SHAPES[name])
    edges = np.linspace(0, one.duration_s, 11)
    assert expected_sessions(one) == pytest.approx(expected_in_bins(name, edges).sum())
    highest = max(rate_of(name, t) for t in np.linspace(0, one.duration_s, 4001))
    assert peak_rate_per_s(one) == pytest.approx(highest, rel=1e-5)


def test_a_spike_reaches_whole_numbers_where_its_trapezium_says() -> None:
    # 1/s for 2 s; rise to 5/s in 2 s adds 6; 5/s for 1 s adds 5; fall in 2 s adds 6; 1/s for 2 s more
    shape = {
        "shape": "spike", "rate_per_s": 1, "peak_rate_per_s": 5, "at_s": 2, "rise_s": 2, "hold_s": 1,
        "fall_s": 2, "duration_s": 9, "process": "uniform",
    }  # fmt: skip
    times = times_s(shape)
    assert len(times) == 21
    assert times[[0, 1]] == pytest.approx([1, 2])
    assert times[2] == pytest.approx(2 + (math.sqrt(5) - 1) / 2)  # the root of t + t^2 = 1
    assert times[[7, 12, 18, 19, 20]] == pytest.approx([4, 5, 7, 8, 9])


def test_a_spike_without_rise_and_fall_is_a_step_up_and_down() -> None:
    shape = {
        "shape": "spike", "rate_per_s": 1, "peak_rate_per_s": 4, "at_s": 1, "rise_s": 0, "hold_s": 1,
        "fall_s": 0, "process": "uniform",
    }  # fmt: skip
    assert plan(shape).duration_s == 2
    assert times_s(shape) == pytest.approx([1, 1.25, 1.5, 1.75, 2])


def test_a_diurnal_rate_sends_its_mean_over_a_whole_period() -> None:
    assert plan(DIURNAL).duration_s == 40
    assert len(times_s({**DIURNAL, "process": "uniform"})) == 2000


def test_a_diurnal_rate_is_highest_at_its_peak_by_the_stated_ratio() -> None:
    # ratio 3 around 50/s: 75 at the crest, 25 in the trough half a period later
    times = times_s({**DIURNAL, "process": "uniform", "mean_rate_per_s": 5000.0})
    crest, trough = (np.count_nonzero(np.abs(times - at) < 0.1) for at in (10, 30))
    assert crest == pytest.approx(7500 * 0.2, rel=2e-3)
    assert trough == pytest.approx(2500 * 0.2, rel=2e-3)


def test_a_diurnal_rate_without_a_swing_is_constant() -> None:
    times = times_s({**DIURNAL, "process": "uniform", "peak_to_trough": 1, "duration_s": 1.0})
    assert times == pytest.approx(np.arange(1, 51) / 50)


def test_part_of_a_day_away_from_its_crest_peaks_at_the_nearer_end() -> None:
    # 20 s from the crest at 10 s on: cos falls, so that the highest rate is the first of the phase
    shape = {**DIURNAL, "peak_at_s": 0.0, "duration_s": 5.0}
    assert peak_rate_per_s(plan(shape)) == pytest.approx(75)
    late = {**DIURNAL, "peak_at_s": 30.0, "duration_s": 5.0}
    assert peak_rate_per_s(plan(late)) == pytest.approx(50 * (1 + 0.5 * math.cos(-2 * math.pi * 30 / 40)))


def test_a_fraction_of_an_arrival_carries_from_a_wave_into_the_next_phase() -> None:
    wave = {**DIURNAL, "mean_rate_per_s": 0.0125, "process": "uniform"}  # half a session in 40 s
    flat = {"shape": "constant", "rate_per_s": 1, "duration_s": 1, "process": "uniform"}
    assert times_s(wave, flat) == pytest.approx([40.5])


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(0.01, 500),
    ratio=st.floats(1, 1000),
    period=st.floats(0.5, 1e5),
    peak=st.floats(0, 1e5),
    periods=st.floats(0.01, 3),
)
def test_the_integral_of_a_wave_at_its_uniform_arrivals_is_a_whole_number(
    mean: float, ratio: float, period: float, peak: float, periods: float
) -> None:
    duration = min(period * periods, 2000 / mean)
    swing = (ratio - 1) / (ratio + 1)
    wave = WavePiece(
        duration_s=duration,
        mean_rate_per_s=mean,
        amplitude=swing,
        period_s=period,
        peak_at_s=peak,
        poisson=False,
    )
    times = arrival_times_s([wave], np.random.default_rng(1))
    turn = 2 * math.pi / period
    integral = mean * (times + swing / turn * (np.sin(turn * (times - peak)) + math.sin(turn * peak)))
    highest = mean * (1 + swing)
    assert np.abs(integral - np.arange(1, len(times) + 1)).max(initial=0) <= highest * 1e-9 + 1e-7


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_the_shares_of_any_number_of_processes_are_together_the_same_sessions(processes: int) -> None:
    popularity = {"model": "zipf", "alpha": 0.8, "assets": 50}
    mix = {"mix": {"ping": 0.7, "pong": 0.3}, "popularity": popularity}
    flows = [{"name": name, "step": [{"path": "/{asset_id}"}]} for name in ("ping", "pong")]
    document = {"seed": 3, "arrivals": [SPIKE, DIURNAL], "flow": flows, **mix}
    whole = make_schedule(parse_plan(document, "plan"), 50)
    parts: list[tuple[float, int, int]] = []
    for process in range(processes):  # each makes its own list and takes every `processes`-th
        own = make_schedule(parse_plan(document, "plan"), 50)
        share = slice(process, None, processes)
        parts += zip(own.intended_s[share], own.flow_index[share], own.asset_rank[share], strict=True)
    assert sorted(parts) == sorted(zip(whole.intended_s, whole.flow_index, whole.asset_rank, strict=True))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"duration_s": 9.9}, "the spike is over at 10 s"),
        ({"peak_rate_per_s": 9.0}, "peak_rate_per_s is 9"),
        ({"rise_s": 0.0, "hold_s": 0.0, "fall_s": 0.0}, "lasts 0 s"),
    ],
)
def test_a_spike_whose_parts_do_not_fit_is_refused(change: dict[str, float], words: str) -> None:
    with pytest.raises(Exception, match=words):
        plan({**SPIKE, **change})


@pytest.mark.parametrize("name", ["ramp", "spike", "diurnal"])
def test_poisson_arrivals_are_those_of_thinning(name: str) -> None:
    """Lewis & Shedler 1979: candidates at the peak rate, each kept with probability rate / peak."""
    one = plan(SHAPES[name])
    peak, generator = peak_rate_per_s(one), np.random.default_rng(99)
    candidates = generator.uniform(0, one.duration_s, generator.poisson(20 * peak * one.duration_s))
    kept = candidates[generator.random(len(candidates)) * peak < [rate_of(name, t) for t in candidates]]
    ours = np.concatenate([times_s(SHAPES[name], seed=seed) for seed in range(20)])
    assert stats.ks_2samp(ours, kept).pvalue > 0.001
    assert abs(len(ours) - len(kept)) < 5 * math.sqrt(len(ours) + len(kept))
