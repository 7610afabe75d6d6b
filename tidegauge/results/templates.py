"""The files of an architecture's folder that may be templates, or say how templates belong together."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from tidegauge.errors import TidegaugeError

SUFFIXES = (".json", ".yaml", ".yml", ".template")
SIZE_MAX = 2**20  # bytes: CloudFormation takes no larger template
FILES_MAX = 5000
PASSED_OVER = "node_modules"  # hidden folders are passed over too


def read_templates(folder: Path) -> dict[str, str]:
    """The text of every JSON and YAML file in `folder` and below, by its path there (exit 2: unreadable)."""
    try:
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is not a folder")
        found = {path.relative_to(folder).as_posix(): _text(path.read_bytes()) for path in _files(folder)}
    except OSError as error:
        raise TidegaugeError(
            f"architecture {folder} cannot be read: {error}", "name a folder of CloudFormation templates"
        ) from None
    return found


def _text(data: bytes) -> str:
    """A file's text: UTF-8 or, where it says so, UTF-16; other bytes may only spoil labels and comments."""
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return data.decode(encoding, errors="replace")


def _files(folder: Path) -> Iterator[Path]:
    """Files of a template's size, the folder's own before those below."""
    waiting, number = [folder], 0
    while waiting:
        current = waiting.pop(0)
        for path in sorted(current.iterdir()):
            if path.is_dir() and not path.is_symlink() and path.name[0] != "." and path.name != PASSED_OVER:
                waiting.append(path)
            number += 1
            if number > FILES_MAX:
                raise TidegaugeError(
                    f"architecture {folder} holds more than {FILES_MAX:,} files",
                    "name the folder of the templates, not that of a whole project",
                )
            if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size <= SIZE_MAX:
                yield path
