from __future__ import annotations

import numpy as np
import pandas as pd

from tidegauge.analysis.kept_arrays import in_memory
from tidegauge.analysis.session_ends import SHARD, SessionEnds


def ends(
    *batches: list[tuple[int, float, bool, int]], unanswered: tuple[float, ...] = (), **told: list[object]
) -> SessionEnds:
    """Rows by batch; `unanswered`: done at these seconds. Without lag and uncut but for what is `told`."""
    columns = ["arrival", "done_s", "failed", "requests"]
    frames = [
        pd.DataFrame(rows, columns=columns).assign(**{"lag_s": 0.0, "cut": False, **told}) for rows in batches
    ]
    frames = [frame.assign(answered=~frame["done_s"].isin(unanswered)) for frame in frames]
    return SessionEnds.joined([SessionEnds.of_rows(frame, in_memory) for frame in frames])


def test_a_session_s_steps_are_put_together_wherever_their_rows_lie() -> None:
    far = 5 * SHARD + 3
    found = ends([(far, 2.0, False, 1), (1, 9.0, False, 1)], [(0, 1.5, False, 1)], [(far, 7.0, True, 1)])
    each = found.of(np.array([far, 0, 1]))
    assert each.done_s.tolist() == [7.0, 1.5, 9.0]
    assert each.failed.tolist() == [True, False, False]
    assert found.last_done_s == 9.0


def test_a_session_without_a_row_has_no_end() -> None:
    each = ends([(1, 9.0, False, 1)]).of(np.array([0, 1, SHARD, SHARD + 1]))
    assert np.isnan(each.done_s).tolist() == [True, False, True, True]


def test_a_session_of_no_request_has_failed() -> None:
    each = ends([(0, 1.0, False, 0), (1, 1.0, False, 2)]).of(np.array([0, 1]))
    assert each.failed.tolist() == [True, False]
    assert each.answered.tolist() == [False, True]


def test_a_session_was_answered_when_each_of_its_requests_was_even_badly() -> None:
    rows = [(0, 1.0, False, 1), (0, 2.0, True, 1), (1, 3.0, True, 1), (2, 4.0, False, 1), (2, 5.0, True, 1)]
    each = ends(rows[:4], rows[4:], unanswered=(3.0, 5.0)).of(np.array([0, 1, 2, 3]))
    assert each.answered.tolist() == [True, False, False, False]


def test_a_run_without_a_request_has_no_last_one() -> None:
    assert ends([]).last_done_s is None


def test_the_lags_of_a_session_s_requests_add_up() -> None:
    rows = [(0, 1.0, False, 1), (1, 2.0, False, 1), (0, 3.0, False, 1)]
    assert ends(rows, lag_s=[0.25, 0.5, 0.125]).of(np.array([0, 1, 2])).lag_s.tolist() == [0.375, 0.5, 0.0]


def test_a_session_was_cut_where_nothing_else_of_it_failed() -> None:
    rows = [(0, 1.0, True, 1), (1, 1.0, True, 1), (1, 2.0, True, 1), (2, 1.0, False, 1)]
    found = ends(rows, cut=[True, False, True, False]).of(np.array([0, 1, 2]))
    assert found.failed.tolist() == [True, True, False]
    assert found.cut.tolist() == [True, False, False]
