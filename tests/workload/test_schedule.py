"""The session list is a function of plan and seed alone."""

import numpy as np
import pytest

from tidegauge.plan import parse_plan
from tidegauge.workload.popularity import draw_ranks, stretched_exponential_weights, zipf_weights
from tidegauge.workload.schedule import make_schedule, session_seed

PLAN = {
    "seed": 7,
    "arrivals": [{"shape": "constant", "rate_per_s": 100, "duration_s": 100}],
    "mix": {"a": 0.9, "b": 0.1},
    "popularity": {"model": "zipf", "alpha": 1.0, "assets": 3},
    "flow": [{"name": name, "step": [{"path": "/{asset_id}"}]} for name in "ab"],
}


def test_the_same_plan_and_seed_give_the_same_sessions() -> None:
    first, second = (make_schedule(parse_plan(PLAN, "plan"), 3) for _ in range(2))
    assert first.intended_s.tolist() == second.intended_s.tolist()
    assert first.flow_index.tolist() == second.flow_index.tolist()
    assert first.asset_rank.tolist() == second.asset_rank.tolist()


def test_another_seed_gives_other_sessions() -> None:
    first = make_schedule(parse_plan(PLAN, "plan"), 3)
    second = make_schedule(parse_plan({**PLAN, "seed": 8}, "plan"), 3)
    assert first.intended_s[:10].tolist() != second.intended_s[:10].tolist()


def test_flows_come_in_the_shares_of_the_mix() -> None:
    schedule = make_schedule(parse_plan(PLAN, "plan"), 3)
    share = np.mean(schedule.flow_index == schedule.flows.index("b"))
    assert share == pytest.approx(0.1, abs=0.012)  # four standard errors of 10,000 draws


def test_zipf_with_exponent_one_over_three_assets_is_six_three_two_elevenths() -> None:
    assert zipf_weights(3, 1.0) == pytest.approx([6 / 11, 3 / 11, 2 / 11])


def test_zipf_with_exponent_zero_is_uniform() -> None:
    assert zipf_weights(4, 0.0) == pytest.approx([0.25] * 4)


def test_stretched_exponential_of_shape_one_falls_with_the_logarithm_of_the_rank() -> None:
    # -ln(1/4) : -ln(3/4) for two assets
    assert stretched_exponential_weights(2, 1.0, 5.0) == pytest.approx([0.8281, 0.1719], abs=1e-4)


def test_drawn_ranks_follow_the_weights() -> None:
    ranks = draw_ranks(np.array([0.5, 0.3, 0.2]), 100_000, np.random.default_rng(1))
    assert np.bincount(ranks) / 100_000 == pytest.approx([0.5, 0.3, 0.2], abs=0.006)


def test_session_seeds_differ_between_sessions_and_seeds() -> None:
    assert len({session_seed(seed, index) for seed in range(10) for index in range(100)}) == 1000
