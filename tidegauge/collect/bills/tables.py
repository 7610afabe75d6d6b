"""The rows of a part of a bill as tables of texts that fit into memory: CSV, gzip or Parquet by content."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tidegauge.errors import TidegaugeError

ROWS_A_BATCH = 10_000
BLOCK_BYTES = 1 << 20
HEADER_BYTES_MAX = 1 << 20
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
BETWEEN, INSIDE = "\x1e", "\x1f"  # entries of a map, and its key and value, as one text
OTHERS = {b"(\xb5/\xfd": "zstd", b"PK\x03\x04": "zip", b"BZh": "bzip2"}


def is_parquet(path: Path) -> bool:
    """Whether a part is a Parquet file."""
    with _reading(path):
        return _magic(path).startswith(PARQUET)


def column_names(path: Path) -> list[str]:
    """The columns of a part (exit 2 where it has none)."""
    with _reading(path):
        if _magic(path).startswith(PARQUET):
            with pq.ParquetFile(path) as file:
                return list(file.schema_arrow.names)
        with _text(path) as stream:
            header = stream.readline(HEADER_BYTES_MAX)
        names = next(csv.reader([header.decode("utf-8-sig").rstrip("\r\n")]), [])
    if len({name.lower() for name in names}) != len(names):
        raise TidegaugeError(f"{path}:1: two columns of one name", "is this an export as AWS delivers it?")
    return names


def read_tables(path: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Those columns of a part, in the order of its rows; every value a text, an absent one an empty text."""
    with _reading(path):
        if _magic(path).startswith(PARQUET):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS_A_BATCH, columns=list(columns)):
                    yield pa.table({name: _texts(batch.column(name), name, path) for name in columns})
            return
        yield from _csv_tables(path, columns)


def _csv_tables(path: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    bad = list[pacsv.InvalidRow]()

    def note(row: pacsv.InvalidRow) -> str:
        bad.append(row)
        return "error"

    try:
        with _text(path) as stream:
            reader = pacsv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=list(columns),
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
    except pa.ArrowInvalid:
        if not bad:
            raise
        row = bad[0]
        place = path if row.number is None else f"{path}:{row.number}"
        raise TidegaugeError(
            f"{place}: {row.actual_columns} values where the header has {row.expected_columns}",
            "is the file whole? fetch the part again",
        ) from None


def _texts(column: Any, name: str, path: Path) -> Any:
    kind = column.type
    if pa.types.is_map(kind):
        entries = pc.binary_join_element_wise(
            column.keys.cast(pa.string()), pc.coalesce(column.items.cast(pa.string()), ""), INSIDE
        )
        joined = pc.binary_join(pa.ListArray.from_arrays(column.offsets, entries), BETWEEN)
        return joined
    if pa.types.is_nested(kind):
        raise TidegaugeError(
            f"{path}: column {name} is of type {kind!s:.60}",
            "it should be text, or a map of texts to texts",
        )
    return pc.coalesce(column.cast(pa.string()), "")


def _magic(path: Path) -> bytes:
    with path.open("rb") as stream:
        first = stream.read(4)
    other = next((name for start, name in OTHERS.items() if first.startswith(start)), None)
    if other is not None:
        raise TidegaugeError(f"{path} is a {other} file", "unpack it: CSV, gzip and Parquet are read")
    return first


@contextmanager
def _text(path: Path) -> Iterator[Any]:
    """The bytes of a CSV file, unpacked where it is packed."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            yield stream


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what a file can be damaged by into the one error of the program."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        problem = f"the gzip file is torn: {error}"
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except (pa.ArrowException, csv.Error) as error:
        problem = f"it is damaged: {str(error).splitlines()[0]:.160}"
    except OSError as error:
        problem = str(error.strerror or error)
    else:
        return
    raise TidegaugeError(f"bill {path} cannot be read: {problem}", "fetch the part again")
