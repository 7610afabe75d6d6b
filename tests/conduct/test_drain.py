"""What becomes of the sessions that are still under way when the drain is over."""

from __future__ import annotations

from pathlib import Path

from tests.support.served import good_after, http_server, tidegauge, write_plan, write_stack

SLOW_READER = '[[flow.step]]\npath = "/first"\n[[flow.step]]\npath = "/second"\nthink_time_s = 20\n'


def test_a_session_cut_while_it_waits_to_think_has_failed_and_no_request_of_the_window_with_it(
    tmp_path: Path,
) -> None:
    plan = write_plan(tmp_path, rate=10, duration_s=2, head="drain_s = 0.5", steps=SLOW_READER)
    with http_server(good_after(0.0)) as url:
        _, summary, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "r")
    assert (summary["total"]["count"], summary["total"]["failures"]) == (20, 0)
    (flow,) = summary["flows"]
    assert (flow["sessions"], flow["session_failures"]) == (20, 20)


def test_a_request_under_way_at_the_end_of_the_drain_is_cut_and_fails(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=10, duration_s=1, head="drain_s = 0.5")
    with http_server(good_after(3.0)) as url:
        _, summary, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "r")
    assert summary["total"]["failures_by_cause"] == {"timeout": 10}
    assert summary["drain_s"] < 1.0
