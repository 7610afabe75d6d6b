"""`bench transcode` with figures of other machines, as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.served import ROOT, tidegauge

ALPHA = ROOT / "fixtures" / "media" / "alpha.gif"
BENCH = ("bench", "transcode", f"--media={ALPHA}", "--rendition=poster", "--rounds=1", "--no-quality")


@pytest.mark.option("bench transcode --import")
def test_a_bench_of_here_can_be_imported_elsewhere(tmp_path: Path) -> None:
    there = tmp_path / "there.json"
    assert tidegauge(*BENCH, f"--out={there}")[0] == 0
    code, document, _ = tidegauge(*BENCH, f"--import={there}")
    assert code == 0
    assert [(cell["profile"], cell["provenance"]) for cell in document["cells"]] == [
        ("local-machine", "measured"),
        ("local-machine@there", "imported"),
    ]
    assert document["imports"][0]["machine"] == json.loads(there.read_text())["machine"]
    assert document["imports"][0]["same_ffmpeg"] is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"schema_version": 9, "cells": []}', "schema_version"),
        ("[" * 100_000, "is not JSON"),
        ('{"schema_version": 1, "cells": [{"wall_s": NaN}]}', "is not JSON"),
        ('{"schema_version": 1, "cells": [], "ffmpeg": {"\\ud800": 1}, "machine": {}}', "cannot be imported"),
    ],
    ids=["cut off", "schema", "deep", "nan", "surrogate"],
)
def test_a_hostile_import_is_refused_before_anything_is_measured(
    tmp_path: Path, text: str, message: str
) -> None:
    hostile = tmp_path / "hostile.json"
    hostile.write_text(text)
    code, document, stderr = tidegauge(*BENCH, f"--import={hostile}")
    assert code == 2
    assert message in document["error"]["message"]
    assert "Traceback" not in stderr
    assert "[1/1]" not in stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tasks=3"], "--tasks needs --on ecs"),
        (["--dry-run"], "--dry-run needs --on ecs"),
        (["--on=ecs"], "--on ecs needs --stack FILE"),
        (["--on=ecs", "--stack=aws.toml"], "--on ecs needs --profile NAME"),
        (["--on=ecs", "--stack=aws.toml", "--keep=kept"], "--keep and --on ecs are both given"),
        (
            ["--on=ecs", "--stack=aws.toml", "--profile=a", "--budget=free"],
            "'free' is not an amount of dollars",
        ),
    ],
)
def test_options_that_have_no_sense_together_are_refused(options: list[str], message: str) -> None:
    code, document, _ = tidegauge(*BENCH, *options)
    assert code == 2
    assert message in document["error"]["message"]
