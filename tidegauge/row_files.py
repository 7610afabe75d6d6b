"""The rows that generators store: their kinds, and numbered Parquet files of them, which merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge.records import Health, Outcome, Sample, SessionEnd
from tidegauge.request_counts import HISTOGRAMS, MOMENTS, merge_histograms, merge_moments

_STRINGS = {"flow", "endpoint", "cause", "cache", "pop", "request_id", "url_path", "base"}
_INTEGERS = {
    "process", "session", "step", "status", "sent_bytes", "received_bytes", "in_flight",
    "arrival", "requests",
}  # fmt: skip
_FLAGS = {"sent", "failed", "scheduled", "cut", "answered"}
CODED = pa.dictionary(pa.int32(), pa.string())  # texts as codes into the distinct ones


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
ARRIVALS = pa.schema(
    [
        ("index", pa.int64()),
        ("intended_s", pa.float64()),
        ("flow", pa.string()),
        ("asset", pa.int64()),  # its popularity rank, null where none was drawn
        ("process", pa.int64()),
        ("sent", pa.bool_()),
        ("cause", pa.string()),  # why it was not sent
        ("endpoint", pa.string()),  # of its first step
    ]
)
# Columns that older rows lack, and what each is taken to be: then lag is of all requests, as it was.
LATER: Mapping[str, Mapping[str, float | bool]] = {
    "samples": {"scheduled": True},
    "sessions": {"lag_s": 0.0, "cut": False, "answered": True},
    "histograms": {"scheduled": True},
}
MERGED_BY = {"histograms": merge_histograms, "moments": merge_moments}
MERGED_BYTES = 128 * 2**20  # parts in memory at once: a long run is merged in stretches
BATCH_ROWS = 2**16  # that are in memory at once, where a run's are read in batches


def table_of(kind: str, columns: Sequence[Sequence[object]]) -> Any:
    """Rows of `kind`, given as columns, as a table."""
    schema = KINDS[kind]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def files_in(folder: Path) -> list[Path]:
    """The numbered files (`<process>-<number>.parquet`), those of the same time together."""
    return sorted(folder.glob("*.parquet"), key=lambda path: (_number(path), path.name))


def write_file(path: Path, table: Any) -> None:
    """The table at `path`, whole or not at all; OSError as it comes."""
    write_stretches(path, table.schema, [table])


def write_stretches(path: Path, schema: Any, tables: Iterable[Any]) -> None:
    """The tables one after another in a file, whole or not at all; OSError as it comes."""
    partial = path.with_name(path.name + ".partial")
    try:
        with pq.ParquetWriter(partial, schema, **_layout(schema)) as out:
            for table in tables:
                out.write_table(table)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)  # what it took is room for the results
        raise


def read_stretches(path: Path, columns: Sequence[str], coded: Sequence[str]) -> Iterator[Any]:
    """As `read_columns`, in tables of BATCH_ROWS, one at least."""
    with pq.ParquetFile(path, read_dictionary=list(coded)) as file:
        yield file.schema_arrow.empty_table().select(list(columns))
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
            yield pa.Table.from_batches([batch]).select(list(columns))


def read_columns(path: Path, columns: Sequence[str] | None = None, coded: Sequence[str] = ()) -> Any:
    """A Parquet file or those of the columns that it has, `coded` ones as codes into their distinct texts.

    OSError or ArrowException for a torn file. (pq.read_table loads pyarrow.dataset for more.)
    """
    with pq.ParquetFile(path, read_dictionary=list(coded)) as file:
        return file.read(None if columns is None else list(columns), use_threads=False)


def chosen_columns(table: Any, kind: str, columns: Sequence[str]) -> Any:
    """These columns of a table of `kind`, those that its version lacked filled in; KeyError for others."""
    for name, value in LATER.get(kind, {}).items():
        if name in columns and name not in table.column_names:
            table = table.append_column(name, pa.array([value] * len(table)))
    return table.select(list(columns))


def read_file(path: Path, kind: str, columns: Sequence[str] | None = None, *, coded: bool = False) -> Any:
    """The rows of `kind` in a file, or some of their columns; None when it is torn."""
    schema = _columns_of(kind, columns, coded=coded)
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    try:
        return chosen_columns(read_columns(path, schema.names, texts), kind, schema.names).cast(schema)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None


def read_files(paths: Sequence[Path], kind: str, columns: Sequence[str] | None) -> tuple[Any, list[str]]:
    """The rows of all files as a table, and the names of those that are torn."""
    tables, torn = [_columns_of(kind, columns).empty_table()], []
    for path in paths:
        table = read_file(path, kind, columns)
        if table is None:
            torn.append(path.name)
        else:
            tables.append(table)
    return pa.concat_tables(tables), torn


def read_batches(paths: Sequence[Path], kind: str, columns: Sequence[str], torn: list[str]) -> Iterator[Any]:
    """The rows of all files in tables of some BATCH_ROWS, one at least, texts as codes.

    Adds to `torn` the names of files that are.
    """
    pending = [_columns_of(kind, columns, coded=True).empty_table()]
    for path in paths:
        table = read_file(path, kind, columns, coded=True)
        if table is None:
            torn.append(path.name)
            continue
        pending.append(table)
        if sum(map(len, pending)) >= BATCH_ROWS:
            yield pa.concat_tables(pending).unify_dictionaries()
            pending = pending[:1]
    yield pa.concat_tables(pending).unify_dictionaries()


def merge_files(paths: Sequence[Path], kind: str, target: Path) -> list[Path]:
    """Makes one file of those of `kind` (of COUNTS), whole or not at all; returns which could be read."""
    read: list[Path] = []
    write_stretches(target, COUNTS[kind], _merged(paths, kind, read))
    return read


def _merged(paths: Sequence[Path], kind: str, read: list[Path]) -> Iterator[Any]:
    """The files' rows, of equal keys added up, a stretch at a time; adds to `read` what they came from."""
    pending: list[Any] = []
    for path in paths:
        table = read_file(path, kind)
        if table is None:
            continue
        read.append(path)
        pending.append(table)
        if sum(part.nbytes for part in pending) > MERGED_BYTES:
            yield MERGED_BY[kind](pa.concat_tables(pending))
            pending = []
    if pending:
        yield MERGED_BY[kind](pa.concat_tables(pending))


def _columns_of(kind: str, columns: Sequence[str] | None, *, coded: bool = False) -> Any:
    """The schema of some columns of `kind`, or of all."""
    fields = [SCHEMAS[kind].field(name) for name in (SCHEMAS[kind].names if columns is None else columns)]
    if coded:
        fields = [f.with_type(CODED) if pa.types.is_string(f.type) else f for f in fields]
    return pa.schema(fields)


def _number(path: Path) -> int:
    number = path.stem.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _layout(schema: Any) -> dict[str, Any]:
    """How a file of rows is laid out: texts recur, times do not; readers see plain values."""
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    times = [field.name for field in schema if pa.types.is_floating(field.type)]
    return {"compression": "zstd", "use_dictionary": texts, "use_byte_stream_split": times}
