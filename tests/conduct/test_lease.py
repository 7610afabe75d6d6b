"""Two runs never load one stack at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.support.served import ROOT, http_server, tidegauge, write_plan, write_stack


def test_a_second_run_on_a_stack_is_refused_by_name_until_the_first_ends(tmp_path: Path) -> None:
    reached = threading.Event()

    def answer(_path: str) -> tuple[int, dict[str, str], bytes]:
        reached.set()
        return 200, {}, b"ok"

    with http_server(answer) as url:
        stack = write_stack(tmp_path, url)
        other = tmp_path / "other.toml"
        other.write_text(stack.read_text(encoding="utf-8").replace(url, f"{url}/"), encoding="utf-8")
        plan = write_plan(tmp_path, rate=10, duration_s=6, head='name = "first"')
        command = [sys.executable, "-m", "tidegauge", "run", str(plan), "--stack", str(stack)]
        with subprocess.Popen(
            [*command, "--out", str(tmp_path / "1")], cwd=ROOT, stderr=subprocess.DEVNULL
        ) as first:
            assert reached.wait(30)
            time.sleep(0.5)  # the first request is the reachability check
            code, document, _ = tidegauge("run", plan, "--stack", other, "--out", tmp_path / "2")
            assert code == 13
            assert "-first (" in document["error"]["message"]
            assert f"process {first.pid}" in document["error"]["message"]
            assert first.wait(60) == 0
        code, _, _ = tidegauge(
            "run", plan, "--stack", other, "--set", "arrivals.0.duration_s=1", "--out", tmp_path / "3"
        )
        assert code == 0


def test_a_run_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    reached = threading.Event()

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if path == "/ping":
            reached.set()
        return 200, {}, b"ok"

    with http_server(answer) as url:
        stack, plan = write_stack(tmp_path, url), write_plan(tmp_path, rate=10, duration_s=30)
        command = [sys.executable, "-m", "tidegauge", "run", str(plan), "--stack", str(stack)]
        with subprocess.Popen(
            [*command, "--out", str(tmp_path / "1")], cwd=ROOT, stderr=subprocess.DEVNULL
        ) as first:
            assert reached.wait(30)
            first.kill()
        code, _, _ = tidegauge(
            "run", plan, "--stack", stack, "--set", "arrivals.0.duration_s=1", "--out", tmp_path / "2"
        )
    assert code == 0


def test_a_lease_that_names_no_object_is_a_mistake(tmp_path: Path) -> None:
    with http_server(lambda _path: (200, {}, b"ok")) as url:
        stack = write_stack(tmp_path, url, extra='lease = "s3://bucket"\n')
        code, document, _ = tidegauge("run", write_plan(tmp_path, rate=1, duration_s=1), "--stack", stack)
    assert (code, document["error"]["hint"]) == (2, "s3://BUCKET/KEY")
