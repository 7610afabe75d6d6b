"""Every verb that takes a run folder, given one with a damaged document: one clear error, no traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.damaged_documents import GONE, put
from tests.support.served import tidegauge, write_stack
from tests.support.whole_run import read, whole_run
from tidegauge.cost.metering.aws_metered import AwsMetered
from tidegauge.stored import document_of

BENCH = {
    "schema_version": 1,
    "cells": [
        {"media": "a.gif", "rendition": "webp", "profile": "here", "provenance": "skipped", "reason": "x"}
    ],
}
METERED = AwsMetered(
    collected_unix_s=10.0, began_unix_s=1.0, ended_unix_s=5.0, first_minute_unix_s=0, end_minute_unix_s=60
)
# verb, document that it reads, a key that the document needs
READ = (
    ("report", "run.json", "window"),
    ("report", "edge.json", "joined"),
    ("report", "audit.json", "lines"),
    ("report", "bench.json", "cells"),
    ("report", "aws_metrics.json", "collected_unix_s"),
    ("collect", "run.json", "interrupted"),
    ("collect", "summary.json", "drain_s"),
    ("validate", "summary.json", "flows"),
    ("validate", "usage.json", "items"),
)
WHOLE = {
    "empty": b"",
    "torn": b'{"schema_version": 1, "run_id": "x',
    "a list": b"[1]",
    "nan": b'{"schema_version": 1, "x": NaN}',
    "no UTF-8": b"\xff\xfe",
    "nested": b"[" * 100_000,
    "another schema": b'{"schema_version": 99, "run_id": "x"}',
    "nothing but its schema": b'{"schema_version": 1}',
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = whole_run(tmp_path_factory.mktemp("whole") / "made")
    folder.write_json(folder.bench_json, BENCH)
    folder.write_json(folder.aws_metrics_json, document_of(METERED))
    return folder.path


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def call(verb: str, run: Path) -> tuple[int, str]:
    """Exit code and error of the verb on the run."""
    arguments: list[object] = ["report", run]
    if verb == "collect":
        stack = write_stack(run.parent, "http://127.0.0.1:9", extra='[aws]\nqueues = ["events"]\n')
        arguments = ["collect", run, "--stack", stack]
    if verb == "validate":
        arguments = ["cost", "validate", run.parent / "estimate.toml", "--run", run]
    code, document, _ = tidegauge(*arguments)
    return code, str(document.get("error", {}).get("message"))


@pytest.mark.parametrize("damage", WHOLE)
@pytest.mark.parametrize(("verb", "name"), [(verb, name) for verb, name, _ in READ])
def test_a_damaged_document_is_named(made: Path, run: Path, verb: str, name: str, damage: str) -> None:
    shutil.copy(made.parent / "estimate.toml", run.parent)
    (run / name).write_bytes(WHOLE[damage])
    code, message = call(verb, run)
    assert (code, name in message) == (2, True), message


@pytest.mark.parametrize(("verb", "name", "key"), READ)
@pytest.mark.parametrize("odd", [GONE, "x", -1], ids=["gone", "text", "number"])
def test_a_missing_or_odd_key_is_named(
    made: Path, run: Path, verb: str, name: str, key: str, odd: object
) -> None:
    shutil.copy(made.parent / "estimate.toml", run.parent)
    (run / name).write_text(json.dumps(put(read(run / name), (key,), odd)), encoding="utf-8")
    code, message = call(verb, run)
    assert (code, name in message, key in message) == (2, True, True), message


def test_counters_that_are_not_an_object_are_named(run: Path) -> None:
    (run / "aws_metrics.json").unlink()  # which goes before them
    (run / "stack_usage.json").write_text("[]", encoding="utf-8")
    code, message = call("report", run)
    assert (code, "stack_usage.json is not a JSON object" in message) == (2, True), message


def test_a_sound_run_has_its_report(run: Path) -> None:
    assert call("report", run) == (0, "None")
