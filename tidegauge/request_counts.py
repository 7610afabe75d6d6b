"""Requests counted by second and outcome, with histograms of their times, as Parquet tables hold them.

Second k covers k < t <= k + 1 of the run. Rows of equal keys add up, so that parts of a run can be merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tidegauge.histograms import Entries, Floats, Integers, counted

TIMES = ("response", "service", "lag")
KEYS = pa.schema(
    [
        ("second", pa.int64()),  # the second of the intended time
        ("in_window", pa.bool_()),
        ("flow", pa.string()),
        ("endpoint", pa.string()),
        ("base", pa.string()),
        ("cause", pa.string()),  # null when good
        ("cache", pa.string()),
        ("pop", pa.string()),
        ("answered", pa.bool_()),
        ("behaviour", pa.int64()),  # index of the stack's behaviour for the path, -1 for none
        ("scheduled", pa.bool_()),  # due by the clock: the first of a session, or one after a pause
    ]
)
SUMS = pa.schema([("requests", pa.int64()), ("sent_bytes", pa.int64()), ("received_bytes", pa.int64())])
HISTOGRAMS = pa.schema(
    [
        *KEYS,
        *SUMS,
        *((f"{time}_{part}", pa.list_(pa.int32())) for time in TIMES for part in ("bucket", "count")),
    ]
)
MOMENT_KEYS = pa.schema([("second", pa.int64()), ("flow", pa.string())])
MOMENTS = pa.schema(
    [*MOMENT_KEYS, ("sent", pa.int64()), ("completed", pa.int64()), ("failed", pa.int64())]
)  # each by its own clock: sent_s, and done_s of good and failed requests


def second_of(times_s: Floats) -> Integers:
    """The number of the second that a moment lies in: k for k < t <= k + 1."""
    return np.maximum(np.ceil(times_s).astype(np.int64) - 1, 0)


def histogram_table(
    keys: Mapping[str, Any], sums: Mapping[str, Integers], times: Mapping[str, Entries], rows: int
) -> Any:
    """The table of HISTOGRAMS from its columns, and from the entries of each of TIMES."""
    columns: dict[str, Any] = {**keys, **sums}
    for time, entries in times.items():
        offsets = np.searchsorted(entries.row, np.arange(rows + 1)).astype(np.int32)
        for part, values in (("bucket", entries.bucket), ("count", entries.count)):
            column = pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.astype(np.int32)))
            columns[f"{time}_{part}"] = column
    return pa.table([columns[field.name] for field in HISTOGRAMS], schema=HISTOGRAMS)


def entries_of(table: Any, time: str) -> Entries:
    """The histograms of `time` in the rows of a HISTOGRAMS table."""
    buckets, counts = (table[f"{time}_{part}"].combine_chunks() for part in ("bucket", "count"))
    return Entries(
        row=buckets.value_parent_indices().to_numpy().astype(np.int64),
        bucket=buckets.flatten().to_numpy().astype(np.int64),
        count=counts.flatten().to_numpy().astype(np.int64),
    )


def merge_histograms(table: Any) -> Any:
    """The table with the rows of equal keys added up."""
    row, first = _groups(table, KEYS.names)
    times = {}
    for time in TIMES:
        entries = entries_of(table, time)
        times[time] = counted(row[entries.row], entries.bucket, entries.count)
    return histogram_table(
        keys={name: table[name].take(first).combine_chunks() for name in KEYS.names},
        sums={name: _sums(table, name, row, len(first)) for name in SUMS.names},
        times=times,
        rows=len(first),
    )


def merge_moments(table: Any) -> Any:
    """The table with the rows of equal keys added up."""
    row, first = _groups(table, MOMENT_KEYS.names)
    columns = [
        table[name].take(first).combine_chunks()
        if name in MOMENT_KEYS.names
        else pa.array(_sums(table, name, row, len(first)))
        for name in MOMENTS.names
    ]
    return pa.table(columns, schema=MOMENTS)


def _groups(table: Any, keys: Sequence[str]) -> tuple[Integers, Integers]:
    """The number of each row's group, in order of the first key, and the first row of each group."""
    number, first = np.zeros(len(table), dtype=np.int64), np.zeros(min(len(table), 1), dtype=np.int64)
    for name in keys:
        if name == "second":
            codes = table[name].to_numpy()
        else:
            coded = table[name].combine_chunks().dictionary_encode(null_encoding="encode")
            codes = coded.indices.to_numpy().astype(np.int64)
        width = int(codes.max(initial=0)) + 1
        _, first, number = np.unique(number * width + codes, return_index=True, return_inverse=True)
    return number, first


def _sums(table: Any, name: str, row: Integers, rows: int) -> Integers:
    return np.bincount(row, weights=table[name].to_numpy(), minlength=rows).astype(np.int64)
