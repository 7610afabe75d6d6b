"""`bench compare` as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.analysis.bench_documents import cell
from tests.support.served import tidegauge


def write(path: Path, rounds: list[float], sha256: str = "ab") -> Path:
    document = {
        "schema_version": 1,
        "cells": [cell("local-machine", 1.0, None, cpu_s_rounds=rounds)],
        "ffmpeg": {"sha256": sha256},
        "machine": {"cpu_model": "EPYC", "architecture": "x86_64", "cores": 2},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("factor", "code", "verdict"), [(1.0, 0, "PASS"), (1.5, 10, "FAIL")], ids=["alike", "dearer"]
)
@pytest.mark.option("bench compare --json")
def test_the_exit_code_is_the_verdict(tmp_path: Path, factor: float, code: int, verdict: str) -> None:
    base = [1.0, 1.01, 0.99, 1.02, 0.98]
    found = tidegauge(
        "bench", "compare", write(tmp_path / "a", base), write(tmp_path / "b", [factor * s for s in base])
    )
    assert (found[0], found[1]["verdict"], found[1]["refused"]) == (code, verdict, None)


@pytest.mark.option("bench compare --threshold")
def test_how_much_dearer_a_cell_may_get_is_ones_own_choice(tmp_path: Path) -> None:
    base = [1.0, 1.01, 0.99, 1.02, 0.98]
    paths = write(tmp_path / "a", base), write(tmp_path / "b", [1.5 * s for s in base])
    assert tidegauge("bench", "compare", *paths, "--threshold", 0.6)[1]["verdict"] == "PASS"


def test_unlike_builds_are_refused(tmp_path: Path) -> None:
    code, document, _ = tidegauge(
        "bench", "compare", write(tmp_path / "a", [1.0] * 5), write(tmp_path / "b", [1.0] * 5, sha256="cd")
    )
    assert code == 2
    assert "not alike: ffmpeg sha256" in document["error"]["message"]
