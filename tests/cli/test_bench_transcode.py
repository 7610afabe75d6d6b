"""`tidegauge bench`: the document, its table, its progress, and what Ctrl-C leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import program

ROOT = Path(__file__).parents[2]
ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
NOISE = ROOT / "fixtures" / "media" / "noise.gif"
COMMAND = [sys.executable, "-c", "from tidegauge.cli import main; main()", "bench"]


@dataclass(frozen=True, slots=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def bench(capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Calls the verb; its stderr is followed by what its child wrote there."""

    def call(*arguments: str) -> Done:
        code, stdout, words = program("bench", *arguments)
        return Done(code, stdout, words + capfd.readouterr().err)

    return call


Bench = Callable[..., Done]


@pytest.mark.option(
    "bench transcode --media",
    "bench transcode --rendition",
    "bench transcode --rounds",
    "bench transcode --no-quality",
    "bench transcode --profile",
    "bench transcode --out",
    "bench transcode --json",
)
def test_the_document_is_on_stdout_and_kept_and_the_progress_on_stderr(bench: Bench, tmp_path: Path) -> None:
    kept = tmp_path / "results" / "bench.json"
    done = bench(
        "transcode", f"--media={ALPHA}", f"--media={NOISE}", "--rendition=poster", "--rounds=1",
        "--no-quality", "--profile=local-machine", "--profile=fargate-arm-1vcpu-2gb-spot",
        f"--out={kept}", "--json",
    )  # fmt: skip
    assert done.returncode == 0
    document: Any = json.loads(done.stdout)
    assert json.loads(kept.read_text("utf-8")) == document
    assert [cell["profile"] for cell in document["cells"]] == [
        *["local-machine"] * 2,
        *["fargate-arm-1vcpu-2gb-spot"] * 2,
    ]
    assert "[1/2] local-machine  alpha.gif → poster:" in done.stderr
    assert "[2/2] local-machine  noise.gif → poster:" in done.stderr


def test_people_get_a_table_and_the_reasons_of_what_was_skipped(bench: Bench) -> None:
    done = bench(
        "transcode", f"--media={ALPHA}", "--rendition=poster", "--rounds=1", "--no-quality",
        "--profile=local-machine", "--profile=fargate-x86-16vcpu-32gb",
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout == ""
    assert "alpha.gif on local-machine" in done.stderr
    assert "skipped fargate-x86-16vcpu-32gb: 16 vCPU on this machine's" in done.stderr


@pytest.mark.option("bench profiles --json")
def test_profiles_are_listed_with_their_price_and_whether_they_can_be_emulated(bench: Bench) -> None:
    done = bench("profiles", "--json")
    assert done.returncode == 0
    rows = {row["name"]: row for row in json.loads(done.stdout)["profiles"]}
    assert rows["fargate-x86-2vcpu-4gb"]["usd_per_hour"] == "0.09874"
    assert rows["fargate-arm-1vcpu-2gb-spot"]["usd_per_hour"] == "0.01185"
    assert rows["local-machine"]["here"] == "as it is"
    assert rows["ec2-gpu-g5.xlarge"]["here"] == "skipped"
    assert rows["ec2-gpu-g5.xlarge"]["reason"]
    shown = bench("profiles").stderr
    assert "fargate-x86-16vcpu-120gb" in shown
    assert "Fargate has no GPU" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile=fargate-x86-1cpu-2gb"], ["did you mean 'fargate-x86-1vcpu-2gb'?", "bench profiles"]),
        (["--rendition=posterr"], ["no rendition is called 'posterr'", "did you mean 'poster'?"]),
        (["--profile=fargate-arm-9*"], ["no profile is called 'fargate-arm-9*'", "bench profiles"]),
    ],
)
def test_a_wrong_name_ends_with_2_and_a_hint(bench: Bench, arguments: list[str], words: list[str]) -> None:
    done = bench("transcode", f"--media={ALPHA}", *arguments)
    assert done.returncode == 2
    assert all(word in done.stderr for word in words)


@pytest.mark.parametrize("option", ["--out", "--raw", "--keep", "--storage"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(
    bench: Bench, option: str, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = bench("transcode", f"--media={ALPHA}", "--rendition=poster", f"{option}={blocked / 'x'}")
    assert done.returncode == 2
    assert "cannot be written: " in done.stderr
    assert "[1/" not in done.stderr


def test_ctrl_c_keeps_the_cells_that_were_measured() -> None:
    command = [
        *COMMAND, "transcode", f"--media={ALPHA}", "--rendition=poster", "--rendition=webp", "--rounds=20",
        "--no-quality", "--json",
    ]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        assert child.stderr.readline().startswith("[1/2] ")
        child.send_signal(signal.SIGINT)
        said, _ = child.communicate(timeout=30)
    assert child.returncode == 130
    document = json.loads(said)
    assert [cell["provenance"] for cell in document["cells"]] == ["measured", "skipped"]
    assert document["interrupted"] is True
