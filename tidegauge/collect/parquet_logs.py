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
    """(row number, its record or why it is none); a file that breaks off ends with a BadLine."""
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            check_columns(canonical(name) for name in names)
            used = [name for name in names if canonical(name) in USED]
            for batch in file.iter_batches(ROWS_A_BATCH, columns=used):
                for row in batch.to_pylist():
                    number += 1
                    yield number, _record(row, period)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield number + 1, BadLine(f"the Parquet file is damaged: {str(error).splitlines()[0]:.80}")


def _record(row: dict[str, object], period: Period) -> LogRecord | BadLine:
    try:
        return record(row_fields(row), period)
    except BadLine as why:
        return why
