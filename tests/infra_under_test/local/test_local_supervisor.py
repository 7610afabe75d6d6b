"""The life of a local stack: up, watched, and gone on every way out. Small parts only, to be quick."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra_under_test.local import state
from tests.support.local_stack_process import COMMAND, held_stack, is_gone, processes_of, run

pytestmark = pytest.mark.stack
SMALL = ("--only", "redis,edge")


def directory_of(status: dict[str, Any]) -> Path:
    return Path(status["descriptor"]).parent


def supervisor_of(status: dict[str, Any]) -> psutil.Process:
    state = json.loads((directory_of(status) / "state.json").read_text())
    return psutil.Process(state["supervisor_pid"])


def test_up_returns_when_ready_and_down_leaves_nothing(tmp_path: Path) -> None:
    code, status, table = run("up", "--name", "plain", *SMALL, state_dir=tmp_path)
    assert code == 0
    assert status["name"] == "plain"
    assert [part["name"] for part in status["parts"]] == ["redis", "edge"]
    assert all(part["alive"] and part["rss_bytes"] > 0 for part in status["parts"])
    assert "redis" in table
    assert directory_of(status).stat().st_mode & 0o777 == 0o700
    code, answer, _ = run("down", "--name", "plain", state_dir=tmp_path)
    assert (code, answer) == (0, {"stopped": ["plain"]})
    assert is_gone(directory_of(status), within_s=0.5)


def test_a_kill_of_the_holder_takes_everything_down(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "up = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
        "up.wait(); time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, *COMMAND, "up", "--hold-stdin", *SMALL],
        env={**os.environ, "TIDEGAUGE_STATE_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    status = json.loads(holder.stdout.readline())
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert is_gone(directory_of(status), within_s=3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_supervisor_takes_everything_down(tmp_path: Path, number: int) -> None:
    _, status, _ = run("up", *SMALL, state_dir=tmp_path)
    supervisor_of(status).send_signal(number)
    assert is_gone(directory_of(status), within_s=3)


def test_a_foreground_stack_ends_on_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "up", "--foreground", *SMALL],
        env={**os.environ, "TIDEGAUGE_STATE_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as stack:
        assert stack.stdout is not None
        status = json.loads(stack.stdout.readline())
        stack.send_signal(signal.SIGINT)
        assert stack.wait(timeout=3) == 0
    assert is_gone(directory_of(status), within_s=0.5)


def test_a_killed_start_leaves_nothing(tmp_path: Path) -> None:
    up = subprocess.Popen(
        [*COMMAND, "up", "--only", "dynamodb"],
        env={**os.environ, "TIDEGAUGE_STATE_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 5
    while not list(tmp_path.glob("local-*/logs/dynamodb.log")) and time.monotonic() < deadline:
        time.sleep(0.01)
    (directory,) = tmp_path.glob("local-*")
    up.kill()
    up.wait()
    assert is_gone(directory, within_s=5)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_parts_die_with_a_killed_supervisor_and_the_next_verb_removes_the_rest(tmp_path: Path) -> None:
    _, status, _ = run("up", *SMALL, state_dir=tmp_path)
    supervisor_of(status).kill()
    deadline = time.monotonic() + 2
    while processes_of(directory_of(status)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(directory_of(status)) == []
    code, _, said = run("status", state_dir=tmp_path)
    assert code == 2
    assert f"left: {directory_of(status)}" in said
    assert is_gone(directory_of(status), within_s=0)


def test_the_folder_of_stacks_comes_and_goes_while_many_claim_in_it(tmp_path: Path) -> None:
    root, inside, counted = tmp_path / "stacks", 0, []

    def claim() -> None:
        nonlocal inside
        for _ in range(100):
            with state.exclusive(root):
                inside += 1
                counted.append(inside)
                inside -= 1
            state.forget_empty(root)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counted == [1] * 800
    assert not root.exists()


def test_two_stacks_side_by_side_do_not_collide(tmp_path: Path) -> None:
    with (
        held_stack("--name", "one", *SMALL, state_dir=tmp_path) as one,
        held_stack("--name", "two", *SMALL, state_dir=tmp_path) as two,
    ):
        urls = [part["url"] for stack in (one, two) for part in stack["parts"]]
        assert len(set(urls)) == 4
        for name in ("one", "two"):
            code, status, _ = run("status", "--name", name, state_dir=tmp_path)
            assert (code, status["name"]) == (0, name)
            assert all(part["alive"] for part in status["parts"])


def test_a_name_that_is_up_is_refused(tmp_path: Path) -> None:
    with held_stack("--name", "one", *SMALL, state_dir=tmp_path):
        code, answer, _ = run("up", "--name", "one", *SMALL, state_dir=tmp_path)
    assert code == 2
    assert answer["error"]["exit_code"] == 2
    assert "'one' is already up" in answer["error"]["message"]


def test_a_dead_part_is_shown_with_its_last_lines_and_not_restarted(tmp_path: Path) -> None:
    with held_stack(*SMALL, state_dir=tmp_path) as status:
        redis = status["parts"][0]
        psutil.Process(redis["pid"]).kill()
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            _, later, _ = run("status", state_dir=tmp_path)
            if not later["parts"][0]["alive"]:
                break
        assert later["parts"][0]["alive"] is False
        assert later["parts"][0]["exit_code"] == -signal.SIGKILL
        assert any("eady to accept connections" in line for line in later["parts"][0]["log"])
        assert later["parts"][1]["alive"] is True
        log = (directory_of(status) / "supervisor.log").read_text()
        assert "part 'redis' ended with -9 and is not restarted" in log


def test_the_memory_of_all_parts_is_summed(tmp_path: Path) -> None:
    with held_stack(*SMALL, state_dir=tmp_path) as status:
        control = http.client.HTTPConnection(status["control_url"].removeprefix("http://"))
        control.request("GET", "/memory")
        memory = json.load(control.getresponse())
        control.close()
    assert set(memory["parts"]) == {"redis", "edge"}
    assert memory["total_bytes"] == memory["parts"]["redis"] + memory["parts"]["edge"]


def test_a_missing_program_is_named_with_the_fix(tmp_path: Path) -> None:
    code, answer, _ = run("up", *SMALL, state_dir=tmp_path, TIDEGAUGE_NGINX="/nowhere/nginx")
    assert code == 2
    assert "part 'edge'" in answer["error"]["message"]
    assert "TIDEGAUGE_NGINX" in answer["error"]["message"]
    assert answer["error"]["hint"]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_taken_port_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        code, answer, _ = run("up", *SMALL, "--port", f"edge={port}", state_dir=tmp_path)
    assert code == 2
    assert f"port {port} for 'edge' is taken" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--worker-vcpu", "0"), "--worker-vcpu"),
        (("--worker-vcpu", "4096"), "--worker-vcpu"),
        (("--worker-vcpu", "half"), "--worker-vcpu"),
        (("--worker-concurrency", "0"), "--worker-concurrency"),
        (("--only", "redis,kafka"), "kafka"),
        (("--name", "../escape"), "../escape"),
        (("--set-env", "NOVALUE"), "NOVALUE"),
        (("--hold-fd", "77"), "77"),
        (("--hold-stdin",), "0"),  # /dev/null holds nothing
    ],
)
def test_a_wrong_argument_is_refused_with_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], named: str
) -> None:
    code, answer, _ = run("up", *arguments, state_dir=tmp_path)
    assert code == 2
    assert named in answer["error"]["message"]


def test_a_part_that_cannot_start_fails_the_start_with_its_last_line(tmp_path: Path) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v=1.2.3 && exit\necho no memory left; exit 3\n'
    )
    broken.chmod(0o755)
    code, answer, _ = run("up", "--only", "redis", state_dir=tmp_path / "s", TIDEGAUGE_REDIS=str(broken))
    assert code == 2
    assert "part 'redis' ended with 3 while starting: no memory left" in answer["error"]["message"]
    assert not (tmp_path / "s").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the subreaper is Linux's")
def test_grandchildren_that_left_their_group_are_ended_too(tmp_path: Path) -> None:
    program = tmp_path / "valkey-server"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v=1.2.3 && exit\n'
        f"setsid sh -c 'echo $$ > {tmp_path}/grandchild; exec sleep 60' &\nexec sleep 60\n"
    )
    program.chmod(0o755)
    up = subprocess.Popen(
        [*COMMAND, "up", "--only", "redis"],
        env={**os.environ, "TIDEGAUGE_STATE_DIR": str(tmp_path / "s"), "TIDEGAUGE_REDIS": str(program)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 15
    while not (tmp_path / "grandchild").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    grandchild = psutil.Process(int((tmp_path / "grandchild").read_text()))
    up.send_signal(signal.SIGINT)
    try:
        up.wait(timeout=30)
    finally:
        up.kill()
        up.wait()
    assert not grandchild.is_running()
