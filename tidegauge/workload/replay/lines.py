"""Which lines of a log are replayed: its time window and its filters."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.errors import TidegaugeError
from tidegauge.shapes import LogFilter, Trace

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The lines that were asked for, and how many were not."""

    records: pd.DataFrame
    outside_window: int
    filtered: int


def select(records: pd.DataFrame, trace: Trace) -> Selected:
    """The lines of `records` within the trace's window that its filters let through."""
    t_s = records["t_s"].to_numpy(dtype=np.float64)
    log_start_s = float(t_s.min())
    inside = np.ones(len(records), dtype=np.bool_)
    if trace.start is not None:
        inside &= t_s >= instant_s(trace.start, log_start_s, "start")
    if trace.end is not None:
        inside &= t_s < instant_s(trace.end, log_start_s, "end")
    passed = inside & _all_match(records, trace.include) & ~_any_matches(records, trace.exclude)
    return Selected(
        records=records.loc[passed].reset_index(drop=True),
        outside_window=int((~inside).sum()),
        filtered=int((inside & ~passed).sum()),
    )


def instant_s(given: str | float, log_start_s: float, key: str) -> float:
    """Unix seconds of an ISO 8601 time (UTC unless it says otherwise), or of seconds from the log's start."""
    if not isinstance(given, str):
        return log_start_s + given
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        raise TidegaugeError(
            f"trace {key} '{given:.40}' is not a time",
            'ISO 8601 ("2026-11-01T18:00:00Z"), or a number of seconds from the log\'s first line',
        ) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


def _all_match(records: pd.DataFrame, wanted: LogFilter) -> Flags:
    """Lines that every list of the filter lets through; an empty list does."""
    matches = np.ones(len(records), dtype=np.bool_)
    for column, matcher in _matchers(wanted).items():
        matches &= _where(records[column], matcher)
    return matches


def _any_matches(records: pd.DataFrame, unwanted: LogFilter) -> Flags:
    """Lines that one of the filter's lists names."""
    matches = np.zeros(len(records), dtype=np.bool_)
    for column, matcher in _matchers(unwanted).items():
        matches |= _where(records[column], matcher)
    return matches


def _matchers(rules: LogFilter) -> dict[str, Callable[[str], bool]]:
    found: dict[str, Callable[[str], bool]] = {}
    if rules.method:
        found["method"] = frozenset(rules.method).__contains__
    if rules.host:
        found["host"] = any_glob(tuple(pattern.lower() for pattern in rules.host))
    if rules.path:
        found["path"] = any_glob(rules.path)
    if rules.status:
        names = frozenset(str(status).lower() for status in rules.status)
        found["status"] = lambda status: status in names or f"{status[0]}xx" in names
    return found


def _where(column: pd.Series, matcher: Callable[[str], bool]) -> Flags:
    """Each distinct value is looked at once: logs repeat theirs by the million."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    verdicts = np.array([matcher("" if pd.isna(value) else str(value)) for value in values], dtype=np.bool_)
    found: Flags = verdicts[codes]
    return found


def any_glob(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether one of the patterns matches the whole text; only * and ? are special, as in CloudFront's."""
    texts = [fnmatch.translate(pattern.replace("[", "[[]")) for pattern in patterns]
    compiled = re.compile("|".join(f"(?:{text})" for text in texts))
    return lambda text: compiled.match(text) is not None
