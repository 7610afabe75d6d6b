"""A run's results from its samples, from its histograms, and from what a torn file leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from written_rows import made_up, run_folder, write

from tests.support.rows import write_rows
from tidegauge import row_files
from tidegauge.analysis.traffic import Window
from tidegauge.disk import DiskFull
from tidegauge.records import Outcome, Sample
from tidegauge.results import frames
from tidegauge.results.measure import Measured, measure
from tidegauge.results.recovery import recover
from tidegauge.results.report_data import report_data
from tidegauge.store import RunFolder
from tidegauge.stored import document_of

SESSIONS, END_S = 2000, 10.0
PROMISED = 0.001  # relative error of a time from a histogram


def measured(path: Path, samples: str, seed: int, **options: Any) -> Measured:
    folder = run_folder(path / samples, samples, sessions=SESSIONS, end_s=END_S, **options)
    write(folder, made_up(seed, SESSIONS, END_S))
    return measure(folder)


def same_but_for_times(exact: Any, counted: Any, where: str = "") -> None:
    """Both documents are equal, numbers in milliseconds within what is promised."""
    if isinstance(exact, dict):
        assert list(exact) == list(counted), where
        for key in exact:
            same_but_for_times(exact[key], counted[key], f"{where}.{key}")
    elif isinstance(exact, list):
        assert len(exact) == len(counted), where
        for index, (one, other) in enumerate(zip(exact, counted, strict=True)):
            same_but_for_times(one, other, f"{where}.{index}")
    elif isinstance(exact, float) and ("_ms" in where):
        assert counted == pytest.approx(exact, rel=PROMISED), where
    else:
        assert counted == exact, where


@pytest.mark.parametrize(("seed", "warmup_s"), [(1, 0.0), (2, 2.0), (3, 9.25)])
def test_a_summary_from_histograms_is_that_from_samples(
    tmp_path: Path, seed: int, warmup_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Histograms know the second of a request, and so do intervals then; samples are held to that here.
    monkeypatch.setattr(frames, "Window", lambda **told: Window(**{**told, "told_by_s": 1.0}))
    exact = document_of(measured(tmp_path, "all", seed, warmup_s=warmup_s).summary)
    counted = document_of(measured(tmp_path, "none", seed, warmup_s=warmup_s).summary)
    assert (exact.pop("samples"), counted.pop("samples")) == ("all", "none")
    assert exact["total"]["count"] > 100
    same_but_for_times(exact, counted)


def test_a_report_s_courses_from_histograms_are_those_from_samples(tmp_path: Path) -> None:
    exact, counted = (report_data(measured(tmp_path, mode, 4)) for mode in ("all", "none"))
    assert counted.rates == exact.rates
    for one, other in zip(exact.flow_series, counted.flow_series, strict=True):
        assert other.count == one.count
        for name in ("p50_ms", "max_ms"):  # null, where too few are in a bin, in both
            found, expected = (np.array(getattr(row, name), dtype=float) for row in (other, one))
            assert found == pytest.approx(expected, rel=PROMISED, nan_ok=True)
    for before, after in zip(exact.percentiles, counted.percentiles, strict=True):
        assert (after.n, after.quantiles) == (before.n, before.quantiles)
        assert after.service_ms == pytest.approx(before.service_ms, rel=PROMISED)


def test_a_run_read_in_many_batches_is_that_read_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = measured(tmp_path, "all", 12, warmup_s=1.5)
    monkeypatch.setattr(row_files, "BATCH_ROWS", 50)
    in_batches = measure(at_once.folder)
    assert in_batches.summary == at_once.summary
    assert report_data(in_batches) == report_data(at_once)


@pytest.mark.parametrize("mode", ["all", "none"])
def test_an_interrupted_run_counts_the_whole_seconds_until_then(tmp_path: Path, mode: str) -> None:
    sessions = made_up(5, SESSIONS, END_S)
    folder = run_folder(tmp_path, mode, sessions=SESSIONS, end_s=END_S, warmup_s=1.5)
    write(folder, sessions)
    folder.write_run(folder.read_run().ended_early(6.4))
    expected = sum(1.5 < row.intended_s <= 6 for rows in sessions for row in rows)
    assert measure(folder).summary.total.count == expected


@pytest.mark.parametrize("mode", ["all", "slow", "none"])
def test_a_killed_command_s_run_is_recovered_whatever_was_stored(tmp_path: Path, mode: str) -> None:
    sessions = made_up(11, SESSIONS, END_S)
    folder = run_folder(tmp_path, mode, sessions=SESSIONS, end_s=END_S)
    write(folder, [rows for rows in sessions if rows[0].intended_s <= 7.3])
    folder.write_run(replace(folder.read_run(), start_unix_s=None))
    recover(folder)
    expected = sum(row.intended_s <= 7 for rows in sessions for row in rows)
    summary = measure(folder).summary
    assert (summary.interrupted, summary.total.count) == (True, expected)
    assert sum(row.sessions for row in summary.flows) == SESSIONS * 7 / END_S


def test_the_parts_of_two_processes_merge_to_the_counts_of_one(tmp_path: Path) -> None:
    folder = measured(tmp_path, "none", 6).folder
    merged = pd.read_parquet(folder.merged("histograms"))
    rows = [row for session in made_up(6, SESSIONS, END_S) for row in session]
    assert merged["requests"].sum() == len(rows)
    for time in ("response", "service", "lag"):
        assert merged[f"{time}_count"].map(sum).sum() == len(rows)
    keys = [
        "second",
        "in_window",
        "flow",
        "endpoint",
        "base",
        "cause",
        "cache",
        "pop",
        "answered",
        "behaviour",
        "scheduled",
    ]
    assert not merged.duplicated(keys).any()
    assert not (folder.path / "histograms").exists()


def test_slow_keeps_every_failure_and_the_slowest_of_each_endpoint(tmp_path: Path) -> None:
    sessions = made_up(7, SESSIONS, END_S)
    folder = run_folder(tmp_path, "slow", sessions=SESSIONS, end_s=END_S)
    write(folder, sessions, parts=1)
    rows = pd.DataFrame([row for session in sessions for row in session], columns=Sample._fields)
    rows["response_s"] = rows.done_s - rows.intended_s
    kept = folder.read_rows("samples")[0].to_pandas()
    assert kept.cause.notna().sum() == rows.cause.notna().sum() > 0
    for (process, endpoint), own in rows[rows.cause.isna()].groupby(["process", "endpoint"]):
        slowest = own.sort_values("response_s").response_s.to_numpy()[-int(np.ceil(len(own) / 100)) :]
        chosen = kept[(kept.process == process) & (kept.endpoint == endpoint) & kept.cause.isna()]
        assert sorted(chosen.done_s - chosen.intended_s) == pytest.approx(list(slowest), abs=0)


def test_none_keeps_no_sample(tmp_path: Path) -> None:
    run = measured(tmp_path, "none", 8)
    assert not (run.folder.path / "samples").exists()
    assert (run.summary.flows[0].session_time_ms.p50 or 0) > 0


@pytest.mark.parametrize(
    ("mode", "kind"), [("all", "samples"), ("none", "sessions"), ("none", "histograms"), ("none", "outcomes")]
)
def test_a_torn_part_is_named_and_costs_its_own_rows_only(tmp_path: Path, mode: str, kind: str) -> None:
    folder = run_folder(tmp_path, mode, sessions=SESSIONS, end_s=END_S)
    write(folder, made_up(9, SESSIONS, END_S))
    torn = folder.part(kind, 1, 2)
    torn.write_bytes(torn.read_bytes()[:-20])
    for _ in range(2):  # the second time all is merged already
        (note,) = measure(folder).summary.notes
        assert note == f"Rows are missing: 1 files of {kind}/ cannot be read (1-2.parquet)."


def test_an_arrival_has_its_first_outcome_and_is_lost_without_any(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "none", sessions=4, end_s=4.0)
    write_rows(folder, "outcomes", 0, 0, [Outcome(0, 0, True, None), Outcome(2, 0, False, "in_flight_cap")])
    write_rows(folder, "outcomes", 0, 1, [Outcome(2, 0, True, None), Outcome(3, 1, False, "not_allowed")])
    measure(folder)
    arrivals = folder.read_table(folder.arrivals)
    assert arrivals["sent"].to_pylist() == [True, False, False, False]
    assert arrivals["cause"].to_pylist() == [None, "lost", "in_flight_cap", "not_allowed"]
    assert arrivals["process"].to_pylist() == [0, 1, 0, 1]


def test_a_folder_without_room_to_merge_is_measured_from_its_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(folder: RunFolder, kind: str) -> None:
        raise DiskFull(f"disk full: {folder.merged(kind)}", "free space")

    whole = measured(tmp_path / "a", "none", 10).summary
    monkeypatch.setattr(RunFolder, "merge_counts", no_room)
    parts = measured(tmp_path / "b", "none", 10)
    assert len(parts.summary.notes) == 2
    assert parts.summary.endpoints == whole.endpoints
    assert not parts.folder.merged("histograms").exists()
