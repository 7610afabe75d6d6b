"""CloudFront standard logs v2 in Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge.workload.logs.cloudfront import USED, canonical, check_columns, record, row_fields
from tidegauge.workload.logs.record import BadLine, LogRecord, Period

ROWS_A_BATCH = 10_000


def parquet_records(path: Path, period: Period) -> Iterator[tuple[int, LogRecord | BadLine]]:
    """(row number, its record or why it has none); a file that breaks off ends with a BadLine."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            check_columns(canonical(name) for name in names)
            used = [name for name in names if canonical(name) in USED]
            for batch in file.iter_batches(ROWS_A_BATCH, columns=used):
                columns = [_as_bytes(column).to_pylist() for column in batch.columns]
                for values in zip(*columns, strict=True):
                    number += 1
                    yield number, _record(dict(zip(batch.schema.names, values, strict=True)), period)
    except (pa.ArrowException, OSError) as error:
        yield number + 1, BadLine(f"the Parquet file is damaged: {str(error).splitlines()[0]:.80}")


def _as_bytes(column: pa.Array) -> pa.Array:
    """Texts, numbers and dates as the bytes of their text: a value that is not text is found row by row."""
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_boolean(kind):
        return column
    texts = pa.types.is_string(kind) or pa.types.is_binary(kind)
    return (column if texts else column.cast(pa.string())).cast(pa.binary())


def _record(row: dict[str, object], period: Period) -> LogRecord | BadLine:
    try:
        texts = {name: v.decode() if isinstance(v, bytes) else v for name, v in row.items()}
        return record(row_fields(texts), period)
    except UnicodeDecodeError:
        return BadLine("not UTF-8")
    except BadLine as why:
        return why
