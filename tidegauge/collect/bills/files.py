"""The files of a bill: parts named or in folders, and of several deliveries the newest alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from tidegauge.errors import TidegaugeError

SUFFIXES = (".csv", ".csv.gz", ".gz", ".parquet", ".snappy.parquet")
# Of an export that creates new files: 2024-05-18T20:16:37.306Z-3695a728-d559-40bd-ac30-ffc97b552489
EXECUTION = re.compile(r"\d{4}-?\d{2}-?\d{2}T[\d:._-]+Z?-[0-9a-fA-F-]{8,}")
CHUNK_BYTES = 1 << 20


def find_bill_files(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """(the files to read, a sentence a file that is not): manifests, older deliveries, equal parts."""
    named, ignored = list[Path](), list[str]()
    for path in paths:
        if path.is_dir():
            inside = [one for one in sorted(path.rglob("*")) if one.is_file() and not _hidden(one, path)]
            named += [one for one in inside if one.name.endswith(SUFFIXES)]
            ignored += [f"{one}: no part of a bill" for one in inside if not one.name.endswith(SUFFIXES)]
        elif path.is_file():
            named.append(path)
        else:
            raise TidegaugeError(
                f"bill {path} does not exist", "name the files of an export, or their folder"
            )
    newest, older = _newest(list({one.resolve(): one for one in named}.values()))
    parts, equal = _once(newest)
    if not parts:
        raise TidegaugeError(
            f"no part of a bill in {', '.join(map(str, paths)):.200}",
            "parts end in .csv, .csv.gz or .parquet",
        )
    return parts, [*ignored, *older, *equal]


def _hidden(path: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(top).parts)


def _newest(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Exports that create new files keep each refresh in a folder of its own: the last one is the bill."""
    kept, deliveries = list[Path](), dict[Path, dict[str, list[Path]]]()
    for path in paths:
        folder = next((one for one in path.parents if EXECUTION.fullmatch(one.name)), None)
        if folder is None:
            kept.append(path)
        else:
            deliveries.setdefault(folder.parent, {}).setdefault(folder.name, []).append(path)
    older = []
    for by_name in deliveries.values():
        last = max(by_name)
        kept += by_name[last]
        rest = (path for name, inside in by_name.items() if name != last for path in inside)
        older += [f"{path}: an earlier delivery than {last}" for path in rest]
    return kept, older


def _once(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files of different content."""
    by_content: dict[str, Path] = {}
    equal = []
    for path in paths:
        first = by_content.setdefault(_digest(path) if len(paths) > 1 else "", path)
        if first != path:
            equal.append(f"{path}: the same file as {first}")
    return list(by_content.values()), equal


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise TidegaugeError(
            f"bill {path} cannot be read: {error.strerror}", "check its permissions"
        ) from None
    return digest.hexdigest()
