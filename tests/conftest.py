"""What holds for all tests, and a finished run that they share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.served import ROOT, good_after, http_server, tidegauge, write_plan, write_stack


@pytest.fixture(scope="session", autouse=True)
def temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A temporary folder of the test run's own, here and in children: at the end it must be empty."""
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        patch.delenv("PYTEST_XDIST_WORKER", raising=False)  # a bench's own pytest would measure nothing
        yield folder
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == []


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 20 requests in its warm-up and 20 in its window, of one flow to the API. Only to be read."""
    folder = tmp_path_factory.mktemp("finished")
    plan = write_plan(folder, rate=1000, duration_s=60, head="warmup_s = 1")
    with http_server(good_after(0)) as url:
        stack = write_stack(folder, url, extra='[aws]\ntables = ["Links"]\nqueues = []\n')
        code, document, _ = tidegauge(
            "run", plan, "--stack", stack, "--out", folder / "run",
            "--set", "arrivals.0.rate_per_s=20", "--set", "arrivals.0.duration_s=2",
            "--architecture", ROOT / "infra_under_test" / "estimates" / "as_seed",
        )  # fmt: skip
    assert code == 0, document
    return folder / "run"


@pytest.fixture
def own_run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to be changed."""
    return shutil.copytree(finished, tmp_path / "run")
