"""What is left of a run whose command, or one of whose generators, was killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from tests.support.rows import write_rows
from tests.support.served import write_plan, write_stack
from tidegauge.cli.report import report_command
from tidegauge.conduct import preflight
from tidegauge.conduct.signals import stop_as_on_ctrl_c
from tidegauge.conduct.stages import _resolved
from tidegauge.errors import TidegaugeError
from tidegauge.plan import load_plan
from tidegauge.records import Outcome, Sample
from tidegauge.results.measure import measure
from tidegauge.run_record import MeasuredWindow
from tidegauge.stack import load_stack
from tidegauge.store import RunFolder

RATE = 10  # uniform: arrival i is due at (i + 1) / RATE


def sample(arrival: int, process: int) -> Sample:
    due = (arrival + 1) / RATE
    return Sample(
        intended_s=due, sent_s=due, first_byte_s=due + 0.01, done_s=due + 0.02, connect_s=0.001, tls_s=None,
        process=process, session=arrival, step=0, flow="ping", endpoint="GET /ping", status=200, cause=None,
        sent_bytes=0, received_bytes=2, cache="none", age_s=None, pop=None, request_id=None,
        url_path="/ping", base="api",
    )  # fmt: skip


def run_folder(tmp_path: Path, processes: int, **ended: Any) -> RunFolder:
    """A run of 40 arrivals in 4 s, as its command wrote it; `ended` is what it added at the end."""
    stack_file = write_stack(tmp_path, "http://127.0.0.1:9")
    plan = load_plan(write_plan(tmp_path, rate=RATE, duration_s=4, head="warmup_s = 1"))
    prepared = preflight.prepare(plan, load_stack(stack_file), stack_file, {})
    folder = RunFolder.create(tmp_path / "run")
    folder.write_run(replace(_resolved(prepared, "r", dt.datetime.now(dt.UTC), processes, None), **ended))
    return folder


def store(folder: RunFolder, process: int, sent: Sequence[int], answered: Sequence[int]) -> None:
    write_rows(folder, "outcomes", process, 0, [Outcome(arrival, process, True, None) for arrival in sent])
    write_rows(folder, "samples", process, 0, [sample(arrival, process) for arrival in answered])


def test_a_report_of_a_killed_command_counts_what_was_due_until_then(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, 2)
    store(folder, 0, range(0, 24, 2), range(0, 24, 2))
    store(folder, 1, range(1, 24, 2), range(1, 24, 2))
    done = CliRunner().invoke(report_command, [str(folder.path), "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(folder.summary_json.read_text())
    # the processes' last are due at 2.3 and 2.4 s: (1, 2] holds 10 arrivals at 10/s
    assert summary["interrupted"] is True
    assert (summary["total"]["count"], summary["total"]["failures"]) == (10, 0)
    assert summary["generator"]["lost"] == 0
    assert not folder.reserve.exists()
    again = CliRunner().invoke(report_command, [str(folder.path), "--json"])
    assert again.exit_code == 0
    assert json.loads(folder.summary_json.read_text())["total"]["count"] == 10


def test_what_a_killed_command_sent_and_left_no_row_of_is_lost(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, 1)
    store(folder, 0, range(31), range(0, 30, 2))  # of the 20 due in (1, 3] every other one was answered
    done = CliRunner().invoke(report_command, [str(folder.path), "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(folder.summary_json.read_text())
    assert (summary["total"]["count"], summary["total"]["failures_by_cause"]) == (20, {"lost": 10})
    assert summary["verdict"] == "INVALID"


def test_a_run_killed_before_anything_was_sent_has_no_report(tmp_path: Path) -> None:
    done = CliRunner().invoke(report_command, [str(run_folder(tmp_path, 1).path), "--json"])
    assert done.exit_code == 2
    assert "killed before anything was sent" in json.loads(done.stdout)["error"]["message"]


def test_a_run_interrupted_in_its_warm_up_has_no_summary(tmp_path: Path) -> None:
    cut = MeasuredWindow(start_s=1, end_s=0.5)
    folder = run_folder(tmp_path, 1, start_unix_s=1.0, interrupted=True, window=cut)
    with pytest.raises(TidegaugeError, match="before anything was to be measured"):
        measure(folder)


def test_sessions_under_way_in_a_generator_that_dies_are_lost_with_it(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, 2, start_unix_s=1.0, died=(1,))
    store(folder, 0, range(0, 40, 2), range(0, 38, 2))  # 38 cut by the drain without a trace
    store(folder, 1, range(1, 40, 2), range(1, 30, 2))  # 31, 33, 35, 37 and 39 were under way
    summary = measure(folder).summary
    assert summary.verdict == "INVALID"
    assert "lost with a generator process" in summary.reasons[0]
    assert summary.total.failures_by_cause == {"lost": 5}
    arrivals = pd.read_parquet(folder.arrivals)
    assert list(arrivals[arrivals.cause == "lost"]["index"]) == [31, 33, 35, 37, 39]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_end_a_program_end_a_verb_as_ctrl_c_does(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests under nohup ignore it
    try:
        stop_as_on_ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def test_nohup_is_respected() -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        stop_as_on_ctrl_c()
        os.kill(os.getpid(), signal.SIGHUP)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
