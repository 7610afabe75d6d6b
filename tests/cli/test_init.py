"""`tidegauge init`: what it writes can be run, and what is there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.served import good_after, http_server, tidegauge

NAMES = ["plan.toml", "stack.toml", "flow.py"]


def test_what_is_written_can_be_run_once_the_stack_is_named(tmp_path: Path) -> None:
    code, document, _ = tidegauge("init", tmp_path / "new" / "load")
    assert code == 0
    files = [Path(name) for name in document["files"]]
    assert files == [tmp_path / "new" / "load" / name for name in NAMES]
    with http_server(good_after(0)) as url:
        files[1].write_text(files[1].read_text().replace("http://127.0.0.1:8000", url))
        code, dry, _ = tidegauge("run", files[0], "--stack", files[1], "--dry-run")
    assert code == 0
    assert set(dry["sessions_by_flow"]) == {"front_page", "look_around"}
    assert dry["forecast"]["requests"] > dry["sessions"]  # the Python flow sends two


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, name: str, kind: str) -> None:
    there = tmp_path / name
    if kind == "file":
        there.write_text("mine")
    elif kind == "folder":
        there.mkdir()
    else:
        there.symlink_to(tmp_path / "gone" / "away")
    code, document, _ = tidegauge("init", tmp_path)
    assert code == 2
    assert str(there) in document["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert kind != "file" or there.read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for folder in ("taken", "taken/below"):
        code, document, _ = tidegauge("init", tmp_path / folder)
        assert code == 2
        assert "taken" in document["error"]["message"]
