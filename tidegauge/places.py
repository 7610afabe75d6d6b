"""Where in a document a mistake is: file, line and key, for errors that lead straight to it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

Path = tuple[str | int, ...]
_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(#.*)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a document: `usage.json:12: items.3.quantity`."""

    source: str  # the file's name, or what kind of document it is
    path: Path = ()
    line_of: Callable[[Path], int | None] = lambda _path: None

    def __truediv__(self, key: str | int) -> Place:
        return Place(self.source, (*self.path, key), self.line_of)

    def __str__(self) -> str:
        line = self.line_of(self.path)
        start = self.source if line is None else f"{self.source}:{line}"
        return f"{start}: {'.'.join(map(str, self.path))}" if self.path else start


def json_place(source: str, text: str) -> Place:
    """The top of the JSON document `text`. Lines are looked up only when an error is printed."""

    @functools.cache
    def root() -> yaml.Node | None:
        try:  # JSON is YAML, as good as always, and PyYAML's nodes know their lines
            return yaml.compose(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, RecursionError):
            return None

    def line_of(path: Path) -> int | None:
        node = root()
        line = None if node is None else node.start_mark.line + 1
        for key in path:
            child = _child(node, key)
            if child is None:
                return line
            node, line = child, child.start_mark.line + 1
        return line

    return Place(source, (), line_of)


def toml_place(source: str, text: str) -> Place:
    """The top of the TOML document `text`: tables by their headers, keys by the line that sets them."""
    lines = text.splitlines()

    def line_of(path: Path) -> int | None:
        start, rest = _table(lines, path)
        key = next((str(part) for part in rest if isinstance(part, str)), None)
        if key is None:
            return start
        setting = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        for number in range(start or 0, len(lines)):
            if _TABLE.fullmatch(lines[number]):
                break
            if setting.match(lines[number]):
                return number + 1
        return start

    return Place(source, (), line_of)


def _table(lines: list[str], path: Path) -> tuple[int | None, Path]:
    """(line of the innermost table header on `path` or None, the keys of `path` below it)."""
    counts: dict[Path, int] = {}
    best: tuple[int | None, Path] = (None, path)
    for number, line in enumerate(lines, start=1):
        header = _TABLE.fullmatch(line)
        if header is None:
            continue
        names: Path = tuple(part.strip().strip("\"'") for part in header[2].split("."))
        if header[1] == "[[":
            counts[names] = counts.get(names, -1) + 1
            names = (*names, counts[names])
        if path[: len(names)] == names:
            best = (number, path[len(names) :])
    return best


def _child(node: yaml.Node | None, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        child = node.value[key]
        assert isinstance(child, yaml.Node)
        return child
    return None
