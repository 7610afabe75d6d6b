"""Which files a flow file imports from its own folder, read from the source: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from tidegauge.errors import TidegaugeError


def read_source(file: Path) -> ast.Module:
    """The syntax tree of a Python file (exit 2 when it cannot be read, or is not Python)."""
    try:
        return ast.parse(file.read_bytes(), str(file))
    except OSError as error:
        raise TidegaugeError(
            f"flow file {file} cannot be read: {error.strerror}", "names in flows are relative to the plan"
        ) from None
    except SyntaxError as error:
        raise TidegaugeError(f"{file}:{error.lineno or 1}: {error.msg}", "mend its syntax") from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise TidegaugeError(f"{file} is not Python: {error}", "name a Python file") from None


def sources_of(file: Path, root: Path) -> Sequence[Path]:
    """`file`, and all that it imports from the folder `root`, directly or not; sorted."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [each for name in _imports(path, root) for each in _files(root, name)]
    return sorted(found)


def _imports(file: Path, root: Path) -> Iterator[tuple[str, ...]]:
    """Dotted names as parts; of `from a import b` also a.b, which may be a module."""
    package = file.parent.relative_to(root).parts
    for node in ast.walk(read_source(file)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = (*above, *(node.module.split(".") if node.module else ()))
            yield module
            yield from ((*module, alias.name) for alias in node.names)


def _files(root: Path, name: tuple[str, ...]) -> Iterator[Path]:
    """The module of that name below `root`, with the packages around it; none where it is elsewhere."""
    for length in range(1, len(name) + 1):
        place = root.joinpath(*name[:length])
        for path in (place / "__init__.py", place.with_name(place.name + ".py")):
            if path.is_file():
                yield path
                break
