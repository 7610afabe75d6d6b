"""Rows as a generator's process stores them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tidegauge.row_files import table_of
from tidegauge.store import RunFolder


def write_rows(
    folder: RunFolder, kind: str, process: int, sequence: int, rows: Iterable[Sequence[object]]
) -> None:
    """One numbered file of rows of `kind` in the run's folder."""
    folder.write_part(kind, process, sequence, table_of(kind, list(zip(*rows, strict=True))))
