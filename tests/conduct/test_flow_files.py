"""Flows of a plan's own Python files: read without running them, and run by the generator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.served import good_after, http_server, tidegauge, write_stack
from tidegauge.conduct.flows import flow_sources, load_plan_and_flows
from tidegauge.engine.role import difference
from tidegauge.errors import TidegaugeError

HEAD = "from tidegauge.engine.locustfile import Request, Session, flow\n"
FLOW = """
@flow("own", endpoints=("GET /own",), expects={"api": 1})
def own(session: Session) -> None:
    session.send(Request("GET", "/own", endpoint="GET /own"))
"""


def write_plan(folder: Path, flows: str = '["flow.py"]', *, more: str = "", flow: str = "own") -> Path:
    path = folder / "plan.toml"
    path.write_text(
        f'flows = {flows}\n[[arrivals]]\nshape = "constant"\nprocess = "uniform"\nrate_per_s = 20\n'
        f"duration_s = 2\n[mix]\n{flow} = 1\n[validity]\nlag_ms_p99_max = 1000\n{more}"
    )
    return path


def refusal(plan: Path) -> str:
    with pytest.raises(TidegaugeError) as refused:
        load_plan_and_flows(plan)
    assert refused.value.exit_code == 2
    return refused.value.message


def test_the_flows_of_a_file_join_those_of_locustfiles(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(HEAD + FLOW)
    plan, known = load_plan_and_flows(write_plan(tmp_path))
    assert plan.shares == {"own": 1.0}
    assert {"own", "view", "upload"} <= set(known)
    assert (known["own"].endpoints, known["own"].expects) == (("GET /own",), {"api": 1})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "defines no flow"),
        ("def own(session): ...\n", "defines no flow"),
        ("class A:\n    @flow('own', endpoints=('GET /',))\n    def own(self): ...\n", "defines no flow"),
        ("def (:\n", "flow.py:1: "),
        ("x = 1\n\n  y = 2\n", "flow.py:3: "),
        ("\0", "null bytes"),
        ("(" * 5000, ""),
        ("@flow\ndef own(session): ...\n", "flow.py:1: the @flow of own has no name"),
        ("@flow('own')\ndef own(session): ...\n", "needs endpoints"),
        ("@flow('own', endpoints='GET /')\ndef own(session): ...\n", "needs endpoints"),
        ("@flow('own', endpoints=())\ndef own(session): ...\n", "needs endpoints"),
        ("@flow('own', endpoints=('/',))\ndef own(session): ...\n", "needs endpoints"),
        ("@flow('own', endpoints=(5,))\ndef own(session): ...\n", "needs endpoints"),
        ("@flow(NAME, endpoints=('GET /',))\ndef own(session): ...\n", "not a literal"),
        ("@flow('own', endpoints=[f'GET /{x}'])\ndef own(session): ...\n", "not a literal"),
        ("@flow(5, endpoints=('GET /',))\ndef own(session): ...\n", "has no name"),
        ("@flow('own', endpoints=('GET /',), expects=5)\ndef own(session): ...\n", "expects is not"),
        ("@flow('own', endpoints=('GET /',))\nasync def own(session): ...\n", "async"),
        (FLOW + FLOW, "flow 'own' of "),
        (FLOW.replace('"own"', '"view"'), "flow 'view' of "),
    ],
)
def test_a_file_that_gives_no_sound_flow_is_refused_by_name(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "flow.py").write_text(source)
    message = refusal(write_plan(tmp_path))
    assert words in message
    assert "flow.py" in message


@pytest.mark.parametrize(
    ("flows", "words"),
    [
        ('["none.py"]', "none.py cannot be read: No such file"),
        ('["folder.py"]', "folder.py cannot be read"),
        ('["latin.py"]', "latin.py"),
        ('["flow.py", "flow.py"]', "flow.py twice"),
        ('["flow.py", "./flow.py"]', "flow.py twice"),
        ('["flow.txt"]', "not a .py file"),
        ('["flow.py", "same.py"]', "flow 'own' of "),
        ('["flow.py", "sub/flow.py"]', "have the same name"),
        ('["flow.py", "sub/other.py"]', "have the same name"),
        ('"flow.py"', "not a list of file names"),
        ("[5]", "not a list of file names"),
        ('[""]', "not a list of file names"),
    ],
)
def test_a_list_of_files_that_cannot_be_is_refused(tmp_path: Path, flows: str, words: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n")
    for name in ("common.py", "sub/common.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "flow.py").write_text("import common\n" + FLOW)
    for name in ("same.py", "flow.txt"):
        (tmp_path / name).write_text(FLOW)
    (tmp_path / "sub" / "flow.py").write_text(FLOW.replace('"own"', '"other"'))
    (tmp_path / "sub" / "other.py").write_text("from common import x\n" + FLOW.replace('"own"', '"other"'))
    assert words in refusal(write_plan(tmp_path, flows))


def test_a_flow_declared_in_toml_too_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    declared = '[[flow]]\nname = "own"\n[[flow.step]]\npath = "/"\n'
    assert "written in Python already" in refusal(write_plan(tmp_path, more=declared))


def test_what_a_file_imports_from_its_folder_belongs_to_it(tmp_path: Path) -> None:
    for name, source in {
        "flow.py": "import json, one\nfrom pack import two\nfrom pack.deep import three\n" + FLOW,
        "one.py": "def late():\n    import four\n",
        "pack/__init__.py": "from . import five\n",
        "pack/two.py": "",
        "pack/five.py": "from .deep.three import x\n",
        "pack/deep/__init__.py": "",
        "pack/deep/three.py": "x = 1\n",
        "four.py": "",
        "json/README": "a folder that is not a package",
        "unused.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    assert set(flow_sources([tmp_path / "flow.py"])) == {
        "flows/flow.py", "flows/one.py", "flows/four.py", "flows/pack/__init__.py", "flows/pack/two.py",
        "flows/pack/five.py", "flows/pack/deep/__init__.py", "flows/pack/deep/three.py",
    }  # fmt: skip


def test_a_run_of_own_flows_imports_beside_them_and_is_reported_again(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "paths.py").write_text('OWN = "/own"\n')
    (project / "later.py").write_text('HEADERS = {"X-Own": "1"}\n')
    (project / "flow.py").write_text(
        HEAD + "from locust import LoadTestShape\nfrom paths import OWN\n"
        'class Shape(LoadTestShape):\n    def tick(self):\n        raise SystemExit("not asked")\n'
        '@flow("own", endpoints=("GET /own",))\n'
        "def own(session: Session) -> None:\n    from later import HEADERS\n"
        '    session.send(Request("GET", OWN, endpoint="GET /own", headers=HEADERS))\n'
    )
    asked: list[str] = []

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.append(path)
        return 200, {}, b"ok"

    with http_server(answer) as url:
        stack = write_stack(tmp_path, url)
        run = ("run", write_plan(project), "--stack", stack, "--out", tmp_path / "r", "--processes", 2)
        code, summary, words = tidegauge(*run)
    assert (code, summary["total"]["count"], summary["total"]["failures"]) == (0, 40, 0), words
    assert asked == ["/own"] * 40
    assert [flow["flow"] for flow in summary["flows"]] == ["own"]
    for file in project.glob("*.py"):
        file.unlink()
    assert tidegauge("report", tmp_path / "r")[0] == 0


def test_a_file_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("import not_installed_anywhere\n" + FLOW)
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        run = ("run", write_plan(tmp_path), "--stack", stack, "--out", tmp_path / "r")
        code, document, _ = tidegauge(*run)
    assert code == 12
    assert "flow.py cannot be loaded: ModuleNotFoundError" in document["error"]["message"]


def test_own_flows_draw_numbers_only_where_there_are_some(tmp_path: Path) -> None:
    source = HEAD + FLOW.replace("GET /own", "GET /own/{asset_id}")
    (tmp_path / "flow.py").write_text(source)
    with http_server(good_after(0)) as url:
        stack = write_stack(tmp_path, url)
        code, document, _ = tidegauge("run", write_plan(tmp_path), "--stack", stack, "--dry-run")
        assert code == 2
        assert "draws an asset" in document["error"]["message"]
        known = '[popularity]\nmodel = "zipf"\nalpha = 1\nassets = 7\n'
        plan = write_plan(tmp_path, more=known)
        code, document, _ = tidegauge("run", plan, "--stack", stack, "--dry-run")
    assert (code, document["assets"], document["forecast"]["requests"]) == (0, 7, 40)


def test_a_missing_flow_file_says_what_to_do_about_it() -> None:
    assert difference({"flows/flow.py": "aa"}, {}) == (
        "the plan's flow.py is missing on the worker: copy it there, and name it with --flows"
    )
