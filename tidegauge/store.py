"""Run folders: the only code that knows file names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge import row_files
from tidegauge.audit_record import AUDIT_VERSION, AuditRecord
from tidegauge.disk import disk_error, replace_whole
from tidegauge.edge_record import EdgeCheck
from tidegauge.errors import TidegaugeError
from tidegauge.run_record import RUN_VERSION, RunRecord, check_run
from tidegauge.stored import check_version, document_of, read_record
from tidegauge.summary import SUMMARY_VERSION, Summary

if TYPE_CHECKING:
    import pandas as pd  # which takes a second to load, and is not for the writer

RESERVE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk. Files that stages exchange are written whole or not at all."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """A new or empty folder at `path` (exit 2 otherwise)."""
        require_empty(path)
        folder = cls(path)
        try:
            folder.reserve.write_bytes(os.urandom(RESERVE_BYTES))
        except OSError as error:
            raise disk_error(error, path) from None
        return folder

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """An existing run (exit 2 when `path` is not one)."""
        folder = cls(path)
        if not folder.run_json.is_file():
            raise TidegaugeError(
                f"{path} is not a run folder: it has no run.json", "name a folder that `run` made"
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
    def audit_json(self) -> Path:
        """What `cost validate --run` found."""
        return self.path / "audit.json"

    @property
    def stack_usage_json(self) -> Path:
        return self.path / "stack_usage.json"

    @property
    def aws_metrics_json(self) -> Path:
        """What CloudWatch metered around the run, as `collect` fetched it."""
        return self.path / "aws_metrics.json"

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
        """In a worker's own folder: why its job could not be fetched."""
        return self.path / "job-failure.txt"

    @property
    def job(self) -> Path:
        """In a worker's own folder: the run as its master sent it."""
        return self.path / "master-run.json"

    @property
    def catalogue(self) -> Path:
        """In a worker's own folder: the assets, which the master sent."""
        return self.path / "catalogue.jsonl"

    def last_mark(self, process: int) -> Path:
        """In a worker's own folder: which files of rows the process closed, written after the last."""
        return self.path / f"closed-{process}.json"

    @property
    def engine_log(self) -> Path:
        return self.path / "engine.log"

    def merged(self, kind: str) -> Path:
        """The one file of `kind` (of COUNTS) that the processes' parts become."""
        return self.path / f"{kind}.parquet"

    def part(self, kind: str, process: int, sequence: int) -> Path:
        """The file of a generator process' rows; numbered, as each is closed within seconds."""
        return self.path / kind / f"{process}-{sequence}.parquet"

    def closed_parts(self) -> list[Path]:
        """The files of rows, of every kind and process, that are whole."""
        return sorted(self.path.glob("*/*-*.parquet"))

    def place_of(self, part: str) -> Path:
        """Where a part from elsewhere belongs, `<kind>/<process>-<number>.parquet`."""
        return self.path / part

    def read_run(self, path: Path | None = None) -> RunRecord:
        """run.json, or another copy of it at `path` (exit 2 where it is damaged)."""
        path = path or self.run_json
        remedy = "bring back an intact run.json, or run the plan again"
        document = self.read_json(path)
        check_version(document, str(path), RUN_VERSION, remedy)
        run = read_record(RunRecord, document, str(path), remedy)
        check_run(run, str(path), remedy)
        return run

    def write_run(self, run: RunRecord) -> None:
        """run.json, replaced in one step."""
        self.write_json(self.run_json, document_of(run))

    def read_summary(self) -> Summary:
        """summary.json (exit 2 where it is absent or damaged)."""
        path, remedy = self.summary_json, f"make it again from the run's rows: tidegauge report {self.path}"
        document = self.read_json(path)
        check_version(document, str(path), SUMMARY_VERSION, remedy)
        return read_record(Summary, document, str(path), remedy)

    def write_summary(self, summary: Summary) -> None:
        """summary.json, replaced in one step."""
        self.write_json(self.summary_json, document_of(summary))

    def read_edge_check(self) -> EdgeCheck | None:
        """edge.json (exit 2 where it is damaged); None without one."""
        path = self.edge_json
        if not path.exists():
            return None
        return read_record(EdgeCheck, self.read_json(path), str(path), f"remove {path.name}, or run again")

    def read_audit(self) -> AuditRecord | None:
        """audit.json (exit 2 where it is damaged); None without one."""
        path = self.audit_json
        if not path.exists():
            return None
        remedy = f"make it again: tidegauge cost validate ESTIMATE.toml --run {self.path}; or remove it"
        document = self.read_json(path)
        check_version(document, str(path), AUDIT_VERSION, remedy)
        return read_record(AuditRecord, document, str(path), remedy)

    def write_json(self, path: Path, document: object) -> None:
        """`document` at `path`, replaced in one step."""
        self.write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")

    def write_text(self, path: Path, text: str) -> None:
        """`text` at `path`, replaced in one step."""
        replace_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))

    def read_json(self, path: Path) -> Any:
        """The document at `path`, or an error that names it (exit 2)."""
        try:
            return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
        except FileNotFoundError:
            raise TidegaugeError(f"{path} does not exist", "is this a complete run folder?") from None
        except (OSError, ValueError, RecursionError) as error:
            raise TidegaugeError(
                f"{path} cannot be read: {error!s:.200}", "the file is torn, or it is not JSON"
            ) from None

    def write_table(self, path: Path, table: Any) -> None:
        """A Parquet file at `path`, replaced in one step."""
        replace_whole(path, lambda partial: pq.write_table(table, partial, compression="zstd"))

    def write_frame(self, path: Path, frame: pd.DataFrame) -> None:
        """A data frame as a Parquet file at `path`, replaced in one step."""
        self.write_table(path, pa.Table.from_pandas(frame, preserve_index=False))

    def read_trace(self) -> pd.DataFrame | None:
        """The sessions of a replay, a row each; None of other runs."""
        return self.read_table(self.trace).to_pandas() if self.trace.exists() else None

    def write_part(self, kind: str, process: int, sequence: int, table: Any) -> None:
        """One numbered file of a table of `kind`; raises OSError as it comes (the writer judges it)."""
        path = self.part(kind, process, sequence)
        path.parent.mkdir(exist_ok=True)
        row_files.write_file(path, table)

    def read_rows(self, kind: str, columns: Sequence[str] | None = None) -> tuple[Any, list[str]]:
        """All rows of `kind` as a table, and the names of files that could not be read."""
        return row_files.read_files(self._parts(kind), kind, columns)

    def read_batches(self, kind: str, columns: Sequence[str], torn: list[str]) -> Iterator[Any]:
        """All rows of `kind` in tables that fit into memory; adds to `torn` the files that cannot be read."""
        return row_files.read_batches(self._parts(kind), kind, columns, torn)

    def merge_counts(self, kind: str) -> None:
        """The processes' parts of `kind` (of COUNTS) in one file; torn ones stay behind."""
        try:
            read = row_files.merge_files(self._parts(kind), kind, self.merged(kind))
        except OSError as error:
            raise disk_error(error, self.merged(kind)) from None
        self._remove(kind, read)

    def torn_parts(self, kind: str) -> list[str]:
        """Files of `kind` that cannot be read, where the others are merged."""
        return [path.name for path in self._parts(kind) if row_files.read_file(path, kind) is None]

    def read_counts(self, kind: str, columns: Sequence[str]) -> Iterator[Any]:
        """What was counted, in tables of some million values each; from the parts where nothing is merged.

        A merged file that is torn is an error (exit 2).
        """
        path = self.merged(kind)
        if not path.exists():
            found = (row_files.read_file(part, kind, columns) for part in self._parts(kind))
            yield from (table for table in found if table is not None)
            return
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=list(columns))
                    yield row_files.chosen_columns(table, kind, columns)
        except (OSError, pa.ArrowException) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the run folder is incomplete") from None

    def write_stretches(self, path: Path, schema: Any, tables: Iterable[Any]) -> None:
        """A Parquet file of tables one after another at `path`, replaced in one step."""
        try:
            row_files.write_stretches(path, schema, tables)
        except OSError as error:
            raise disk_error(error, path) from None

    def read_stretches(self, path: Path, columns: Sequence[str], coded: Sequence[str]) -> Iterator[Any]:
        """Some columns of a Parquet file of the run in tables that fit into memory, `coded` ones as codes.

        Torn or absent: exit 2.
        """
        try:
            yield from row_files.read_stretches(path, columns, coded)
        except (OSError, pa.ArrowException, KeyError) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the run folder is incomplete") from None

    def read_table(self, path: Path) -> Any:
        """A Parquet file of the run (exit 2 when torn or absent)."""
        try:
            return row_files.read_columns(path)
        except (OSError, pa.ArrowException) as error:
            raise TidegaugeError(f"{path} cannot be read: {error}", "the run folder is incomplete") from None

    def has_parts(self, kind: str) -> bool:
        """Whether a process' files of `kind` are there."""
        return bool(self._parts(kind))

    def remove_parts(self, kind: str, keep: Sequence[str] = ()) -> None:
        """Drops the per-process files of `kind`, once they are merged; those named in `keep` stay."""
        self._remove(kind, [path for path in (self.path / kind).glob("*") if path.name not in keep])

    def _parts(self, kind: str) -> list[Path]:
        return row_files.files_in(self.path / kind)

    def _remove(self, kind: str, paths: Sequence[Path]) -> None:
        for path in paths:
            path.unlink()
        if (self.path / kind).is_dir() and not any((self.path / kind).iterdir()):
            (self.path / kind).rmdir()


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def require_empty(path: Path) -> None:
    """Makes the folder at `path` if it does not exist; exit 2 where it holds anything or cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise TidegaugeError(f"run folder {path} is not empty", "name a new folder with --out")
    except OSError as error:
        raise disk_error(error, path) from None
