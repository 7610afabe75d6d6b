"""Rows on their way to the disk: told live, kept when their process is killed or the disk is full."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import pytest
from written_rows import made_up, request, run_folder

from tests.support import disks
from tidegauge.engine.recorder import Recorder
from tidegauge.histograms import Histogram
from tidegauge.records import Sample
from tidegauge.store import RunFolder

LOST_S_MAX = 5.0
CHILD = Path(__file__).with_name("recording_child.py")


def recorded(folder: RunFolder, rows: list[Sample], on_live: Any) -> bool:
    failures: list[str] = []
    recorder = Recorder(folder.path, 0, failures.append, on_live)
    for row in rows:
        recorder.add_sample(row)
    gevent.sleep(2.5)  # batches of a second each
    stored = recorder.close()
    assert failures == []
    return stored


def test_what_is_told_live_adds_up_to_what_was_recorded(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "none", sessions=500, end_s=10)
    rows = [row for session in made_up(1, 500, 10.0) for row in session]
    documents: list[dict[str, Any]] = []
    assert recorded(folder, rows, documents.append)
    assert sum(document["requests"] for document in documents) == len(rows)
    causes: Counter[str] = Counter()
    lag, response = Histogram(), {row.endpoint: Histogram() for row in rows}
    for document in documents:
        causes.update(document["failures"])
        lag.merge(Histogram.from_plain(document["lag"]))
        for endpoint, counts in document["response"].items():
            response[endpoint].merge(Histogram.from_plain(counts))
    assert causes == Counter(row.cause for row in rows if row.cause)
    assert lag.n == sum(row.scheduled for row in rows)
    for endpoint, histogram in response.items():
        good = sorted(row.response_time_s for row in rows if row.endpoint == endpoint and not row.cause)
        assert histogram.n == len(good)
        assert histogram.quantile(0.5) == pytest.approx(good[-(-len(good) // 2) - 1], rel=0.01)
    for key, wanted in {"cdn_requests": 1, "cdn_bytes": None}.items():
        expected = sum(wanted or row.received_bytes for row in rows if row.base == "cdn")
        assert sum(document[key] for document in documents) == expected
    hits = sum(document["cache"]["hit"] for document in documents)
    cached = [row for row in rows if row.base != "other" and not row.url_path.startswith("/api/")]  # TTL 0
    assert hits == sum(row.cache == "hit" for row in cached)


def test_a_listener_that_breaks_costs_no_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: dict[str, Any]) -> None:
        raise RuntimeError("no ear")

    folder = run_folder(tmp_path, "all", sessions=500, end_s=10)
    rows = [row for session in made_up(2, 500, 10.0) for row in session]
    assert recorded(folder, rows, broken)
    assert folder.read_rows("samples")[0].num_rows == len(rows)
    assert "no ear" in capsys.readouterr().err


def test_the_writer_loads_no_pandas() -> None:
    """It would take a second of CPU as the run begins."""
    script = "import sys, tidegauge.engine.writer; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_folder_without_a_run_takes_samples_alone(tmp_path: Path) -> None:
    rows = [row for session in made_up(3, 50, 1.0) for row in session]
    assert recorded(RunFolder(tmp_path), rows, None)
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]
    table = RunFolder(tmp_path).read_rows("samples")[0]
    assert [tuple(row.values()) for row in table.to_pylist()] == [tuple(row) for row in rows]


@pytest.mark.parametrize("mode", ["all", "none"])
def test_a_generator_killed_outright_loses_less_than_five_seconds(tmp_path: Path, mode: str) -> None:
    folder = run_folder(tmp_path, mode, sessions=3000, end_s=30.0)
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder.path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    last_s = 0.0
    for line in child.stdout:
        last_s = float(line)
        if last_s > 6:
            break
    child.kill()
    child.wait()
    child.stdout.close()
    newest_s, deadline = 0.0, time.monotonic() + 5  # the writer stores what it had received
    while newest_s < last_s - LOST_S_MAX and time.monotonic() < deadline:
        time.sleep(0.1)
        if mode == "all":
            kept = [folder.read_rows("samples", ["sent_s"])[0]["sent_s"]]
        else:
            kept = [table["second"] for table in folder.read_counts("histograms", ["second"])]
        newest_s = max((float(max(column.to_pylist())) for column in kept if len(column)), default=0.0)
    assert newest_s >= last_s - LOST_S_MAX


@pytest.fixture
def full_disk(tmp_path: Path) -> Any:
    with disks.small_disk(tmp_path, "256k") as mount:
        yield mount


def test_a_full_disk_is_told_once_and_what_was_counted_stays_whole(full_disk: Path) -> None:
    folder = run_folder(full_disk, "none", sessions=1000, end_s=10.0)
    failures: list[str] = []
    recorder, rng = Recorder(folder.path, 0, failures.append), np.random.default_rng(1)
    deadline, index = time.monotonic() + 30, 0
    while not failures and time.monotonic() < deadline:
        for _ in range(3000):
            recorder.add_sample(request(rng, index, 0, "view", index / 3000, None))
            index += 1
        gevent.sleep(0.5)
    assert recorder.close() is False
    assert failures == ["disk full: samples can no longer be written"]
    assert list((folder.path / "histograms").glob("*.partial")) == []
    assert folder.torn_parts("histograms") == []
    counted = sum(
        table["requests"].to_numpy().sum() for table in folder.read_counts("histograms", ["requests"])
    )
    assert 0 < counted < index
