"""Run folders: the only code that knows file names."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge.errors import TidegaugeError
from tidegauge.records import Health, Outcome, Sample, SessionEnd

_STRINGS = {"flow", "endpoint", "cause", "cache", "pop", "request_id", "url_path", "base"}
_INTEGERS = {
    "process", "session", "step", "status", "sent_bytes", "received_bytes", "in_flight",
    "arrival", "requests",
}  # fmt: skip
_FLAGS = {"sent", "failed"}


def _schema(fields: Sequence[str]) -> Any:
    def column(name: str) -> Any:
        if name in _STRINGS:
            return pa.string()
        if name in _FLAGS:
            return pa.bool_()
        return pa.int64() if name in _INTEGERS else pa.float64()

    return pa.schema([(name, column(name)) for name in fields])


KINDS = {
    "samples": _schema(Sample._fields),
    "outcomes": _schema(Outcome._fields),
    "sessions": _schema(SessionEnd._fields),
    "health": _schema(Health._fields),
}


RESERVE_BYTES = 2**20


class DiskFull(TidegaugeError):
    """No room for a file of the run."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk. Files that stages exchange are written whole or not at all."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A new or empty folder at `path` (exit 2 otherwise)."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise TidegaugeError(f"run folder {path} is not empty", "name a new folder with --out")
            cls(path).reserve.write_bytes(os.urandom(RESERVE_BYTES))
        except OSError as error:
            raise _disk_error(error, path) from None
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run (exit 2 when it is none)."""
        folder = cls(path)
        if not folder.run_json.is_file():
            raise TidegaugeError(
                f"{path} is no run folder: it has no run.json", "name a folder that `run` made"
            )
        return folder

    @property
    def reserve(self) -> Path:
        """Room held back for the results of a run that fills the disk."""
        return self.path / ".reserve"

    @property
    def run_json(self) -> Path:
        return self.path / "run.json"

    @property
    def arrivals(self) -> Path:
        return self.path / "arrivals.parquet"

    @property
    def summary_json(self) -> Path:
        return self.path / "summary.json"

    @property
    def bench_json(self) -> Path:
        return self.path / "bench.json"

    @property
    def usage_json(self) -> Path:
        return self.path / "usage.json"

    @property
    def stack_usage_json(self) -> Path:
        return self.path / "stack_usage.json"

    @property
    def edge_json(self) -> Path:
        return self.path / "edge.json"

    @property
    def junit_xml(self) -> Path:
        return self.path / "junit.xml"

    @property
    def summary_md(self) -> Path:
        return self.path / "summary.md"

    @property
    def report_html(self) -> Path:
        return self.path / "report.html"

    @property
    def benchmark_json(self) -> Path:
        return self.path / "benchmark.json"

    @property
    def engine_log(self) -> Path:
        return self.path / "engine.log"

    def part(self, kind: str, process: int, sequence: int) -> Path:
        """The file of a generator process' rows; numbered, as each is closed within seconds."""
        return self.path / kind / f"{process}-{sequence}.parquet"

    def write_json(self, path: Path, document: object) -> None:
        """`document` at `path`, replaced in one step."""
        self.write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    def write_text(self, path: Path, text: str) -> None:
        """`text` at `path`, replaced in one step."""
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _disk_error(error, path) from None

    def read_json(self, path: Path) -> Any:
        """The document at `path`, or an error that names it (exit 2)."""
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise TidegaugeError(f"{path} does not exist", "is this a complete run folder?") from None
        except (OSError, ValueError) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the file is torn or no JSON") from None

    def write_table(self, path: Path, table: Any) -> None:
        """A Parquet file at `path`, replaced in one step."""
        partial = path.with_name(path.name + ".partial")
        try:
            pq.write_table(table, partial, compression="zstd")
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _disk_error(error, path) from None

    def write_rows(self, kind: str, process: int, sequence: int, rows: Iterable[Sequence[object]]) -> None:
        """One numbered file of rows of `kind`; raises OSError as it comes (the writer judges it)."""
        schema = KINDS[kind]
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
        path = self.part(kind, process, sequence)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), partial, compression="zstd")
        partial.replace(path)

    def read_rows(self, kind: str) -> tuple[Any, list[str]]:
        """All rows of `kind` as a table, and the names of files that could not be read."""
        tables, torn = [KINDS[kind].empty_table()], []
        for path in sorted((self.path / kind).glob("*.parquet")):
            try:
                tables.append(pq.read_table(path, schema=KINDS[kind]))
            except (OSError, pa.ArrowException):
                torn.append(path.name)
        return pa.concat_tables(tables), torn

    def read_table(self, path: Path) -> Any:
        """A Parquet file of the run (exit 2 when torn or absent)."""
        try:
            return pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the run folder is incomplete") from None

    def remove_parts(self, kind: str) -> None:
        """Drops the per-process files of `kind`, once they are merged."""
        for path in (self.path / kind).glob("*"):
            path.unlink()
        if (self.path / kind).is_dir():
            (self.path / kind).rmdir()


def _disk_error(error: OSError, path: Path) -> TidegaugeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"disk full: {path} cannot be written", "free space, or name another folder with --out"
        )
    return TidegaugeError(
        f"{path} cannot be written: {os.strerror(error.errno or 0)}", "name another folder with --out"
    )
