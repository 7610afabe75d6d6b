"""Lines of mistakes in JSON and TOML."""

from __future__ import annotations

import pytest

from tidegauge.places import Path, Place, json_place, toml_place

JSON = """{
 "region": "us-east-1",
 "items": [
  {"unit": "a"},
  {
   "unit": "b",
   "quantity": "-1"
  }
 ]
}"""
TOML = """name = "seed"

[scenario]
users = 10
[scenario.flows]
view = "views"

[[line]]
id = "one"
price = 1

[[line]]
id = "two"
attributes = { arch = "x86" }
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("region",), 2),
        (("items", 0), 4),
        (("items", 1, "quantity"), 7),
        (("items", 1, "absent"), 5),
    ],
)
def test_a_json_key_is_found_by_its_line(path: Path, line: int) -> None:
    assert json_place("f", JSON).line_of(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 1),
        (("scenario", "users"), 4),
        (("scenario", "flows", "view"), 6),
        (("line", 0, "price"), 10),
        (("line", 1, "id"), 13),
        (("line", 1, "price"), 12),  # it is not set: the table's own line
        (("line", 1, "attributes", "arch"), 14),
        (("absent",), None),
    ],
)
def test_a_toml_key_is_found_by_its_line(path: Path, line: int | None) -> None:
    assert toml_place("f", TOML).line_of(path) == line


def test_a_place_reads_as_editors_and_people_do() -> None:
    assert str(json_place("usage.json", JSON) / "items" / 1 / "quantity") == "usage.json:7: items.1.quantity"
    assert str(Place("usage") / "items" / 0) == "usage: items.0"


@pytest.mark.parametrize("text", ["", "{", "\x00", "[" * 2000])
def test_a_torn_document_still_has_a_place(text: str) -> None:
    assert str(json_place("f", text) / "a").endswith("a")
