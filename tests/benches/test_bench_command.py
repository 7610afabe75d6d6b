"""`python -m benches.transcode measure` prints one document, or one error, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benches.transcode.emulation import this_host
from benches.transcode.profiles import load_profiles

ROOT = Path(__file__).parents[2]
ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
COMMAND = [sys.executable, "-m", "benches.transcode", "measure"]


def run(*arguments: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and the document on stdout; temporary files go to `folder`."""
    environ = {**os.environ, "TMPDIR": str(folder)}
    ended = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=False
    )
    return ended.returncode, json.loads(ended.stdout)


def test_a_bench_measures_each_medium_in_each_rendition(tmp_path: Path) -> None:
    raw, kept, scratch = tmp_path / "benchmark.json", tmp_path / "kept", tmp_path / "scratch"
    scratch.mkdir()
    exit_code, document = run(
        f"--media={ALPHA}",
        "--rendition=poster",
        "--rendition=webp",
        "--rounds=2",
        f"--raw={raw}",
        f"--keep={kept}",
        folder=scratch,
    )
    assert exit_code == 0
    cells = document["cells"]
    assert [(cell["media"], cell["media_class"], cell["rendition"]) for cell in cells] == [
        ("alpha.gif", "transparency", "poster"),
        ("alpha.gif", "transparency", "webp"),
    ]
    for cell in cells:
        assert (cell["rounds"], len(cell["cpu_s_rounds"])) == (2, 2)
        assert cell["speed_x"] == pytest.approx(2.0 / cell["wall_s"])  # the clip plays for 2.0 s
        assert cell["frames_per_s"] == pytest.approx(30 / cell["wall_s"])
        assert Path(cell["output"]).stat().st_size == cell["bytes_out"]
        with Image.open(cell["output"]) as image:
            assert image.size == (240, 240)
        assert 0.5 < cell["ssim"] <= 1
    assert len(document["ffmpeg"]["sha256"]) == 64
    assert len(json.loads(raw.read_text())["benchmarks"]) == 2
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--rendition=webb"], "no rendition is called 'webb'", "did you mean 'webp'?"),
        (["--media=/nonexistent.gif"], "/nonexistent.gif cannot be read: No such file", "check the path"),
        ([f"--media={__file__}"], f"{__file__} cannot be benched: the file is neither", "leave it out"),
        ([f"--media={ALPHA}", f"--media={ALPHA}"], "two media have the same name", "rename one"),
        (["--rounds=0"], "at least one round", ""),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_measured(
    tmp_path: Path, arguments: list[str], message: str, hint: str
) -> None:
    exit_code, document = run(*arguments, folder=tmp_path)
    assert exit_code == document["error"]["exit_code"] == 2
    assert message in document["error"]["message"]
    assert hint in document["error"]["hint"]


def test_a_profile_that_cannot_be_measured_is_a_cell_with_its_reason_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    exit_code, document = run(
        f"--media={ALPHA}",
        "--rendition=poster",
        "--rounds=1",
        "--no-quality",
        "--profile=ec2-gpu-g4dn.xlarge",
        "--profile=local-machine",
        folder=tmp_path,
    )
    assert exit_code == 0
    gpu, local = document["cells"]
    assert (gpu["provenance"], local["provenance"]) == ("skipped", "measured")
    assert gpu["reason"]
    assert gpu["wall_s"] is gpu["cpu_s"] is gpu["bytes_out"] is gpu["cost_usd_per_asset"] is None
    assert local["cost_reason"] == "this machine's own cores have no list price"


def test_a_bench_that_could_measure_nothing_ends_with_2_and_its_document(tmp_path: Path) -> None:
    arguments = [f"--media={ALPHA}", "--rendition=webp", "--profile=fargate-x86-16vcpu-120gb"]
    exit_code, document = run(*arguments, folder=tmp_path)
    assert exit_code == 2
    (cell,) = document["cells"]
    assert "16 vCPU on this machine's" in cell["reason"]


def test_a_cell_that_fails_keeps_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gif"
    broken.write_bytes(with_unreadable_picture(ALPHA.read_bytes()))
    exit_code, document = run(
        f"--media={broken}",
        f"--media={ALPHA}",
        "--rendition=poster",
        "--rounds=1",
        "--no-quality",
        folder=tmp_path,
    )
    assert exit_code == 0
    failed, good = document["cells"]
    assert (failed["media"], failed["provenance"], failed["wall_s"]) == ("broken.gif", "skipped", None)
    assert failed["reason"] == "ffmpeg could not convert it"
    assert good["provenance"] == "measured"


def with_unreadable_picture(gif: bytes) -> bytes:
    """The GIF with the LZW code size of its first picture out of range: its blocks are still in order."""
    start = gif.index(b"\x2c", 13 + 3 * 2 ** ((gif[10] & 7) + 1) if gif[10] & 0x80 else 13)
    packed = gif[start + 9]
    size_at = start + 10 + (3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0)
    return gif[:size_at] + b"\x0f" + gif[size_at + 1 :]


def test_a_size_of_task_is_emulated_and_its_spot_twin_shares_the_measurement(tmp_path: Path) -> None:
    host = this_host()
    size = "fargate-x86-0.25vcpu-0.5gb"
    if (reason := host.why_not(load_profiles()[size])) is not None:
        pytest.skip(reason)
    exit_code, document = run(
        f"--media={ROOT / 'fixtures' / 'media' / 'city.gif'}",
        "--rendition=preview_mp4",
        "--rounds=2",
        "--no-quality",
        f"--profile={size}",
        f"--profile={size}-spot",
        f"--keep={tmp_path / 'kept'}",
        folder=tmp_path,
    )
    assert exit_code == 0
    on_demand, spot = document["cells"]
    assert on_demand["provenance"] == spot["provenance"] == "emulated"
    assert on_demand["wall_s_rounds"] == spot["wall_s_rounds"]
    # A quarter of a core: four seconds a CPU-second, less what one period of 0.1 s may begin with.
    assert on_demand["wall_s"] > on_demand["cpu_s"] / 0.25 - 0.1
    assert Decimal(spot["cost_usd_per_asset"]) == pytest.approx(
        Decimal("0.3") * Decimal(on_demand["cost_usd_per_asset"])
    )
    assert 0 < on_demand["decode_cpu_s"] < on_demand["cpu_s"]
    assert "25000" in document["profiles"][0]["emulation"] or "25%" in document["profiles"][0]["emulation"]
    assert Path(on_demand["output"]).parent.name == size
    assert list(Path("/sys/fs/cgroup").glob("**/tidegauge-bench-*")) == []


def test_this_machine_can_be_named_as_a_size_and_priced_as_it(tmp_path: Path) -> None:
    exit_code, document = run(
        f"--media={ALPHA}",
        "--rendition=webp",
        "--rounds=1",
        "--no-quality",
        "--as-profile=fargate-x86-2vcpu-4gb",
        "--cold-start-s=0",
        "--jobs-per-task=1000000",
        folder=tmp_path,
    )
    assert exit_code == 0
    (cell,) = document["cells"]
    assert (cell["profile"], cell["provenance"]) == ("fargate-x86-2vcpu-4gb", "measured")
    # 2 x 0.04048 + 4 x 0.004445 an hour
    assert Decimal(cell["cost_usd_per_asset"]) == pytest.approx(
        Decimal("0.09874") * Decimal(repr(cell["wall_s"])) / 3600
    )
    assert document["task_use"]["cold_start_s"] == {"value": 0, "source": "as asked for on the command line"}


def test_pytest_benchmark_compares_two_stored_runs_of_a_profile(tmp_path: Path) -> None:
    storage, raw = tmp_path / "storage", tmp_path / "raw.json"
    for _ in range(2):
        exit_code, _document = run(
            f"--media={ALPHA}",
            "--rendition=poster",
            "--rounds=2",
            "--no-quality",
            f"--storage={storage}",
            f"--raw={raw}",
            folder=tmp_path,
        )
        assert exit_code == 0
    stored = sorted((storage / "local-machine").rglob("*.json"))
    assert [file.name for file in stored] == ["0001_transcode.json", "0002_transcode.json"]
    compared = subprocess.run(
        [Path(sys.executable).with_name("pytest-benchmark"), "compare", *stored, raw],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert compared.stdout.count("test_transcode[local-machine-alpha.gif-poster]") == 3


def test_a_bench_that_is_terminated_before_its_first_cell_says_so_and_leaves_no_folder(
    tmp_path: Path,
) -> None:
    exit_code, document = terminated("--rendition=webp", "--rounds=1000", folder=tmp_path, after_cells=0)
    assert exit_code == document["error"]["exit_code"] == 130
    assert list(tmp_path.iterdir()) == []


def test_a_terminated_bench_keeps_the_cells_that_were_measured(tmp_path: Path) -> None:
    exit_code, document = terminated(
        "--rendition=poster", "--rendition=webp", "--rounds=20", folder=tmp_path, after_cells=1
    )
    assert exit_code == 130
    assert document["interrupted"] is True
    poster, webp = document["cells"]
    assert (poster["provenance"], poster["rounds"]) == ("measured", 20)
    assert (webp["provenance"], webp["wall_s"]) == ("skipped", None)
    assert webp["reason"] == "interrupted before it was measured"
    assert list(tmp_path.iterdir()) == []


def terminated(*arguments: str, folder: Path, after_cells: int) -> tuple[int, dict[str, Any]]:
    """As `run`, with SIGTERM once so many cells are done and the next is being measured."""
    environ = {**os.environ, "TMPDIR": str(folder)}
    command = [*COMMAND, f"--media={ALPHA}", "--no-quality", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as bench:
        assert bench.stderr is not None
        for _ in range(after_cells):
            bench.stderr.readline()
        stop_at = time.monotonic() + 30
        outputs = "tidegauge-bench-*/outputs/*/.transcode-*"
        while not list(folder.glob(outputs)) and bench.poll() is None and time.monotonic() < stop_at:
            time.sleep(0.01)
        bench.send_signal(signal.SIGTERM)
        said, _ = bench.communicate(timeout=30)
    return bench.returncode, json.loads(said)
