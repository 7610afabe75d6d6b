"""Rows of a run that contradict each other make it INVALID; those that a dead process took along do not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.served import Answer, http_server, tidegauge, write_plan, write_stack
from tidegauge.analysis.agreement import ProcessArrivals, gaps_in_health
from tidegauge.store import RunFolder

OBJECTIVES = "[objectives.total]\np50_ms = 2000\n"
MODES = ("all", "slow", "none")


def one_in_ten_fails() -> Callable[[str], Answer]:
    seen = 0

    def answer(_path: str) -> Answer:
        nonlocal seen
        seen += 1
        return (500 if seen % 10 == 0 else 200), {}, b"ok"

    return answer


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of two processes in each mode, 6 s long so that each kind has several files."""
    found = {}
    for mode in MODES:
        folder = tmp_path_factory.mktemp(mode)
        head = f'samples = "{mode}"'
        plan = write_plan(folder, rate=40, duration_s=6, head=head, tail=OBJECTIVES)
        with http_server(one_in_ten_fails()) as url:
            stack, out = write_stack(folder, url), folder / "run"
            code, summary, _ = tidegauge("run", plan, "--stack", stack, "--out", out, "--processes", 2)
        assert (code, summary["verdict"]) == (0, "PASS"), summary["reasons"]
        found[mode] = out
    return found


def copy_of(runs: dict[str, Path], mode: str, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(runs[mode], tmp_path / "run")))


def reported(folder: RunFolder) -> Any:
    """The summary that `report` makes: the same when it is called again."""
    first, second = (
        tidegauge("report", folder.path)[0] or folder.read_json(folder.summary_json) for _ in "12"
    )
    assert first == second
    return first


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_run_has_the_same_verdict_when_it_is_reported_again(
    runs: dict[str, Path], tmp_path: Path, mode: str
) -> None:
    assert reported(copy_of(runs, mode, tmp_path))["verdict"] == "PASS"


GONE = [
    ("all", "samples", "no row in samples/"),
    ("all", "samples/0-1.parquet", "samples/ tells of"),
    ("all", "histograms.parquet", "histograms.parquet of 0"),
    ("all", "arrivals.parquet", "arrivals.parquet is missing"),
    ("all", "health", "health/ lacks"),
    ("all", "health/1-1.parquet", "of process 1."),
    ("none", "sessions", "no row in sessions/"),
    ("none", "sessions/1-1.parquet", "no row in sessions/"),
    ("none", "histograms.parquet", "histograms.parquet of 0"),
    ("none", "moments.parquet", "moments.parquet tells of 0 requests"),
    ("none", "arrivals.parquet", "arrivals.parquet is missing"),
    ("none", "health", "health/ lacks"),
    ("slow", "samples", "samples/ tells of 0 failed requests"),
]


@pytest.mark.parametrize(("mode", "name", "words"), GONE, ids=[f"{mode}-{name}" for mode, name, _ in GONE])
def test_what_was_removed_from_a_run_makes_it_invalid(
    runs: dict[str, Path], tmp_path: Path, mode: str, name: str, words: str
) -> None:
    folder = copy_of(runs, mode, tmp_path)
    gone = folder.path / name
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    summary = reported(folder)
    assert summary["verdict"] == "INVALID"
    assert any(words in reason for reason in summary["reasons"]), summary["reasons"]


def test_arrivals_that_were_removed_are_not_written_anew(runs: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(runs, "all", tmp_path)
    folder.arrivals.unlink()
    summary = reported(folder)
    assert not folder.arrivals.exists()
    assert summary["generator"]["lost"] == 0  # each has a row, which tells that it was sent
    assert summary["total"]["count"] == 240


def test_outcomes_that_were_removed_before_the_results_were_made_are_missed(
    runs: dict[str, Path], tmp_path: Path
) -> None:
    folder = copy_of(runs, "all", tmp_path)
    arrivals = pd.read_parquet(folder.arrivals)
    lost = arrivals["index"] == 7
    arrivals.loc[lost, "sent"], arrivals.loc[lost, "cause"] = False, "lost"
    folder.write_frame(folder.arrivals, arrivals)
    summary = reported(folder)
    assert summary["verdict"] == "INVALID"
    assert "no outcome for 1 of the 120 arrivals of process 1, which did not die" in summary["reasons"][0]
    run = folder.read_run()
    folder.write_run(replace(run, died=(1,)))
    assert reported(folder)["verdict"] == "PASS"


def test_a_torn_file_makes_a_run_invalid(runs: dict[str, Path], tmp_path: Path) -> None:
    folder = copy_of(runs, "all", tmp_path)
    torn = folder.part("samples", 0, 1)
    torn.write_bytes(torn.read_bytes()[:-20])
    summary = reported(folder)
    assert (summary["verdict"], len(summary["notes"])) == ("INVALID", 1)


def records(*at_s: float, stall_s: float = 0.0) -> pd.DataFrame:
    lags = [stall_s * 1000 if place == len(at_s) - 1 else 0.0 for place in range(len(at_s))]
    return pd.DataFrame({"process": 0, "t_s": at_s, "cpu_ratio": 0.1, "loop_lag_ms": lags, "in_flight": 1})


def gaps(health: pd.DataFrame, last_s: float = 8.0, died: tuple[int, ...] = ()) -> list[str]:
    return gaps_in_health(health, ProcessArrivals(last_sent_s={0: last_s}), died, 60.0)


def test_a_record_a_second_until_the_last_arrival_is_all_that_there_can_be() -> None:
    assert gaps(records(1.03, 2.06, 3.1, 4.1, 5.2, 6.2, 7.3)) == []
    assert gaps(records(), last_s=0.9) == []


def test_a_stall_that_the_next_record_tells_of_is_no_gap_and_one_that_it_does_not_is() -> None:
    assert gaps(records(1.0, 2.0, 3.0, 7.5, stall_s=3.5)) == []
    assert gaps(records(1.0, 2.0, 3.0, 7.5)) == ["health/ lacks about 3.5 s of process 0."]


def test_a_process_without_a_record_has_a_gap_unless_it_died() -> None:
    assert gaps(records()) == ["health/ lacks about 7 s of process 0."]
    assert gaps(records(), died=(0,)) == []
