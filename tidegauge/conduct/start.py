"""The files that a new project starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.house import HOUSE

START = HOUSE / "plans" / "start"
NAMES = ("plan.toml", "stack.toml", "flow.py")


def write_start(folder: Path) -> Sequence[Path]:
    """Plan, stack descriptor and flow in `folder`, which is made; one that is there is an error (exit 2)."""
    wanted = [folder / name for name in NAMES]
    there = [path for path in wanted if path.exists()]
    if there:
        raise TidegaugeError(
            f"{there[0]} is there already, and nothing is overwritten",
            "name a new folder: tidegauge init DIR",
        )
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in wanted:
            with path.open("xb") as file:
                written.append(path)
                file.write((START / path.name).read_bytes())
    except OSError as error:
        for path in written:  # half a start would stand in the way of the next try
            path.unlink()
        raise TidegaugeError(
            f"{error.filename} cannot be written: {error.strerror}", "name another folder"
        ) from None
    return written
