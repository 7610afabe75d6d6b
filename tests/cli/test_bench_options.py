"""What the options of `bench transcode` change, in one small bench and one dry run for ECS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.aws_account import BUCKET, CLUSTER, account
from tests.support.served import ROOT, tidegauge

ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
SIZE = "fargate-x86-1vcpu-2gb"
TINY = """[tiny]
platform = "ours"
source = "ours"
confidence = "tried"
container = "webp"
width_max = 64
height_max = 64
fps = "5"
encoder = { "c:v" = "libwebp_anim", quality = "75", loop = "0" }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def document(folder: Path) -> Any:
    """A bench of a rendition of its own, on this machine taken for a Fargate size."""
    (folder / "mine.toml").write_text(TINY, encoding="utf-8")
    code, document, _ = tidegauge(
        "bench", "transcode", "--media", ALPHA, "--rounds", 1, "--no-quality", "--curves",
        "--rendition", "tiny", "--renditions", folder / "mine.toml", "--as-profile", SIZE,
        "--views", 7, "--jobs-per-task", 3, "--cold-start-s", 110, "--utilisation", 0.5,
        "--keep", folder / "kept", "--raw", folder / "raw.json", "--storage", folder / "storage",
    )  # fmt: skip
    assert code == 0
    return document


@pytest.mark.option("bench transcode --renditions", "bench transcode --as-profile")
def test_a_rendition_of_ones_own_is_measured_as_the_profile_that_the_machine_is(document: Any) -> None:
    (cell,) = document["cells"]
    assert (cell["rendition"], cell["profile"], cell["provenance"]) == ("tiny", SIZE, "measured")


@pytest.mark.option("bench transcode --views", "bench transcode --jobs-per-task")
@pytest.mark.option("bench transcode --cold-start-s", "bench transcode --utilisation")
def test_what_a_task_is_used_for_is_priced(document: Any) -> None:
    (cell,) = document["cells"]
    a_second = 0.04937 / 3600  # 1 vCPU at 0.04048 and 2 GB at 0.004445 an hour
    usd = {name: float(cell["cost"][f"{name}_usd"]) for name in ("compute", "cold_start", "egress")}
    assert usd["cold_start"] == pytest.approx(110 * a_second / 3)
    assert usd["compute"] == pytest.approx(cell["wall_s"] * a_second / 0.5)
    assert usd["egress"] == pytest.approx(7 * cell["bytes_out"] * 0.085 / 2**30)


@pytest.mark.option("bench transcode --keep", "bench transcode --raw", "bench transcode --storage")
def test_outputs_and_rounds_are_kept_where_asked(document: Any, folder: Path) -> None:
    (cell,) = document["cells"]
    assert Path(cell["output"]).is_relative_to(folder / "kept")
    assert Path(cell["output"]).stat().st_size == cell["bytes_out"]
    assert len(json.loads((folder / "raw.json").read_text(encoding="utf-8"))["benchmarks"]) == 1
    assert [path.name for path in (folder / "storage" / SIZE).rglob("*.json")] == ["0001_transcode.json"]


@pytest.mark.option("bench transcode --curves")
def test_curves_are_measured_beside_the_cells(document: Any) -> None:
    assert {curve["encoder"] for curve in document["curves"]} == {"libwebp_anim"}
    assert all(len(curve["points"]) > 2 for curve in document["curves"])


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with account(monkeypatch) as (_, settings):
        bench = settings.bench
        path = tmp_path / "aws.toml"
        path.write_text(
            'api_url = "http://127.0.0.1:9"\nallowed_hosts = ["127.0.0.1"]\n'
            f'[aws]\nregion = "{settings.region}"\ncluster = "{CLUSTER}"\n[aws.bench]\n'
            f'image = "{bench.image}"\nbucket = "{BUCKET}"\ntask_role = "{bench.task_role}"\n'
            f"subnets = {json.dumps(bench.subnets)}\nsecurity_groups = {json.dumps(bench.security_groups)}\n"
        )
        yield path


@pytest.mark.option("bench transcode --on", "bench transcode --stack", "bench transcode --dry-run")
@pytest.mark.option("bench transcode --tasks", "bench transcode --task-minutes", "bench transcode --budget")
def test_a_dry_run_for_ecs_says_the_most_that_it_may_cost(stack: Path) -> None:
    on_ecs = (
        "bench", "transcode", "--media", ALPHA, "--rendition", "poster", "--profile", SIZE,
        "--on", "ecs", "--stack", stack, "--tasks", 3, "--task-minutes", 20,
    )  # fmt: skip
    code, document, _ = tidegauge(*on_ecs, "--dry-run")
    assert (code, document["dry_run"]) == (0, True)
    assert "0.04937" in json.dumps(document)  # 3 tasks x 20 min x 0.04937 an hour
    code, document, _ = tidegauge(*on_ecs, "--budget", "0.04")
    assert (code, "0.04" in document["error"]["message"]) == (13, True)
