"""Ctrl-C once ends the arrivals, twice ends the run; what was measured is reported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import ROOT, good_after, http_server, write_plan, write_stack
from tidegauge.conduct.signals import interrupts_as_bytes
from tidegauge.store import RunFolder


@contextmanager
def run_of(tmp_path: Path, url: str, *options: str, head: str = "") -> Iterator[subprocess.Popen[str]]:
    """A run of 20 sessions a second for a minute, begun and with rows on disk."""
    plan, stack = write_plan(tmp_path, rate=20, duration_s=60, head=head), write_stack(tmp_path, url)
    command = [sys.executable, "-m", "tidegauge", "run", str(plan), "--stack", str(stack), *options]
    command += ["--out", str(tmp_path / "r")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as child:
        deadline = time.monotonic() + 30
        while not list((tmp_path / "r" / "samples").glob("*.parquet")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield child


def summary_of(tmp_path: Path) -> Any:
    folder = RunFolder(tmp_path / "r")
    assert folder.report_html.exists()
    return folder.read_json(folder.summary_json)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_ends_a_program_counts_as_an_interrupt(number: signal.Signals) -> None:
    outside = signal.signal(number, signal.default_int_handler)  # tests under nohup ignore one of them
    try:
        with interrupts_as_bytes() as descriptor:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
            assert len(os.read(descriptor, 10)) == 2
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, outside)


def test_the_first_one_lets_the_sessions_under_way_end(tmp_path: Path) -> None:
    with http_server(good_after(0.8)) as url, run_of(tmp_path, url, "--processes", "2") as child:
        child.send_signal(signal.SIGINT)
        _, words = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "sessions in flight, up to 30 s; Ctrl-C again to stop now" in words
    summary = summary_of(tmp_path)
    assert summary["interrupted"] is True
    assert summary["total"]["failures"] == 0
    end_s = RunFolder(tmp_path / "r").read_json(tmp_path / "r" / "run.json")["window"]["end_s"]
    assert summary["total"]["count"] == 20 * end_s  # uniform: none of those under way is missing
    assert summary["generator"]["lost"] == summary["generator"]["unsent"] == 0


def test_the_second_one_ends_at_once(tmp_path: Path) -> None:
    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        answered.append(path)
        time.sleep(0 if len(answered) < 40 else 30)
        return 200, {}, b"ok"

    answered: list[str] = []
    with http_server(answer) as url, run_of(tmp_path, url) as child:
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert child.poll() is None  # the drain
        child.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, words = child.communicate(timeout=30)
    assert child.returncode == 130
    assert time.monotonic() - began < 15
    assert "stopping now" in words
    summary = summary_of(tmp_path)
    assert summary["interrupted"] is True
    assert summary["total"]["count"] > 0
