"""Stored documents as records: refused where damaged, and read and written without a loss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.damaged_documents import damaged, objects, put, shortened
from tests.support.whole_run import read, whole_run
from tidegauge.audit_record import AuditRecord
from tidegauge.edge_record import EdgeCheck
from tidegauge.errors import TidegaugeError
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder
from tidegauge.stored import document_of, read_record
from tidegauge.summary import Summary

KINDS: dict[str, type[Any]] = {
    "run.json": RunRecord,
    "summary.json": Summary,
    "edge.json": EdgeCheck,
    "audit.json": AuditRecord,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return whole_run(tmp_path_factory.mktemp("whole") / "made")


def read_as(name: str, document: Any) -> Any:
    return read_record(KINDS[name], document, name, "what to do")


def outcome(name: str, document: Any) -> tuple[TidegaugeError | None, Any]:
    """The refusal of a document, or what is written when it has been read."""
    try:
        return None, document_of(read_as(name, document))
    except TidegaugeError as error:
        return error, None


def holds(written: Any, document: Any) -> bool:
    """Whether all of `document` is in what was written, beside defaults of what it lacks."""
    if isinstance(document, dict):
        said = {key: value for key, value in document.items() if key in written or value not in (None, [])}
        return all(key in written and holds(written[key], value) for key, value in said.items())
    if isinstance(document, list):
        return len(written) == len(document) and all(map(holds, written, document))
    return bool(written == document)


@pytest.mark.parametrize("name", KINDS)
def test_what_was_read_is_written_as_it_stood(folder: RunFolder, name: str) -> None:
    text = (folder.path / name).read_text(encoding="utf-8")
    folder.write_json(folder.path / "again.json", document_of(read_as(name, json.loads(text))))
    assert (folder.path / "again.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", KINDS)
def test_a_document_damaged_in_any_place_is_refused_with_its_name_or_read_without_a_loss(
    folder: RunFolder, name: str
) -> None:
    refused = 0
    for where, odd, document in damaged(shortened(read(folder.path / name))):
        error, kept = outcome(name, document)
        if error is None:
            assert holds(kept, document), (where, odd)
        else:
            refused += 1
            assert error.message.startswith(name), (where, odd)
            assert (error.exit_code, bool(error.hint)) == (2, True), (where, odd)
    assert refused > 100


@pytest.mark.parametrize("name", KINDS)
def test_a_field_of_a_later_version_is_kept_in_whatever_object_it_stands(
    folder: RunFolder, name: str
) -> None:
    document = shortened(read(folder.path / name))
    for where in objects(document):
        kept = []
        for value in ("later", "1", 1, {}):  # objects that map names take values of their one kind only
            later = put(document, (*where, "added_later"), value)
            try:
                kept.append(document_of(read_as(name, later)) == later)
            except TidegaugeError:
                continue
        assert kept, where
        assert all(kept), where


def test_a_changed_record_keeps_the_fields_of_a_later_version(folder: RunFolder) -> None:
    later = put(put(read(folder.run_json), ("plan", "pace"), [1, {"a": None}]), ("workers", 0, "zone"), "b")
    changed = replace(read_as("run.json", later), notes=("another",), workers=())
    assert document_of(changed)["plan"]["pace"] == [1, {"a": None}]
    assert "workers" not in document_of(changed)


def refusal(folder: RunFolder, changes: dict[str, Any]) -> TidegaugeError:
    copy = RunFolder(folder.path / "changed")
    copy.path.mkdir(exist_ok=True)
    copy.write_json(copy.run_json, {**read(folder.run_json), **changes})
    with pytest.raises(TidegaugeError) as refused:
        copy.read_run()
    return refused.value


@pytest.mark.parametrize(
    ("version", "message", "hint"),
    [
        (99, "schema_version is 99, and this Tidegauge reads 1", "newer"),
        (0, "schema_version is 0", "run the plan again"),
        (None, "schema_version is missing", "run the plan again"),
        ("1", "schema_version is '1', not a whole number", "run the plan again"),
        (True, "schema_version is True, not a whole number", "run the plan again"),
    ],
)
def test_another_schema_is_named_with_what_to_do(
    folder: RunFolder, version: object, message: str, hint: str
) -> None:
    error = refusal(folder, {"schema_version": version})
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": {"start_s": 0, "end_s": 1e6}}, "window.end_s is 1e+06, and the plan's phases last 4 s"),
        ({"started_at": "yesterday"}, "started_at: "),
        ({"started_at": "2026-11-03T14:15:02"}, "not a date and time with its offset"),
        ({"processes": 0}, "processes: "),
        ({"endpoints": [["ping"]]}, "endpoints.0"),
    ],
)
def test_values_that_no_run_has_are_refused(folder: RunFolder, changes: dict[str, Any], message: str) -> None:
    assert message in refusal(folder, changes).message


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 100_000, '{"x": NaN}', "1e999", "{} {}", ""])
def test_what_is_not_json_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(TidegaugeError, match=r"run\.json"):
        RunFolder(tmp_path).read_run()


@pytest.mark.parametrize(("at_s", "end_s"), [(2.7, 2.0), (9.0, 4.0), (-0.3, 0.0)])
def test_an_interrupted_run_ends_with_a_whole_second_of_its_window(
    folder: RunFolder, at_s: float, end_s: float
) -> None:
    copy = RunFolder(folder.path / "early")
    copy.path.mkdir(exist_ok=True)
    copy.write_run(folder.read_run().ended_early(at_s))
    assert (copy.read_run().interrupted, copy.read_run().window.end_s) == (True, end_s)
