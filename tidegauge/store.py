"""Run folders: the only code that knows file names."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge.errors import TidegaugeError
from tidegauge.records import Health, Outcome, Sample, SessionEnd
from tidegauge.request_counts import HISTOGRAMS, MOMENTS, merge_histograms, merge_moments

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
COUNTS = {"histograms": HISTOGRAMS, "moments": MOMENTS}
SCHEMAS = KINDS | COUNTS
MERGED_BY = {"histograms": merge_histograms, "moments": merge_moments}
MERGED_BYTES = 128 * 2**20  # of parts in memory at once: of a long run, each such stretch is merged by itself

RESERVE_BYTES = 2**20


def table_of(kind: str, columns: Sequence[Sequence[object]]) -> Any:
    """Rows of `kind`, given as columns, as a table."""
    schema = KINDS[kind]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _layout(schema: Any) -> dict[str, Any]:
    """How a file of rows is laid out: texts recur, times do not; readers see plain values."""
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    times = [field.name for field in schema if pa.types.is_floating(field.type)]
    return {"compression": "zstd", "use_dictionary": texts, "use_byte_stream_split": times}


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
    def trace(self) -> Path:
        return self.path / "trace.parquet"

    @property
    def job_failure(self) -> Path:
        """Of a worker's own folder: why its job could not be fetched."""
        return self.path / "job-failure.txt"

    @property
    def engine_log(self) -> Path:
        return self.path / "engine.log"

    def merged(self, kind: str) -> Path:
        """The one file of `kind` (of COUNTS) that the processes' parts become."""
        return self.path / f"{kind}.parquet"

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

    def write_frame(self, path: Path, frame: pd.DataFrame) -> None:
        """A data frame as a Parquet file at `path`, replaced in one step."""
        self.write_table(path, pa.Table.from_pandas(frame, preserve_index=False))

    def read_trace(self) -> pd.DataFrame | None:
        """The sessions of a replay, a row each; None of other runs."""
        return self.read_table(self.trace).to_pandas() if self.trace.exists() else None

    def write_rows(self, kind: str, process: int, sequence: int, rows: Iterable[Sequence[object]]) -> None:
        """One numbered file of rows of `kind`; raises OSError as it comes (the writer judges it)."""
        self.write_part(kind, process, sequence, table_of(kind, list(zip(*rows, strict=True))))

    def write_part(self, kind: str, process: int, sequence: int, table: Any) -> None:
        """One numbered file of a table of `kind`; raises OSError as it comes (the writer judges it)."""
        path = self.part(kind, process, sequence)
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        try:
            pq.write_table(table, partial, **_layout(table.schema))
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)  # what it took is room for the results
            raise

    def read_rows(self, kind: str, columns: Sequence[str] | None = None) -> tuple[Any, list[str]]:
        """All rows of `kind` as a table, and the names of files that could not be read."""
        schema = KINDS[kind]
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        tables, torn = [schema.empty_table()], []
        for path in self._parts(kind):
            table = _part(path, schema)
            if table is None:
                torn.append(path.name)
            else:
                tables.append(table)
        return pa.concat_tables(tables), torn

    def merge_counts(self, kind: str) -> None:
        """The processes' parts of `kind` (of COUNTS) in one file; torn ones stay behind."""
        target, merged, schema = self.merged(kind), MERGED_BY[kind], COUNTS[kind]
        partial = target.with_name(target.name + ".partial")
        read, pending = [], []
        try:
            with pq.ParquetWriter(partial, schema, **_layout(schema)) as out:
                for path in self._parts(kind):
                    table = _part(path, schema)
                    if table is None:
                        continue
                    read.append(path)
                    pending.append(table)
                    if sum(part.nbytes for part in pending) > MERGED_BYTES:
                        out.write_table(merged(pa.concat_tables(pending)))
                        pending = []
                if pending:
                    out.write_table(merged(pa.concat_tables(pending)))
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _disk_error(error, target) from None
        self._remove(kind, read)

    def torn_parts(self, kind: str) -> list[str]:
        """Files of `kind` that cannot be read, where the others are merged."""
        return [path.name for path in self._parts(kind) if _part(path, SCHEMAS[kind]) is None]

    def read_counts(self, kind: str, columns: Sequence[str]) -> Iterator[Any]:
        """What was counted, in tables of some million values each; from the parts where nothing is merged.

        A merged file that is torn is an error (exit 2).
        """
        path = self.merged(kind)
        if not path.exists():
            schema = pa.schema([COUNTS[kind].field(name) for name in columns])
            yield from (table for table in (_part(part, schema) for part in self._parts(kind)) if table)
            return
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group, columns=list(columns))
        except (OSError, pa.ArrowException) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the run folder is incomplete") from None

    def read_table(self, path: Path, columns: Sequence[str] | None = None) -> Any:
        """A Parquet file of the run, or some of its columns (exit 2 when torn or absent)."""
        try:
            return pq.read_table(path, columns=None if columns is None else list(columns))
        except (OSError, pa.ArrowException) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the run folder is incomplete") from None

    def remove_parts(self, kind: str, keep: Sequence[str] = ()) -> None:
        """Drops the per-process files of `kind`, once they are merged; those named in `keep` stay."""
        self._remove(kind, [path for path in (self.path / kind).glob("*") if path.name not in keep])

    def _parts(self, kind: str) -> list[Path]:
        """The files of `kind`, those of the same time together."""
        return sorted((self.path / kind).glob("*.parquet"), key=lambda path: (_sequence(path), path.name))

    def _remove(self, kind: str, paths: Sequence[Path]) -> None:
        for path in paths:
            path.unlink()
        if (self.path / kind).is_dir() and not any((self.path / kind).iterdir()):
            (self.path / kind).rmdir()


def _sequence(path: Path) -> int:
    number = path.stem.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _part(path: Path, schema: Any) -> Any:
    """The file's columns of `schema`; None when it is torn."""
    try:
        return pq.read_table(path, columns=schema.names).cast(schema)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None


def _disk_error(error: OSError, path: Path) -> TidegaugeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"disk full: {path} cannot be written", "free space, or name another folder with --out"
        )
    return TidegaugeError(
        f"{path} cannot be written: {os.strerror(error.errno or 0)}", "name another folder with --out"
    )
