"""Rows of frames: their columns as arrays, those of equal keys added up, their texts as categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.histograms import Floats, Integers

Flags = NDArray[np.bool_]

TEXTS = ("flow", "endpoint", "base", "cause", "cache", "pop")


def groups(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[Integers, Integers]:
    """The number of each row's group (nulls are alike), and a row of each group; in order of the keys."""
    number = np.zeros(len(frame), dtype=np.int64)
    for name in keys:
        codes, values = pd.factorize(frame[name], use_na_sentinel=True)
        if len(values) > 1 or codes.min(initial=0) != codes.max(initial=0):  # one value tells none apart
            number, _ = pd.factorize(number * (len(values) + 1) + codes + 1, sort=True)  # null is -1
    a_row = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int64)
    a_row[number] = np.arange(len(frame))
    return number, a_row


def added_up(frame: pd.DataFrame, keys: Sequence[str], sums: Sequence[str]) -> pd.DataFrame:
    """A row for each distinct value of `keys` (nulls are alike), with the sums of its rows."""
    number, a_row = groups(frame, keys)
    found = frame[list(keys)].iloc[a_row].reset_index(drop=True)
    for name in sums:
        weights = frame[name].to_numpy(dtype=np.int64)
        found[name] = np.bincount(number, weights=weights, minlength=len(a_row)).astype(np.int64)
    return found


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames one below another, texts as categories."""
    texts = {
        name: pd.api.types.union_categoricals([category(frame[name]) for frame in frames])
        for name in TEXTS
        if name in frames[0]
    }
    others = [frame.drop(columns=list(texts)) for frame in frames]
    return pd.concat(others, ignore_index=True).assign(**texts)


def category(column: pd.Series) -> pd.Series:
    """Texts as categories of plain strings, in the order in which they appear, whatever held them."""
    coded = isinstance(column.dtype, pd.CategoricalDtype)
    codes, values = (column.cat.codes, column.cat.categories) if coded else pd.factorize(column)
    texts = pd.Index([str(value) for value in values], dtype=object)
    return pd.Series(pd.Categorical.from_codes(codes, categories=texts), index=column.index)


def seconds(frame: pd.DataFrame, column: str) -> Floats:
    """A column of seconds as floats, null as NaN."""
    return frame[column].to_numpy(dtype=np.float64, na_value=np.nan)


def flags(frame: pd.DataFrame, column: str) -> Flags:
    """A column without nulls as booleans."""
    return frame[column].to_numpy(dtype=np.bool_)


def counts(frame: pd.DataFrame) -> Integers:
    """How many each row stands for."""
    return frame["count"].to_numpy(dtype=np.int64)


def chosen_rows(frame: pd.DataFrame, flow: str | None, endpoint: str | None = None) -> Flags:
    """Which rows are of the flow and the endpoint; None stands for any."""
    chosen = np.ones(len(frame), dtype=np.bool_)
    for name, wanted in (("flow", flow), ("endpoint", endpoint)):
        if wanted is not None:
            chosen &= (frame[name] == wanted).to_numpy(dtype=np.bool_)
    return chosen
