"""When logged requests are sent again, which of them, and what the list says of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tidegauge.errors import TidegaugeError
from tidegauge.replay import Replay
from tidegauge.shapes import LogFilter, Trace
from tidegauge.workload.replay.requests import StackFacts
from tidegauge.workload.replay.trace import Replayed, Surroundings, intended_times_s, make_replay

START_S = 1_793_556_000.0  # 2026-11-01 18:00:00 UTC


def log(*t_s: float, quantum_s: float = 1.0, **columns: Any) -> pd.DataFrame:
    rows = {
        "t_s": START_S + np.array(t_s, dtype=np.float64),
        "quantum_s": quantum_s,
        "method": "GET",
        "scheme": "https",
        "host": "d1.cloudfront.net",
        "path": [f"/p/{number}" for number in range(len(t_s))],
        "query": "",
        "status": 200,
        "source": [f"log:{number}" for number in range(len(t_s))],
    }
    return pd.DataFrame({**rows, **columns})


def replay(
    records: pd.DataFrame, *, seed: int = 1, weights: int = 0, plan: Replay | None = None, **phase: Any
) -> Replayed:
    around = Surroundings(
        replay=plan or Replay(),
        seed=seed,
        stack=StackFacts(has_cdn=True, unsigned_because=None),
        catalogue=(),
        asset_weights=np.full(weights, 1 / weights) if weights else np.empty(0),
        first_endpoints={"upload": "POST /v1/session"},
    )
    return make_replay(records, Trace(shape="trace", path="log", **phase), around)


@settings(max_examples=60, deadline=None)
@given(
    seconds=st.lists(st.integers(0, 1000), min_size=1, max_size=40),
    speed=st.floats(0.1, 100),
    seed=st.integers(0, 2**31),
)
def test_every_line_is_sent_within_its_clocks_tick(seconds: list[int], speed: float, seed: int) -> None:
    found = replay(log(*seconds), speed=speed, seed=seed)
    line = found.sessions["source"].str.removeprefix("log:").astype(int)
    logged = np.array(seconds)[line] - min(seconds)
    times = found.sessions["intended_s"].to_numpy() * speed
    assert (times > logged).all()
    assert (times <= logged + 1 + 1e-9).all()
    assert (np.diff(times) >= 0).all()
    assert sorted(line) == list(range(len(seconds)))  # each once
    assert found.figures.duration_s == pytest.approx((max(seconds) - min(seconds) + 1) / speed)


def test_the_moment_within_a_whole_second_is_drawn_evenly() -> None:
    times = intended_times_s(np.zeros(5000), np.ones(5000), 1.0, seed=3)
    assert stats.kstest(times, "uniform").pvalue > 0.01


def test_a_clock_of_microseconds_keeps_its_spacing() -> None:
    found = replay(log(0, 0.25, 1.5, quantum_s=1e-6), speed=0.5)
    assert found.sessions["intended_s"].tolist() == pytest.approx([0, 0.5, 3], abs=3e-6)


def test_the_same_seed_gives_the_same_moments_and_another_seed_others() -> None:
    records = log(*range(20))
    first, again, other = (replay(records, seed=seed).sessions["intended_s"] for seed in (5, 5, 6))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


@pytest.mark.parametrize(
    ("window", "kept"),
    [
        ({"start": 2.0}, [2, 3, 4]),
        ({"end": 2.0}, [0, 1]),
        ({"start": "2026-11-01T18:00:01Z", "end": "2026-11-01T19:00:03+01:00"}, [1, 2]),
        ({"start": "2026-11-01 18:00:04"}, [4]),
    ],
)
def test_a_window_is_by_log_time_its_end_excluded(window: dict[str, Any], kept: list[int]) -> None:
    found = replay(log(0, 1, 2, 3, 4), **window)
    assert sorted(found.sessions["path"]) == [f"/p/{number}" for number in kept]
    assert found.outside_window == 5 - len(kept)
    assert found.sessions["intended_s"].iloc[0] <= 1  # the window's first line begins the run


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"include": LogFilter(method=("HEAD",))}, [1]),
        ({"include": LogFilter(host=("*.EXAMPLE.org",))}, [2]),
        ({"include": LogFilter(path=("/p/?",), status=("2xx",))}, [0, 1, 2]),
        ({"exclude": LogFilter(status=(404,), method=("HEAD",))}, [0, 2]),
        ({"include": LogFilter(path=("/p/*",)), "exclude": LogFilter(path=("*/0", "/p/3"))}, [1, 2]),
    ],
)
def test_filters_let_through_what_they_name(filters: dict[str, Any], kept: list[int]) -> None:
    records = log(
        0, 1, 2, 3,
        method=["GET", "HEAD", "GET", "GET"],
        host=["a.net", "a.net", "www.example.org", None],
        status=[200, 200, 204, 404],
    )  # fmt: skip
    found = replay(records, **filters)
    assert sorted(found.sessions["path"]) == [f"/p/{number}" for number in kept]
    assert found.filtered == 4 - len(kept)


def test_a_window_or_filter_that_leaves_nothing_is_a_mistake() -> None:
    with pytest.raises(TidegaugeError, match="none of the trace's 2 lines"):
        replay(log(0, 1), start=100.0)


def test_a_time_that_is_none_is_named() -> None:
    with pytest.raises(TidegaugeError, match="trace start 'noon'"):
        replay(log(0), start="noon")


def test_what_cannot_be_sent_is_counted_by_its_reason() -> None:
    records = log(0, 1, 2, 3, method=["GET", "POST", "POST", "CONNECT"])
    found = replay(records)
    assert found.not_replayable == {
        "POST without a flow in replay.flows: a log has no bodies": 2,
        "method CONNECT": 1,
    }
    assert found.figures.sessions == 1
    assert found.figures.duration_s == 4  # the log's span, not that of what is left of it


def test_a_log_of_which_nothing_can_be_sent_is_a_mistake() -> None:
    with pytest.raises(TidegaugeError, match="2 x POST without a flow"):
        replay(log(0, 1, method="POST"))


def test_a_mapped_line_is_a_session_of_its_flow_with_an_asset_drawn() -> None:
    records = log(0, 1, 2, method=["GET", "POST", "POST"], path=["/x", "/v1/upload", "/v1/upload"])
    found = replay(records, plan=Replay(flows={"POST /v1/upload": "upload"}), weights=4)
    flows = found.sessions.set_index("source")
    assert flows["flow"].to_dict() == {"log:0": "replay", "log:1": "upload", "log:2": "upload"}
    assert flows.loc["log:1", "endpoint"] == "POST /v1/session"
    assert flows.loc["log:0", "asset_rank"] == -1
    assert set(flows.loc[["log:1", "log:2"], "asset_rank"]) <= {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("expect", "status", "good"),
    [
        ("good", 404, (200, 399)),
        ("logged", 404, (400, 499)),
        ("logged", 304, (200, 399)),
        ("logged", 503, (500, 599)),
        ("logged", 0, (200, 399)),  # the client left before an answer
    ],
)
def test_the_statuses_that_count_as_good(expect: Any, status: int, good: tuple[int, int]) -> None:
    row = replay(log(0, status=status), plan=Replay(expect=expect)).sessions.iloc[0]
    assert (row["status_low"], row["status_high"]) == good


def test_the_busiest_second_is_the_peak() -> None:
    assert replay(log(0, 1, 1, 1, 2)).figures.peak_rate_per_s == pytest.approx(3)


def test_lines_of_one_second_keep_the_order_of_the_log() -> None:
    generator = np.random.default_rng(4)
    logged_s = np.floor(generator.uniform(0, 50, 4000))
    times = intended_times_s(logged_s, np.ones(4000), 1.0, seed=3)
    assert ((times > logged_s) & (times <= logged_s + 1)).all()
    for second in range(50):
        assert (np.diff(times[logged_s == second]) > 0).all()


def test_ticks_of_different_length_that_begin_together_are_dealt_out_apart() -> None:
    quantum_s = np.tile([1.0, 0.001], 500)
    times = intended_times_s(np.zeros(1000), quantum_s, 2.0, seed=5)
    assert (times <= quantum_s / 2).all()
    assert (np.diff(times[::2]) > 0).all()
