"""The estimate of another clock, where the true offset is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidegauge.engine.clock_offset import RoundTrip, best

delays = st.floats(0, 2)


def trip(asked: float, there_s: float, back_s: float, ahead_s: float) -> RoundTrip:
    """A question at `asked` to a master whose clock is `ahead_s` ahead."""
    return RoundTrip(asked=asked, master_unix_s=asked + there_s + ahead_s, answered=asked + there_s + back_s)


def test_equally_slow_ways_give_the_true_offset() -> None:
    assert abs(trip(5.0, 0.25, 0.25, 1000.0).ahead_s - 1000.0) < 1e-9


@given(there_s=delays, back_s=delays, ahead_s=st.floats(-1e6, 1e6))
def test_the_truth_is_within_half_a_round_trip(there_s: float, back_s: float, ahead_s: float) -> None:
    found = trip(7.0, there_s, back_s, ahead_s)
    assert abs(found.ahead_s - ahead_s) <= found.half_s + 1e-6


def test_the_quickest_round_trip_is_taken() -> None:
    slow, quick = trip(0.0, 0.9, 0.1, 10.0), trip(2.0, 0.01, 0.01, 10.0)
    assert best([slow, quick, slow]) is quick
