"""`tidegauge bench report`: one file, one JSON document, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tidegauge.cli import tidegauge


def cell(profile: str, wall_s: float, usd: str) -> dict[str, Any]:
    """An emulated cell."""
    named = {"media": "a.gif", "rendition": "webp", "profile": profile, "provenance": "emulated"}
    return named | {"wall_s": wall_s, "cost_usd_per_asset": usd}


DOCUMENT = {
    "schema_version": 1,
    "cells": [cell("fargate-x86-1vcpu-2gb", 3.0, "0.00004"), cell("fargate-x86-2vcpu-4gb", 2.0, "0.00005")],
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(tidegauge, ["bench", "report", *arguments])


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    return path


@pytest.mark.option("bench report --out", "bench report --target-vmaf", "bench report --json")
def test_one_file_is_written_and_the_answer_printed(bench: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "compared.html"
    ended = run(str(bench), "--out", str(out), "--target-vmaf", "90", "--json")
    assert ended.exit_code == 0
    printed = json.loads(ended.stdout)
    assert printed["report"] == str(out)
    assert printed["answer"]["target_vmaf"] == 90
    assert printed["answer"]["profiles"][0]["profile"] == "fargate-x86-1vcpu-2gb"
    assert "<title>Transcode bench" in out.read_text(encoding="utf-8")


def test_several_documents_share_a_page_that_names_them(bench: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(DOCUMENT | {"ffmpeg": {"version": "5.1.9"}}), encoding="utf-8")
    out = tmp_path / "out.html"
    ended = run(str(bench), str(other), "--out", str(out), "--json")
    assert len(json.loads(ended.stdout)["answer"]["fronts"]) == 2
    assert "bench.json, other.json" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a transcode bench document"),
        ('{"cells": [{"media": 1}]}', "cells.0.media"),
        ('{"cells": [], "task_use": {"workers": NaN}}', "is not JSON"),
    ],
)
def test_a_file_that_is_no_bench_is_refused_without_a_traceback(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text, encoding="utf-8")
    ended = run(str(path), "--out", str(tmp_path / "out.html"), "--json")
    assert ended.exit_code == 2
    assert message in json.loads(ended.stdout)["error"]["message"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    ended = run(str(tmp_path / "none.json"), "--json")
    assert ended.exit_code == 2
    assert "none.json cannot be read: No such file" in json.loads(ended.stdout)["error"]["message"]
