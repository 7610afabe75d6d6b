"""A bench in a fresh clone makes the media that git does not hold, or says how."""

from __future__ import annotations

from pathlib import Path

import pytest

from benches.fixtures import fixture
from tidegauge.house import MEDIA


def test_a_medium_that_is_there_is_taken_as_it_is() -> None:
    assert fixture("odd.gif") == MEDIA / "odd.gif"


def test_a_missing_medium_is_made(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text(
        "import pathlib, sys; pathlib.Path(__file__).with_name(sys.argv[1]).write_bytes(b'made')"
    )
    assert fixture("uhd.mp4", tmp_path).read_bytes() == b"made"


def test_a_medium_that_cannot_be_made_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "make.py").write_text("raise SystemExit(1)")
    with pytest.raises(SystemExit, match=r"uhd\.mp4 was not made\nhint: .*make\.py uhd\.mp4"):
        fixture("uhd.mp4", tmp_path)
