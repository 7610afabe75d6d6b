from __future__ import annotations

import numpy as np
import pytest

from tidegauge.analysis.durations import CHUNK, Durations
from tidegauge.analysis.kept_arrays import in_memory

RNG = np.random.default_rng(12)
N = 3 * CHUNK + 7
LAWS = {
    "lognormal": RNG.lognormal(-5, 2, N),
    "a hundred distinct ones": RNG.integers(1, 101, N) / 1000,
    "all alike": np.full(N, 0.25),
    "mostly none": np.where(RNG.random(N) < 0.9, 0.0, RNG.exponential(0.001, N)),
    "noise around none": RNG.normal(0, 1e-16, N),
    "from a nanosecond to a year": 10.0 ** RNG.uniform(-9, 7.5, N),
}


@pytest.mark.parametrize("law", LAWS)
def test_durations_at_every_rank_are_those_of_a_sorted_list(law: str) -> None:
    values = LAWS[law]
    ragged = np.split(values, np.sort(RNG.integers(0, N, 40)))
    times = Durations.joined([Durations.of(piece) for piece in ragged])
    assert times.n == N
    assert np.array_equal(times.at_ranks(np.arange(1, N + 1)), np.sort(values))


@pytest.mark.parametrize("law", LAWS)
def test_few_ranks_give_what_all_of_them_do(law: str) -> None:
    values = LAWS[law]
    ranks = [N, 1, N // 2, N - 5, N // 2]  # in any order, and more than once
    assert Durations.of(values).at_ranks(ranks).tolist() == np.sort(values)[np.array(ranks) - 1].tolist()


def test_a_counted_duration_takes_as_many_ranks_as_it_counts() -> None:
    counted = Durations([in_memory(np.array([0.3, 0.1])), in_memory(np.array([0.2]))],
                        [in_memory(np.array([2, 1])), in_memory(np.array([100_000]))])  # fmt: skip
    assert counted.n == 100_003
    assert counted.at_ranks([1, 2, 100_001, 100_002, 100_003]).tolist() == [0.1, 0.2, 0.2, 0.3, 0.3]
    assert counted.longer_than(0.2) == 2


def test_no_durations_have_no_ranks() -> None:
    nothing = Durations.joined([])
    assert (nothing.n, nothing.longer_than(0.1), nothing.at_ranks([]).tolist()) == (0, 0, [])


def test_longer_means_by_more_than_the_noise_of_float_times() -> None:
    limit_s = 0.05
    values = np.array([limit_s, limit_s + 1e-12, limit_s + 1e-9, 1.0])
    assert Durations.of(np.tile(values, CHUNK)).longer_than(limit_s) == 2 * CHUNK
