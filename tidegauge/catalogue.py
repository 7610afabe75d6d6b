"""The catalogue: test assets of a stack, a JSON object a line; popularity rank k is row k."""

from __future__ import annotations

import errno
import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegauge.errors import TidegaugeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A row of the catalogue; a stack without one has assets that are plain numbers."""

    rank: int  # by popularity, counted from 0
    asset_id: str
    short_code: str
    renditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # name: path, bytes, sha256


def read_catalogue(path: Path, count: int | None = None) -> Iterator[Asset]:
    """The first `count` rows, or all (exit 2 where the file or a row cannot be read)."""
    number = 0
    try:
        with path.open("rb") as lines:
            for rank, line in enumerate(itertools.islice(filter(bytes.strip, lines), count)):
                number = rank + 1
                yield _asset(rank, json.loads(line))
    except OSError as error:
        raise TidegaugeError(
            f"catalogue {path} cannot be read: {error.strerror}", "create it: tidegauge catalogue create"
        ) from None
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise TidegaugeError(
            f"catalogue {path}, row {number}: {error!r:.80}",
            "a row is a JSON object with asset_id and short_code: tidegauge catalogue create writes such",
        ) from None


def count_assets(path: Path) -> int:
    """How many rows there are; each is read, and none at all is an error (exit 2)."""
    rows = sum(1 for _ in read_catalogue(path))
    if not rows:
        raise TidegaugeError(f"catalogue {path} is empty", "create assets: tidegauge catalogue create")
    return rows


def check_writable(path: Path) -> None:
    """Refuses a place that cannot be written (exit 2), before minutes are spent on assets."""
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _not_writable(path, error) from None
    if path.is_dir():
        raise _not_writable(path, IsADirectoryError(errno.EISDIR, "it is a folder"))


def write_catalogue(path: Path, assets: Iterable[Asset]) -> None:
    """One row an asset, all of them or none (exit 2 where the file cannot be written)."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            for asset in assets:
                row = {"asset_id": asset.asset_id, "short_code": asset.short_code}
                file.write(json.dumps({**row, "renditions": asset.renditions}) + "\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _not_writable(path, error) from None


def _not_writable(path: Path, error: OSError) -> TidegaugeError:
    return TidegaugeError(f"catalogue {path} cannot be written: {error.strerror}", "name another --out")


def _asset(rank: int, row: Any) -> Asset:
    if not isinstance(row, dict):
        raise TypeError("a row must be an object")
    renditions = row.get("renditions") or {}
    if not isinstance(renditions, dict) or not all(isinstance(each, dict) for each in renditions.values()):
        raise ValueError("renditions must be an object of objects")
    return Asset(
        rank=rank,
        asset_id=str(row["asset_id"]),
        short_code=str(row["short_code"]),
        renditions=renditions,
    )
