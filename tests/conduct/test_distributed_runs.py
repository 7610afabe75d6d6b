"""Runs sent by `tidegauge worker` processes, which share with the master an address and an exchange."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import psutil
import pytest
from moto.server import ThreadedMotoServer

from tests.support.served import ROOT, good_after, http_server, tidegauge, write_plan, write_stack
from tidegauge.store import RunFolder

Start = Callable[..., subprocess.Popen[str]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Begins a verb; what a failed test leaves behind is ended.

    A worker that was killed or that lost its master keeps its folder, for its log and rows.
    """
    children: list[subprocess.Popen[str]] = []
    (tmp_path / "tmp").mkdir()

    def begin(*words: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tidegauge", *map(str, words), "--json"]
        environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        children.append(child)
        return child

    yield begin
    for child in children:
        child.kill()
        child.communicate()


def end(child: subprocess.Popen[str]) -> tuple[int, Any, str]:
    out, words = child.communicate(timeout=60)
    assert "Traceback" not in words, words
    return child.returncode, json.loads(out), words


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="exchange")
    yield "s3://exchange/load"
    server.stop()


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plan(tmp_path_factory.mktemp("plan"), rate=40, duration_s=2, head="seed = 5")


@pytest.fixture(scope="module")
def alone(plan: Path) -> pd.DataFrame:
    """The arrivals of the plan where one process sends them, but for its number."""
    out = plan.with_name("alone")
    with http_server(good_after(0)) as url:
        code, summary, _ = tidegauge("run", plan, "--stack", write_stack(plan.parent, url), "--out", out)
    assert (code, summary["total"]["count"]) == (0, 80)
    return pd.read_parquet(out / "arrivals.parquet").drop(columns="process")


@pytest.mark.option("run --processes")
def test_two_processes_send_the_same_sessions_as_one(tmp_path: Path, plan: Path, alone: pd.DataFrame) -> None:
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        code, summary, _ = tidegauge(
            "run", plan, "--stack", stack, "--out", tmp_path / "two", "--processes", 2
        )
    assert (code, summary["total"]["count"]) == (0, 80)
    two = pd.read_parquet(tmp_path / "two" / "arrivals.parquet")
    assert two.drop(columns="process").equals(alone)
    assert set(two["process"]) == {0, 1}


@pytest.mark.option("run --master", "run --workers", "run --exchange", "worker --json")
def test_two_workers_send_the_list_of_one_process_and_a_third_is_told_so(
    tmp_path: Path, start: Start, plan: Path, alone: pd.DataFrame
) -> None:
    port = free_port()
    with http_server(good_after(0.01)) as url:
        stack = write_stack(tmp_path, url)
        workers = [start("worker", f"127.0.0.1:{port}") for _ in range(3)]
        exchange = ("--master", port, "--workers", 2, "--exchange", tmp_path / "shared")
        code, summary, _ = end(start("run", plan, "--stack", stack, "--out", tmp_path / "many", *exchange))
        ends = sorted((end(worker) for worker in workers), key=lambda done: done[0])
    assert (code, summary["verdict"], summary["total"]["count"]) == (0, "PASS", 80)
    assert [done[0] for done in ends] == [0, 0, 2]
    assert sorted(done[1]["processes"] for done in ends[:2]) == [[0], [1]]
    assert [done[1]["sent"] for done in ends[:2]] == [40, 40]
    third = ends[2][1]["error"]["message"]  # on a busy machine it may find the master gone already
    assert "refused this worker: the run" in third or "the master is gone" in third
    many = pd.read_parquet(tmp_path / "many" / "arrivals.parquet")
    assert many.drop(columns="process").equals(alone)
    assert set(many["process"]) == {0, 1}
    shares = RunFolder(tmp_path / "many").read_json(tmp_path / "many" / "run.json")["workers"]
    assert [share["process"] for share in shares] == [0, 1]
    assert all(abs(share["clock_offset_s"]) < 0.05 for share in shares)  # one machine, one clock
    assert all(0 < share["clock_uncertainty_s"] < 0.05 for share in shares)


FLOW = """
from tidegauge.engine.locustfile import Request, Session, flow

@flow("pong", endpoints=("GET /pong",))
def pong(session: Session) -> None:
    session.send(Request("GET", "/pong", endpoint="GET /pong"))
"""


@pytest.mark.option("worker --processes", "worker --exchange", "worker --flows")
def test_a_worker_may_be_several_processes_and_have_exchange_and_flows_elsewhere(
    tmp_path: Path, start: Start
) -> None:
    flows = 'flows = ["pong.py"]', "[mix]\nping = 0.5\npong = 0.5\n"
    plan, port = write_plan(tmp_path, rate=40, duration_s=1, head=flows[0], tail=flows[1]), free_port()
    (tmp_path / "pong.py").write_text(FLOW, encoding="utf-8")
    (tmp_path / "there").mkdir()
    shutil.copy(tmp_path / "pong.py", tmp_path / "there")
    (tmp_path / "shared").mkdir()
    (tmp_path / "mounted").symlink_to(tmp_path / "shared")
    with http_server(good_after(0)) as url:
        options = ("--processes", 2, "--exchange", tmp_path / "mounted")
        options += ("--flows", tmp_path / "there" / "pong.py")
        worker = start("worker", f"127.0.0.1:{port}", *options)
        code, summary, _ = tidegauge(
            "run", plan, "--stack", write_stack(tmp_path, url), "--out", tmp_path / "r",
            "--master", port, "--workers", 2, "--exchange", tmp_path / "shared",
        )  # fmt: skip
        worker_code, document, words = end(worker)
    assert (code, summary["total"]["count"], len(summary["flows"])) == (0, 40, 2)
    assert (worker_code, document["processes"], document["sent"]) == (0, [0, 1], 40)
    assert f"fetching its job from {tmp_path / 'mounted'}" in words


def test_a_worker_killed_in_mid_run_keeps_its_rows_until_then_and_the_run_goes_on(
    tmp_path: Path, bucket: str, start: Start
) -> None:
    plan = write_plan(tmp_path, rate=40, duration_s=9)  # a busy machine is slow to see the first rows
    port = free_port()
    with http_server(good_after(0.01)) as url:
        stack = write_stack(tmp_path, url)
        master = start(
            "run", plan, "--stack", stack, "--out", tmp_path / "r",
            "--master", port, "--workers", 2, "--exchange", bucket,
        )  # fmt: skip
        workers = [start("worker", f"127.0.0.1:{port}") for _ in range(2)]
        store = boto3.client("s3")
        for process in (0, 1):  # whichever of them the one to be killed is
            part = f"samples/{process}-0"
            wait_for(lambda part=part: part in str(store.list_objects_v2(Bucket="exchange")))
        for process in [
            *psutil.Process(workers[0].pid).children(recursive=True),
            psutil.Process(workers[0].pid),
        ]:
            os.kill(process.pid, signal.SIGKILL)  # the machine is gone, with its writer
        workers[0].communicate(timeout=30)
        code, summary, words = end(master)
        assert end(workers[1])[0] == 0
    assert (code, summary["verdict"]) == (12, "INVALID")
    assert "lost with a generator process" in summary["reasons"][0]
    assert "is gone; the run goes on" in words
    assert words.count("waiting for the last rows of generator") <= 2  # both, while the other still writes
    arrivals = pd.read_parquet(tmp_path / "r" / "arrivals.parquet")
    run = RunFolder(tmp_path / "r").read_json(tmp_path / "r" / "run.json")
    (died,) = run["died"]
    lost = arrivals[arrivals["cause"] == "lost"]
    assert set(lost["process"]) == {died}
    kept = arrivals[(arrivals["process"] == died) & arrivals["sent"]]
    assert len(kept) >= 10  # its first file, at least: most of a second's
    assert kept["intended_s"].max() < lost["intended_s"].min()
    assert arrivals[arrivals["process"] != died]["sent"].all()


@pytest.fixture
def flow_folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A plan with a flow file, its like elsewhere, and one whose import differs."""
    folders = tuple(tmp_path / name for name in ("here", "alike", "unlike"))
    for folder in folders:
        folder.mkdir()
        path = "/elsewhere" if folder.name == "unlike" else "/own"
        (folder / "paths.py").write_text(f'OWN = "{path}"\n')
        (folder / "flow.py").write_text(
            "from paths import OWN\nfrom tidegauge.engine.locustfile import Request, Session, flow\n"
            '@flow("own", endpoints=("GET /own",))\ndef own(session: Session) -> None:\n'
            '    session.send(Request("GET", OWN, endpoint="GET /own"))\n'
        )
    plan = write_plan(tmp_path / "here", rate=20, duration_s=2, tail="[mix]\nown = 1")
    plan.write_text('flows = ["flow.py"]\n' + plan.read_text())
    return folders


@pytest.mark.option("worker --flows")
def test_a_worker_sends_the_plans_own_flows_from_its_own_copy_alone(
    tmp_path: Path, flow_folders: tuple[Path, Path, Path], start: Start
) -> None:
    here, alike, unlike = flow_folders
    port = free_port()
    exchange = ("--master", port, "--workers", 1, "--exchange", tmp_path / "x")
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        master = start("run", here / "plan.toml", "--stack", stack, "--out", tmp_path / "r", *exchange)
        worker = ("worker", f"127.0.0.1:{port}")
        without = end(start(*worker))
        other = end(start(*worker, "--flows", unlike / "flow.py"))
        good = end(start(*worker, "--flows", alike / "flow.py"))
        code, summary, _ = end(master)
    assert (without[0], other[0], good[0], code) == (2, 2, 0, 0)
    assert "the plan's flow.py is missing on the worker" in without[1]["error"]["message"]
    assert "flows/paths.py is not the same file" in other[1]["error"]["message"]
    assert (summary["total"]["count"], good[1]["sent"]) == (40, 40)


@pytest.mark.option("run --wait")
def test_a_master_gives_up_on_workers_that_do_not_come(tmp_path: Path) -> None:
    plan, stack = write_plan(tmp_path, rate=1, duration_s=1), write_stack(tmp_path, "http://127.0.0.1:9")
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        code, document, _ = tidegauge(
            "run", plan, "--stack", stack, "--out", tmp_path / "r",
            "--master", free_port(), "--workers", 3, "--exchange", tmp_path / "x", "--wait", 1,
        )  # fmt: skip
    assert code == 2
    assert "0 of 3 workers were ready within 1 s" in document["error"]["message"]
    assert "tidegauge worker" in document["error"]["hint"]


@pytest.mark.option("worker --wait")
def test_a_worker_gives_up_on_a_master_that_does_not_come() -> None:
    port = free_port()
    code, document, _ = tidegauge("worker", f"127.0.0.1:{port}", "--wait", 1)
    assert code == 2
    assert f"nobody listens at 127.0.0.1:{port}" in document["error"]["message"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--workers", "2"], "--workers goes with --master"),
        (["--master", "5557"], "--master needs --workers N and --exchange PLACE"),
        (["--master", "here:there", "--workers", "1", "--exchange", "x"], "not an address"),
        (["--master", "0", "--workers", "1", "--exchange", "x"], "not an address"),
        (
            ["--master", "5557", "--workers", "1", "--exchange", "x", "--processes", "2"],
            "give --processes to",
        ),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    tmp_path: Path, options: list[str], words: str
) -> None:
    plan, stack = write_plan(tmp_path, rate=1, duration_s=1), write_stack(tmp_path, "http://127.0.0.1:9")
    code, document, _ = tidegauge("run", plan, "--stack", stack, *options)
    assert code == 2
    assert words in document["error"]["message"]
