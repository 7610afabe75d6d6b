"""A disk that fills up in the middle of a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import disks
from tests.support.served import good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.store import RunFolder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB."""
    with disks.small_disk(tmp_path, "48m") as mount:
        yield mount


def test_a_disk_that_fills_up_ends_the_run_as_invalid_and_keeps_what_was_written(
    tmp_path: Path, small_disk: Path
) -> None:
    out = small_disk / "run"

    def fill() -> None:
        deadline = time.monotonic() + 30
        while not list((out / "samples").glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.05)
        with (small_disk / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                return

    plan = write_plan(tmp_path, rate=200, duration_s=20)
    filler = threading.Thread(target=fill)
    filler.start()
    with http_server(good_after(0)) as url:
        code, summary, _ = tidegauge("run", plan, "--stack", write_stack(tmp_path, url), "--out", out)
    filler.join()
    assert (code, summary["verdict"]) == (12, "INVALID")
    assert "The disk filled up during the run." in summary["reasons"]
    samples = RunFolder(out).read_rows("samples")[0]
    assert samples.num_rows > 200
    assert RunFolder(out).read_json(out / "summary.json")["total"]["count"] > samples.num_rows
