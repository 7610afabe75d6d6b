"""A generator that is held up, in front of a server that is not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.served import good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.engine.events import RUN_FOLDER

PAUSED_STEPS = '[[flow.step]]\npath = "/1"\n[[flow.step]]\npath = "/2"\nthink_time_s = 0.05\n'
STEPS = "".join(f'[[flow.step]]\npath = "/{number}"\n' for number in range(1, 7))
FROZEN_S, EVERY_S = 0.5, 1.0


def generator_of(run: Path) -> int | None:
    """The process that sends the run's requests: not the writer, which is in a session of its own."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if f"{RUN_FOLDER}={run}".encode() in environment and b"engine.writer" not in command:
            return int(process.name)
    return None


@contextmanager
def held_up(run: Path) -> Iterator[None]:
    """The generator of the run stands still for FROZEN_S in every EVERY_S, once the first rows are there."""
    over = threading.Event()

    def hold() -> None:
        while not list(run.glob("health/*.parquet")) and not over.wait(0.02):
            pass
        while not over.wait(EVERY_S - FROZEN_S):
            process = generator_of(run)
            if process is not None:
                os.kill(process, signal.SIGSTOP)
                time.sleep(FROZEN_S)
                os.kill(process, signal.SIGCONT)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("samples", ["all", "none"])
def test_what_a_generator_that_stands_still_adds_is_its_own(tmp_path: Path, samples: str) -> None:
    objectives = '[objectives."GET /1"]\np75_ms = 100\n'
    plan = write_plan(
        tmp_path, rate=60, duration_s=8, steps=STEPS, tail=objectives, head=f'samples = "{samples}"'
    )
    run = (tmp_path / "run").resolve()
    with http_server(good_after(0.001)) as url, held_up(run):
        code, summary, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url), "--out", run)
    assert code == 12, summary["reasons"]
    (first,) = summary["objectives"]
    assert first["state"] != "holds", summary["reasons"]
    assert first["without_lag"] == "holds"
    assert any("the generator's own lag decides this" in reason for reason in summary["reasons"])
    # of sessions due in 8 s, many came while it stood still for up to 500 ms: P99 is near all of that
    flow = summary["flows"][0]
    assert summary["generator"]["sent_requests"] == flow["scheduled"] == flow["sessions"]
    assert summary["generator"]["lag_ms_p99"] == flow["lag_ms_p99"]
    assert 200 < flow["lag_ms_p99"] < 1000


def test_a_step_after_a_pause_has_a_scheduled_moment_too(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=20, duration_s=2, steps=PAUSED_STEPS)
    with http_server(good_after(0)) as url:
        _, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "run"
        )
    assert summary["generator"]["sent_requests"] == summary["total"]["count"] > 70
