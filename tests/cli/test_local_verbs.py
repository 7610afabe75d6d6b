"""`demo`, `stack`, `catalogue` and `doctor` as their users call them, with real stacks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_stack_process import is_gone
from tests.support.served import ROOT, tidegauge, write_plan
from tidegauge.store import RunFolder

pytestmark = pytest.mark.stack
ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A temporary folder of this module's own, in which its stacks live."""
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        patch.delenv("TIDEGAUGE_STATE_DIR", raising=False)
        yield folder


@pytest.fixture(scope="module")
def up(temporary: Path) -> Iterator[Any]:
    """The status of a stack called `small`, whose worker may use half a core."""
    code, status, _ = tidegauge("stack", "up", "--name", "small", "--worker-vcpu", 0.5)
    assert code == 0, status
    yield status
    tidegauge("stack", "down", "--name", "small")


def sockets_of(descriptor: str) -> list[Path]:
    """Where SeaweedFS keeps them, whatever TMPDIR says."""
    state = json.loads(Path(descriptor).with_name("state.json").read_text(encoding="utf-8"))
    sockets = [Path(name) for name in state["strays"]]
    assert sockets  # else none could be left behind
    return sockets


@pytest.mark.option("stack up --name", "stack up --worker-vcpu", "stack up --json")
def test_up_says_what_is_up_and_how_the_quota_is_kept(up: Any) -> None:
    assert up["name"] == "small"
    assert Path(up["descriptor"]).exists()
    assert up["emulation"] != "no limit asked for"  # a cgroup, or why this machine has none


@pytest.mark.option("stack status --name", "stack status --json")
def test_status_finds_a_stack_by_its_name(up: Any) -> None:
    code, status, _ = tidegauge("stack", "status", "--name", "small")
    assert (code, status["api_url"]) == (0, up["api_url"])
    code, document, _ = tidegauge("stack", "status")
    assert (code, document["error"]["message"]) == (2, "no stack named 'local' is up")


@pytest.mark.option("catalogue create --stack", "catalogue create --assets", "catalogue create --json")
@pytest.mark.option("catalogue create --media", "catalogue create --out")
def test_a_catalogue_is_made_of_the_media_given(up: Any, tmp_path: Path) -> None:
    out = tmp_path / "catalogue.jsonl"
    code, document, _ = tidegauge(
        "catalogue", "create", "--stack", up["descriptor"], "--assets", 3, "--media", ALPHA, "--out", out
    )
    assert (code, document["catalogue"], document["assets"]) == (0, str(out), 3)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["renditions"]["original"]["bytes"] for row in rows] == [ALPHA.stat().st_size] * 3
    assert len({row["asset_id"] for row in rows}) == 3
    assert f"catalogue = {json.dumps(str(out))}" in Path(up["descriptor"]).read_text(encoding="utf-8")


@pytest.mark.option("doctor --stack", "doctor --plan", "doctor --json")
def test_the_doctor_looks_at_the_stack_and_the_plan(up: Any, tmp_path: Path) -> None:
    plan = write_plan(tmp_path, rate=1, duration_s=1)
    code, document, _ = tidegauge("doctor", "--stack", up["descriptor"], "--plan", plan)
    found = {check["id"]: check["status"] for check in document["checks"]}
    assert code == 0
    assert {found[name] for name in ("stack", "reachable", "parts_alive", "plan")} == {"ok"}
    plan.write_text("rate = 1", encoding="utf-8")
    code, document, _ = tidegauge("doctor", "--stack", up["descriptor"], "--plan", plan)
    assert (code, document["checks"][-1]["id"], document["checks"][-1]["status"]) == (2, "plan", "refusal")


@pytest.mark.option("stack down --name", "stack down --json")
def test_down_takes_the_named_stack_and_no_other_and_leaves_nothing(up: Any, temporary: Path) -> None:
    sockets = sockets_of(up["descriptor"])
    assert all(socket.is_socket() for socket in sockets)
    assert tidegauge("stack", "down")[:2] == (0, {"stopped": []})
    assert tidegauge("stack", "down", "--name", "small")[:2] == (0, {"stopped": ["small"]})
    assert is_gone(Path(up["descriptor"]).parent, within_s=5)
    assert [*temporary.iterdir(), *(socket for socket in sockets if socket.exists())] == []


@pytest.mark.option("stack up --foreground")
def test_in_the_foreground_a_stack_lasts_until_ctrl_c(temporary: Path) -> None:
    command = [sys.executable, "-m", "tidegauge", "stack", "up", "--name", "front", "--foreground", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        status = json.loads(child.stdout.readline())
        assert tidegauge("stack", "status", "--name", "front")[0] == 0
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0
    assert is_gone(Path(status["descriptor"]).parent, within_s=1)
    assert list(temporary.iterdir()) == []


@pytest.mark.option("demo --out", "demo --duration", "demo --json")
def test_the_demo_fills_the_folder_it_is_given_and_no_other(temporary: Path, tmp_path: Path) -> None:
    code, summary, words = tidegauge("demo", "--out", tmp_path / "run", "--duration", 3)
    assert code in (0, 11, 12), words  # 3 s show little, and a busy test machine may send late
    assert (summary["run_dir"], summary["total"]["failures"]) == (str(tmp_path / "run"), 0)
    folder = RunFolder.open(tmp_path / "run")
    assert folder.read_json(folder.run_json)["window"] == {"start_s": 0.75, "end_s": 3.0}
    assert folder.report_html.exists()
    assert folder.bench_json.exists()
    assert not folder.reserve.exists()
    assert list(temporary.iterdir()) == []


def test_a_killed_demo_leaves_nothing(temporary: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tidegauge", "demo", "--out", str(tmp_path / "run")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        deadline = time.monotonic() + 60
        while not (found := list(temporary.glob("*/demo-*/stack.toml"))):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        sockets = sockets_of(str(found[0]))
        demo.kill()
    assert is_gone(found[0].parent, within_s=10)
    deadline = time.monotonic() + 5
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [*temporary.iterdir(), *(socket for socket in sockets if socket.exists())] == []


def test_a_demo_into_a_folder_that_holds_something_is_refused_before_the_stack_is_up(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    code, document, words = tidegauge("demo", "--out", tmp_path)
    assert (code, "is not empty" in document["error"]["message"], words) == (2, True, "")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
