"""Run folders: created once, files whole or not at all, torn ones named."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.rows import write_rows
from tidegauge.disk import DiskFull
from tidegauge.errors import TidegaugeError
from tidegauge.records import Outcome
from tidegauge.store import RunFolder


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_right(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_new_folder_is_made_with_its_parents_and_an_empty_one_is_taken(tmp_path: Path) -> None:
    assert RunFolder.create(tmp_path / "a" / "b").path.is_dir()
    (tmp_path / "c").mkdir()
    assert RunFolder.create(tmp_path / "c").path == tmp_path / "c"


def test_a_folder_with_anything_in_it_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(TidegaugeError, match="not empty"):
        RunFolder.create(tmp_path)
    with pytest.raises(TidegaugeError, match="cannot be written: File exists"):
        RunFolder.create(tmp_path / "mine")


def test_a_folder_without_run_json_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match=r"no run\.json"):
        RunFolder.open(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    assert RunFolder.open(tmp_path).path == tmp_path


def test_the_files_of_a_run_have_the_contracts_names(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    paths = [
        folder.run_json, folder.arrivals, folder.usage_json, folder.bench_json,
        folder.summary_json, folder.report_html, folder.junit_xml, folder.summary_md,
        folder.part("samples", 3, 7),
    ]  # fmt: skip
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "run.json", "arrivals.parquet", "usage.json", "bench.json",
        "summary.json", "report.html", "junit.xml", "summary.md", "samples/3-7.parquet",
    ]  # fmt: skip


def test_a_document_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_json(folder.run_json, {"name": "é ☃", "rate": 0.1})
    assert folder.read_json(folder.run_json) == {"name": "é ☃", "rate": 0.1}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "does not exist"), (b"{", "cannot be read"), (b"\xff", "cannot be read")]
)
def test_a_document_that_is_absent_or_torn_is_named(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    folder = RunFolder(tmp_path)
    if content is not None:
        folder.run_json.write_bytes(content)
    with pytest.raises(TidegaugeError, match=words):
        folder.read_json(folder.run_json)


def test_rows_come_back_from_all_files_of_a_kind(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    rows = [Outcome(0, 0, True, None), Outcome(1, 1, False, "in_flight_cap")]
    write_rows(folder, "outcomes", 0, 0, rows[:1])
    write_rows(folder, "outcomes", 1, 0, rows[1:])
    table, torn = folder.read_rows("outcomes")
    assert [tuple(row.values()) for row in table.to_pylist()] == [tuple(row) for row in rows]
    assert torn == []
    folder.remove_parts("outcomes")
    assert folder.read_rows("outcomes")[0].num_rows == 0
    assert not (tmp_path / "outcomes").exists()
    folder.remove_parts("outcomes")  # nothing to remove: not an error


def test_a_torn_file_costs_its_own_rows_only(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_rows(folder, "outcomes", 0, 0, [Outcome(0, 0, True, None)])
    folder.part("outcomes", 0, 1).write_bytes(folder.part("outcomes", 0, 0).read_bytes()[:-20])
    table, torn = folder.read_rows("outcomes")
    assert (table.num_rows, torn) == (1, ["0-1.parquet"])


def test_a_table_comes_back_and_a_torn_one_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    table = pa.table({"index": [0, 1]})
    folder.write_table(folder.arrivals, table)
    assert folder.read_table(folder.arrivals).equals(table)
    folder.arrivals.write_bytes(b"PAR1")
    with pytest.raises(TidegaugeError, match="cannot be read"):
        folder.read_table(folder.arrivals)


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: folder.write_table(folder.arrivals, pa.table({"index": [0]})),
        lambda folder: folder.write_text(folder.summary_md, "text"),
    ],
)
def test_a_full_disk_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[RunFolder], None]
) -> None:
    monkeypatch.setattr(Path, "replace", no_room)
    with pytest.raises(DiskFull, match="disk full"):
        write(RunFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_disk_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pq, "write_table", no_right)
    folder = RunFolder(tmp_path)
    with pytest.raises(TidegaugeError, match="Read-only file system") as refused:
        folder.write_table(folder.arrivals, pa.table({"index": [0]}))
    assert not isinstance(refused.value, DiskFull)
