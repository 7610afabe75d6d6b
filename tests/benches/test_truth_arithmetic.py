"""The arithmetic that the truth bench holds measured times against."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benches.truth import Stalls, compare, expected_s


def stalled_run(*, pace_per_s: float, base_s: float) -> tuple[pd.DataFrame, Stalls]:
    """20 s at 100 requests a second, the server frozen from 5 to 6; answers as queueing says."""
    due = np.arange(1, 2001) / 100
    done = due + base_s
    waiting = (due >= 5) & (due < 6)
    done[waiting] = 6 + np.arange(1, waiting.sum() + 1) / pace_per_s
    stalls = Stalls(pid=0, count=1, ready=lambda: True, began=[5.0], ended=[6.0])
    return pd.DataFrame({"intended_s": due, "done_s": done}), stalls


def test_a_request_due_in_a_stall_waits_for_its_end_and_for_those_before_it() -> None:
    samples, stalls = stalled_run(pace_per_s=10_000, base_s=0.002)
    truth_s, drain_per_s = expected_s(samples, stalls)
    assert drain_per_s == pytest.approx(10_000)
    # due at 5.00 s: the first of the backlog; due at 5.50 s: the fifty-first
    assert truth_s[499] == pytest.approx(1.0 + 0.002)
    assert truth_s[549] == pytest.approx(0.5 + 50 / 10_000 + 0.002)
    assert truth_s[100] == pytest.approx(0.002)


def test_a_generator_that_left_the_stall_out_is_found_out() -> None:
    samples, stalls = stalled_run(pace_per_s=10_000, base_s=0.002)
    truth_s, _ = expected_s(samples, stalls)
    omitted = np.full(len(truth_s), 0.002)
    assert [row["within"] for row in compare(truth_s, omitted)] == [True, True, False, False, False]
    assert all(row["within"] for row in compare(truth_s, truth_s))
