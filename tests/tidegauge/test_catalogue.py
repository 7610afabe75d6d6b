"""The catalogue's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegauge.catalogue import Asset, check_writable, count_assets, read_catalogue, write_catalogue
from tidegauge.errors import TidegaugeError

GIF = {"path": "/assets/a.gif", "bytes": 7, "sha256": "00"}
ROW = '{"asset_id": "a1", "short_code": "s1"}'


def test_what_was_written_is_read_again_in_its_order(tmp_path: Path) -> None:
    assets = [
        Asset(rank=0, asset_id="a", short_code="s", renditions={"original": GIF}),
        Asset(rank=1, asset_id="b", short_code="t"),
    ]
    write_catalogue(tmp_path / "c.jsonl", assets)
    assert list(read_catalogue(tmp_path / "c.jsonl")) == assets
    assert count_assets(tmp_path / "c.jsonl") == 2


def test_only_as_many_rows_are_read_as_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(f"{ROW}\n\n{ROW}\nnot read\n", encoding="utf-8")
    assert [asset.rank for asset in read_catalogue(path, 2)] == [0, 1]


def test_numbers_as_ids_are_taken_as_text(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"asset_id": 7, "short_code": 8}\n', encoding="utf-8")
    assert [(asset.asset_id, asset.short_code) for asset in read_catalogue(path)] == [("7", "8")]


@pytest.mark.parametrize(
    "row",
    [
        '{"asset_id": "a"}',
        '{"short_code": "s"}',
        "[]",
        "7",
        "null",
        '"text"',
        '{"asset_id"',
        '{"asset_id": "a", "short_code": "s", "renditions": []}'.replace("[]", "[1]"),
        '{"asset_id": "a", "short_code": "s", "renditions": {"webp": 1}}',
        "\N{REPLACEMENT CHARACTER}",
        "[" * 100_000,
    ],
)
def test_a_bad_row_is_named_by_its_number(tmp_path: Path, row: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(f"{ROW}\n{row}\n", encoding="utf-8")
    with pytest.raises(TidegaugeError, match="row 2"):
        count_assets(path)


def test_bytes_that_are_not_utf_8_are_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(TidegaugeError, match="row 1"):
        count_assets(path)


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("\n \n", encoding="utf-8")
    with pytest.raises(TidegaugeError, match="is empty"):
        count_assets(path)


@pytest.mark.parametrize("name", [".", "nowhere/c.jsonl"])
def test_a_place_that_cannot_be_written_is_refused_before_assets_are_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(TidegaugeError, match="cannot be written"):
        check_writable(tmp_path / name)


def test_a_write_that_fails_leaves_no_half_catalogue(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="cannot be written"):
        write_catalogue(tmp_path / "nowhere" / "c.jsonl", [])
    assert list(tmp_path.iterdir()) == []
