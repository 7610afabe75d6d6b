"""Two runs never load one stack at a time, and none leaves its lease behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from tests.support.served import ROOT, good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.conduct.lease import held_lease
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.stack import Stack, load_stack

HOLD = """
import sys, pathlib
from tidegauge.conduct.lease import held_lease
from tidegauge.stack import load_stack
with held_lease(load_stack(pathlib.Path(sys.argv[1])), "first"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty temporary folder, here and in children."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def stack_at(folder: Path, url: str) -> Stack:
    return load_stack(write_stack(folder, url))


def test_a_second_run_on_a_stack_is_refused_by_name_until_the_first_ends(
    tmp_path: Path, temporary: Path
) -> None:
    plan = write_plan(tmp_path, rate=10, duration_s=1)
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        run = ("run", plan, "--stack", stack, "--out", tmp_path / "run")
        with held_lease(stack_at(tmp_path, f"{url}/"), "the-first"):  # known by its URLs, however written
            code, document, _ = tidegauge(*run)
        assert code == 13
        assert "the-first (" in document["error"]["message"]
        assert f"process {os.getpid()}" in document["error"]["message"]
        write_stack(tmp_path, url)
        assert tidegauge(*run)[0] == 0
    assert list(temporary.iterdir()) == []


def test_another_stack_is_free_and_keeps_its_lease_when_the_first_ends(
    tmp_path: Path, temporary: Path
) -> None:
    one, two = (stack_at(tmp_path, f"http://127.0.0.1:{port}") for port in (8001, 8002))
    with held_lease(two, "two"):
        with held_lease(one, "one"):
            assert len(list(temporary.glob("*/*"))) == 2
        assert len(list(temporary.glob("*/*"))) == 1
        with pytest.raises(TidegaugeError, match="two"), held_lease(two, "three"):
            pass
    assert list(temporary.iterdir()) == []


def test_a_run_that_was_killed_holds_nothing_and_the_next_one_removes_what_it_left(
    tmp_path: Path, temporary: Path
) -> None:
    stack = write_stack(tmp_path, "http://127.0.0.1:8001")
    command = [sys.executable, "-c", HOLD, str(stack)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(TidegaugeError, match=f"process {first.pid}"), held_lease(load_stack(stack), "2"):
            pass
        first.kill()
    assert len(list(temporary.glob("*/*"))) == 1
    with held_lease(stack_at(tmp_path, "http://127.0.0.1:8002"), "of another stack"):
        assert len(list(temporary.glob("*/*"))) == 1
    assert list(temporary.iterdir()) == []


def test_of_many_at_once_one_holds_and_the_others_are_refused(tmp_path: Path, temporary: Path) -> None:
    stacks = [stack_at(tmp_path, f"http://127.0.0.1:{port}") for port in (8001, 8002)]
    holders, most, outcomes = [0, 0], [0, 0], []

    def run(number: int) -> None:
        for _ in range(50):
            try:
                with held_lease(stacks[number], "many"):
                    holders[number] += 1
                    most[number] = max(most[number], holders[number])
                    holders[number] -= 1
                outcomes.append(ExitCode.PASS)
            except TidegaugeError as error:
                outcomes.append(error.exit_code)

    threads = [threading.Thread(target=run, args=(each % 2,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1, 1]
    assert len(outcomes) == 400
    assert set(outcomes) <= {ExitCode.PASS, ExitCode.REFUSED}
    assert list(temporary.iterdir()) == []


def test_a_lease_that_names_no_object_is_a_mistake(tmp_path: Path) -> None:
    with http_server(lambda _path: (200, {}, b"ok")) as url:
        stack = write_stack(tmp_path, url, extra='lease = "s3://bucket"\n')
        code, document, _ = tidegauge("run", write_plan(tmp_path, rate=1, duration_s=1), "--stack", stack)
    assert (code, document["error"]["hint"]) == (2, "s3://BUCKET/KEY")
