"""Files that are not TOML, and documents that are not what they should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tidegauge.documents import parse, read_toml
from tidegauge.errors import TidegaugeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    size: int
    tags: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    inner: tuple[Inner, ...] = ()
    one: Inner | None = None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not UTF-8"),
        (b"a = \x00", "not TOML"),
        (b"a = [", "not TOML"),
        (b"a = " + b"9" * 5000, "not TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "not TOML"),
        (b"a = 1\na = 2", "not TOML"),
    ],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    with pytest.raises(TidegaugeError, match=words) as refused:
        read_toml(path, "plan")
    assert str(path) in refused.value.message
    assert refused.value.exit_code == 2


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(TidegaugeError, match="does not exist"):
        read_toml(tmp_path / "none.toml", "plan")
    with pytest.raises(TidegaugeError, match="Is a directory"):
        read_toml(tmp_path, "plan")


def test_an_empty_file_is_an_empty_document(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_bytes(b"")
    assert read_toml(tmp_path / "empty.toml", "plan") == {}


def test_a_good_document_becomes_a_frozen_record() -> None:
    found = parse(Outer, {"name": "a", "inner": [{"size": 1, "tags": {"x": "y"}}], "one": {"size": 2}}, "doc")
    assert found == Outer(name="a", inner=(Inner(size=1, tags={"x": "y"}),), one=Inner(size=2))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"nmae": "a"}, "unknown key 'nmae'"),
        ({"name": "a", "inner": [{"size": 1}, {"sizes": 1}]}, "unknown key 'inner.1.sizes'"),
        ({"name": "a", "one": {"sizes": 1}}, "unknown key 'one.sizes'"),
        ({}, "name: is required and missing"),
        ({"name": 5}, "name: .*, not 5"),
        ({"name": "a", "inner": [{"size": "1"}]}, r"inner\.0\.size"),
        ({"name": "a", "inner": [{"size": 1.5}, {"size": 2.5}]}, r"inner\.0\.size.*and 1 more"),
        ({"name": "a", "inner": 5}, "inner"),
        ({"name": "a", "one": 5}, "one"),
        ({"name": "a", "one": {"size": 2**63}}, r"one\.size is a number beyond 64 bits"),
        ({"name": "a", "one": {"size": float("inf")}}, r"one\.size is inf"),
        (5, "doc"),
        ([], "doc"),
    ],
)
def test_a_wrong_document_names_the_key(data: object, words: str) -> None:
    with pytest.raises(TidegaugeError, match=words):
        parse(Outer, data, "doc")


def test_a_document_without_end_is_an_error_and_no_crash() -> None:
    deep: dict[str, object] = {}
    deep["one"] = deep
    with pytest.raises(TidegaugeError, match="nested too deeply"):
        parse(Outer, {"name": "a", "one": {"size": 1, "tags": deep}}, "doc")
