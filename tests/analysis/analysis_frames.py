"""Small frames as a run folder's Parquet files give them: typed columns, nulls where nothing was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from tidegauge.analysis.traffic import Traffic, Window, traffic_of_samples

_SAMPLE = {
    "intended_s": 1.0,
    "sent_s": None,  # as intended unless told
    "first_byte_s": None,
    "done_s": None,  # 10 ms after intended unless told
    "connect_s": None,
    "tls_s": None,
    "process": 0,
    "session": 0,
    "step": 0,
    "flow": "view",
    "endpoint": "GET /a",
    "status": 200,
    "cause": None,
    "sent_bytes": 0,
    "received_bytes": 100,
    "cache": "none",
    "age_s": None,
    "pop": None,
    "request_id": None,
    "url_path": "/a",
    "base": "api",
    "scheduled": True,
}
_ARRIVAL = {
    "index": 0,
    "intended_s": 1.0,
    "flow": "view",
    "asset": None,
    "process": 0,
    "sent": True,
    "cause": None,
    "endpoint": "GET /a",
}
_HEALTH = {"process": 0, "t_s": 1.0, "cpu_ratio": 0.1, "loop_lag_ms": 0.5, "in_flight": 1}
_TYPES = {
    **dict.fromkeys(("process", "session", "step", "status", "sent_bytes", "received_bytes"), pa.int64()),
    **dict.fromkeys(("index", "asset", "in_flight"), pa.int64()),
    **dict.fromkeys(("flow", "endpoint", "cause", "cache", "pop", "request_id"), pa.string()),
    **dict.fromkeys(("url_path", "base"), pa.string()),
    **dict.fromkeys(("sent", "scheduled"), pa.bool_()),
}

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A cache behaviour."""

    path_pattern: str
    ttl_s: float = 60.0


SEED = [  # the six behaviours of the architecture guide
    Rule(path_pattern="/api/*", ttl_s=0),
    Rule(path_pattern="/assets/*.gif", ttl_s=31536000),
    Rule(path_pattern="/assets/*.mp4", ttl_s=31536000),
    Rule(path_pattern="/cache/*", ttl_s=86400),
    Rule(path_pattern="/transcode/*", ttl_s=3600),
    Rule(path_pattern="/*", ttl_s=3600),
]


def samples(rows: Sequence[Row]) -> pd.DataFrame:
    filled = []
    for row in rows:
        full = {**_SAMPLE, **row}
        intended_s = full["intended_s"]
        assert isinstance(intended_s, float | int)
        full["sent_s"] = intended_s if full["sent_s"] is None else full["sent_s"]
        full["done_s"] = intended_s + 0.01 if full["done_s"] is None else full["done_s"]
        filled.append(full)
    return _frame(filled, list(_SAMPLE))


def traffic(
    rows: Sequence[Row] | pd.DataFrame,
    *,
    warmup_s: float = 0.0,
    end_s: float = 10.0,
    behaviours: Sequence[Rule] = (),
    told_by_s: float = 0.0,
) -> Traffic:
    frame = rows if isinstance(rows, pd.DataFrame) else samples(rows)
    return traffic_of_samples(
        [frame], Window(warmup_s=warmup_s, end_s=end_s, told_by_s=told_by_s), behaviours
    )


def arrivals(rows: Sequence[Row]) -> pd.DataFrame:
    return _frame([{**_ARRIVAL, "index": index, **row} for index, row in enumerate(rows)], list(_ARRIVAL))


def health(rows: Sequence[Row]) -> pd.DataFrame:
    return _frame([{**_HEALTH, **row} for row in rows], list(_HEALTH))


def _frame(rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    schema = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in columns])
    frame = pa.Table.from_pylist([dict(row) for row in rows], schema=schema).to_pandas()
    assert isinstance(frame, pd.DataFrame)
    return frame
