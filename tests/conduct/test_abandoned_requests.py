"""Requests under way when a run ends at once: stored and counted as failures of cause `cut`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.support.half_hanging import HalfHanging
from tests.support.served import ROOT, http_server, tidegauge, write_plan, write_stack
from tidegauge.store import RunFolder

RATE = 30
BACKGROUND = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture
def server() -> Iterator[HalfHanging]:
    with HalfHanging().serving() as found:
        yield found


@contextmanager
def run_of(
    folder: Path, url: str, *options: str, head: str = "", steps: str = "", tail: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A run of RATE sessions a second for a minute, with health on disk: it sends for two seconds or more."""
    plan = write_plan(folder, rate=RATE, duration_s=60, head=head, steps=steps, tail=tail)
    stack = write_stack(folder, url)
    command = [sys.executable, "-m", "tidegauge", "run", str(plan), "--stack", str(stack), *options]
    command += ["--out", str(folder / "r")]
    own = {**os.environ, "TMPDIR": str(folder)}  # a killed command leaves its lease there
    with subprocess.Popen(command, cwd=ROOT, env=own, **BACKGROUND) as child:
        wait_until(lambda: bool(list((folder / "r" / "health").glob("*.parquet"))))
        yield child


def wait_until(true: Callable[[], bool], patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def interrupt_twice(child: subprocess.Popen[bytes]) -> None:
    """The second Ctrl-C comes amid the drain that the first one began."""
    child.send_signal(signal.SIGINT)
    time.sleep(0.7)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130


def rows_of(folder: Path, kind: str) -> pd.DataFrame:
    return pq.read_table(folder / "r" / kind).to_pandas()


def summary_of(folder: Path) -> Any:
    return RunFolder(folder / "r").read_json(folder / "r" / "summary.json")


def causes(rows: pd.DataFrame, count: str) -> dict[str, int]:
    return {str(cause): int(n) for cause, n in rows.groupby("cause")[count].sum().items()}


@pytest.mark.parametrize(("processes", "samples"), [(1, "all"), (2, "all"), (1, "none"), (2, "none")])
def test_as_many_are_stored_as_cut_as_the_server_had_under_way(
    tmp_path: Path, server: HalfHanging, processes: int, samples: str
) -> None:
    options = ("--processes", str(processes), "--set", f"samples={samples}")
    with run_of(tmp_path, server.url, *options) as child:
        interrupt_twice(child)
    assert server.hung > RATE / 2
    assert causes(rows_of(tmp_path, "histograms.parquet"), "requests") == {"cut": server.hung}
    assert int(rows_of(tmp_path, "moments.parquet")["failed"].sum()) == server.hung
    if samples == "all":
        rows = rows_of(tmp_path, "samples")
        cut = rows[rows["cause"] == "cut"]
        assert len(cut) == server.hung
        assert set(cut["status"]) == {0}
        assert cut["done_s"].max() - cut["done_s"].min() < 1.0  # by process, the moment of the cut
        assert cut["done_s"].min() > rows["sent_s"].max()
    else:
        assert int(rows_of(tmp_path, "sessions")["failed"].sum()) == server.hung
    summary = summary_of(tmp_path)
    (flow,) = summary["flows"]
    # every other one of those due in whole seconds, give or take the order in which they reach the server
    end_s = RunFolder(tmp_path / "r").read_run().window.end_s
    assert summary["total"]["count"] == flow["sessions"] == RATE * end_s
    assert abs(summary["total"]["failures_by_cause"]["cut"] - RATE * end_s / 2) <= 3
    assert flow["session_failures"] == summary["total"]["failures"]


def test_after_the_first_ctrl_c_the_end_of_the_drain_cuts_with_cause_timeout(
    tmp_path: Path, server: HalfHanging
) -> None:
    with run_of(tmp_path, server.url, head="drain_s = 0.5") as child:
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
    assert causes(rows_of(tmp_path, "histograms.parquet"), "requests") == {"timeout": server.hung}


def test_what_a_guard_stopped_and_ctrl_c_then_ended_is_cut(tmp_path: Path, server: HalfHanging) -> None:
    with run_of(tmp_path, server.url, tail="[guards]\nbudget_usd = 0.00006\n") as child:  # 60 API requests
        hung = [-1]

        def is_draining() -> bool:
            hung.append(server.hung)
            time.sleep(0.2)  # six more would be sent meanwhile
            return hung[-2] == server.hung

        wait_until(is_draining)
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 13
    assert causes(rows_of(tmp_path, "histograms.parquet"), "requests") == {"cut": server.hung}
    assert summary_of(tmp_path)["stopped_by"]["guard"] == "budget_usd"


def test_a_session_that_is_abandoned_while_it_waits_to_think_has_failed(tmp_path: Path) -> None:
    steps = '[[flow.step]]\npath = "/one"\n[[flow.step]]\npath = "/two"\nthink_time_s = 50\n'
    with (
        http_server(lambda _path: (200, {}, b"ok")) as url,
        run_of(tmp_path, url, steps=steps) as child,
    ):
        interrupt_twice(child)
    summary = summary_of(tmp_path)
    (flow,) = summary["flows"]
    assert summary["total"]["failures"] == 0  # what it still owed was not due within the window
    assert flow["session_failures"] == flow["sessions"] > 0


def test_an_answer_that_had_begun_counts_as_none(tmp_path: Path) -> None:
    with (
        http_server(lambda _path: (200, {"Content-Length": "10", "X-Cache": "Hit"}, b"half")) as url,
        run_of(tmp_path, url) as child,
    ):
        interrupt_twice(child)
    rows = rows_of(tmp_path, "samples")
    assert set(rows["cause"]) == {"cut"}
    assert set(rows["status"]) == {0}
    assert set(rows["received_bytes"]) == {4}
    assert rows["cache"].isna().all()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_command_leaves_them_too(tmp_path: Path, server: HalfHanging, processes: int) -> None:
    with run_of(tmp_path, server.url, "--processes", str(processes)) as child:
        child.kill()
        child.wait(30)
        wait_until(lambda: not _generators(tmp_path))
    code, _, _ = tidegauge("report", tmp_path / "r")
    assert code == 0
    found = causes(rows_of(tmp_path, "histograms.parquet"), "requests")
    assert set(found) == {"cut"}
    assert server.hung <= found["cut"] <= server.hung + 5  # with those just being answered


def test_of_a_generator_that_had_to_be_killed_they_are_lost(tmp_path: Path, server: HalfHanging) -> None:
    with run_of(tmp_path, server.url) as child:
        (generator, *_) = _generators(tmp_path)
        os.kill(generator, signal.SIGSTOP)  # it hears neither of the first two
        for _ in range(3):
            child.send_signal(signal.SIGINT)
            time.sleep(0.5)
        assert child.wait(30) == 130
    summary = summary_of(tmp_path)
    assert set(summary["total"]["failures_by_cause"]) == {"lost"}
    assert summary["verdict"] == "INVALID"


def _generators(folder: Path) -> list[int]:
    """Processes of the engine that belong to the run in `folder`, writers included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if b"tidegauge.engine" in command and str(folder / "r").encode() in environment + command:
            found.append(int(entry.name))
    return sorted(found)
