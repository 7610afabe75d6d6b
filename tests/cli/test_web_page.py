"""Locust's own web page beside a run of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.support.served import ROOT, good_after, http_server, write_plan, write_stack
from tidegauge.store import RunFolder


@pytest.mark.option("run --web")
def test_the_page_shows_our_requests_and_its_stop_button_ends_the_run_as_ctrl_c_does(tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=40, duration_s=60)
    with http_server(good_after(0)) as url:
        command = [sys.executable, "-m", "tidegauge", "run", str(plan), "--web"]
        command += ["--stack", str(write_stack(tmp_path, url)), "--out", str(tmp_path / "r")]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            match = re.search(r"http://127\.0\.0\.1:\d+", child.stderr.readline())
            assert match is not None
            deadline = time.monotonic() + 30
            while not list((tmp_path / "r" / "samples").glob("*.parquet")):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            with urllib.request.urlopen(f"{match[0]}/stats/requests") as answer:  # noqa: S310  # loopback
                rows = {row["name"]: row for row in json.load(answer)["stats"]}
            urllib.request.urlopen(  # noqa: S310  # loopback
                urllib.request.Request(f"{match[0]}/stop", method="POST")  # noqa: S310  # as above
            ).close()
            child.communicate(timeout=30)
    assert rows["/ping"]["num_requests"] > 20
    assert child.returncode == 130
    folder = RunFolder(tmp_path / "r")
    assert folder.read_json(folder.summary_json)["total"]["failures"] == 0
