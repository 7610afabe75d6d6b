"""The house in numbers: files, lines and long functions by room, circles, and documents read without a type.

    python -m benches.house
    python -m benches.house --root OTHER_CHECKOUT

A function is long above 30 lines. A circle is a set of modules that import each other, wherever in a module
the import stands. A subscript counts where a run's or a summary's document is read by a text key
(`run["seed"]`; `summary["total"]["count"]` is two).
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from benches.arguments import parser_of

LONG = 30
HOUSES = ("tidegauge", "infra_under_test", "reports", "locustfiles", "benches")
DIVIDED = ("tidegauge", "infra_under_test")  # whose folders are rooms of their own
DOCUMENTS = {"run", "summary"}
HEADING = "room                          files   lines  functions  over 30  share  subscripts"
HEADING = "room                          files   lines  functions  over 30  share  subscripts"
TOTAL = "~ in all"  # sorts last


@dataclass(slots=True)
class Room:
    """What is in one room."""

    files: int = 0
    lines: int = 0
    functions: int = 0
    long: list[str] = field(default_factory=list)
    subscripts: int = 0


def main() -> None:
    options = _options()
    modules = _modules(options.root)
    rooms: dict[str, Room] = defaultdict(Room)
    for path in modules.values():
        for name in (_room(options.root, path), TOTAL):
            _count(rooms[name], path)
    _say(HEADING)
    for name, room in sorted(rooms.items()):
        _say(_row(name, room))
    found = circles(modules)
    _say(f"circles: {len(found)}")
    for circle in found:
        _say("  " + ", ".join(sorted(circle)))
    for name in rooms[TOTAL].long if options.long else ():
        _say(f"  {name}")


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    here = Path(__file__).resolve().parents[1]
    parser.add_argument("--root", type=Path, default=here, metavar="DIR", help="default: this checkout")
    parser.add_argument("--long", action="store_true", help="name the long functions")
    return parser.parse_args()


def circles(modules: dict[str, Path]) -> list[set[str]]:
    """Sets of modules that reach each other by imports."""
    imports = {name: _imports(path) & modules.keys() - {name} for name, path in modules.items()}
    reached: dict[str, set[str]] = {}
    for name in modules:
        seen, waiting = set[str](), [name]
        while waiting:
            new = imports[waiting.pop()] - seen
            seen |= new
            waiting += new
        reached[name] = seen
    found: list[set[str]] = []
    for name, seen in reached.items():
        circle = {other for other in seen if name in reached[other]}
        if name in seen and circle not in found:
            found.append(circle)
    return found


def _modules(root: Path) -> dict[str, Path]:
    found = {}
    for house in HOUSES:
        for path in sorted((root / house).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _room(root: Path, path: Path) -> str:
    house, *rest = path.relative_to(root).parts
    return f"{house}/{rest[0]}" if house in DIVIDED and len(rest) > 1 else house


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _count(room: Room, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    room.files += 1
    room.lines += text.count("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            room.functions += 1
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONG:
                room.long.append(f"{path}:{node.lineno} {node.name}: {length} lines")
        elif isinstance(node, ast.Subscript) and _is_read_untyped(node):
            room.subscripts += 1


def _is_read_untyped(node: ast.Subscript) -> bool:
    if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)):
        return False
    base: ast.expr = node.value
    while isinstance(base, ast.Subscript):
        base = base.value
    name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
    return name.lstrip("_") in DOCUMENTS


def _row(name: str, room: Room) -> str:
    share = len(room.long) / room.functions if room.functions else 0.0
    return (
        f"{name:28} {room.files:6} {room.lines:7} {room.functions:10} {len(room.long):8} {share:6.1%} "
        f"{room.subscripts:11}"
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
