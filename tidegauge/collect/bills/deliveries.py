"""Rows that were delivered twice: a part again under another name, or an earlier state of the same bill."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tidegauge.errors import TidegaugeError

IDENTITY = ("identity", "interval")  # what CUR 2.0 tells rows apart by
AGAIN_RATIO = 0.5  # FOCUS has no ids: two parts that share most of their rows are one bill twice
Hashes = npt.NDArray[np.uint64]


class Deliveries:
    """Eight bytes a row, by part."""

    def __init__(self, *, is_needed: bool) -> None:
        self._is_needed = is_needed
        self._rows: dict[Path, list[Hashes]] = {}
        self._ids: dict[Path, list[Hashes]] = {}

    def note(self, path: Path, table: pa.Table) -> None:
        """Some rows of a part, by our names of the columns."""
        if not self._is_needed:
            return
        self._rows.setdefault(path, []).append(_hashes(table, table.column_names))
        if IDENTITY[0] in table.column_names:
            self._ids.setdefault(path, []).append(
                _hashes(table, [n for n in IDENTITY if n in table.column_names])
            )

    def repeated(self) -> Mapping[Path, str]:
        """Parts whose every row is in another one, and which; exit 2 where two parts share only some rows."""
        rows, ids = _unique(self._rows), _unique(self._ids)
        if _are_apart(rows) and _are_apart(ids):
            return {}
        again: dict[Path, str] = {}
        for first in rows:
            for second in rows:
                if first == second or first in again or second in again or not len(rows[first]):
                    continue
                shared = int(np.isin(rows[first], rows[second]).sum())
                if shared == len(rows[first]):
                    again[first] = f"all its rows are in {second} too"
                elif self._is_older(rows, ids, first, second, shared):
                    raise TidegaugeError(
                        f"{first} and {second} hold the same rows of the bill in two states",
                        "name the files of the last delivery alone",
                    )
        return again

    @staticmethod
    def _is_older(
        rows: Mapping[Path, Hashes], ids: Mapping[Path, Hashes], first: Path, second: Path, shared: int
    ) -> bool:
        if first in ids and second in ids:
            return bool(np.isin(ids[first], ids[second]).any()) and shared < len(rows[second])
        return len(rows[second]) > shared > AGAIN_RATIO * len(rows[first])


def _hashes(table: pa.Table, names: list[str]) -> Hashes:
    joined = pc.binary_join_element_wise(*(table.column(name) for name in names), "\x1d")
    return (
        pd.util.hash_array(joined.to_numpy(zero_copy_only=False)) if len(joined) else np.empty(0, np.uint64)
    )


def _unique(parts: Mapping[Path, list[Hashes]]) -> dict[Path, Hashes]:
    return {path: np.unique(np.concatenate(each)) for path, each in parts.items()}


def _are_apart(parts: Mapping[Path, Hashes]) -> bool:
    """Whether no two parts share a row: the one look that most bills need."""
    if not parts:
        return True
    together = np.concatenate(list(parts.values()))
    return len(np.unique(together)) == len(together)
