"""Shares of requests, each with the interval that its effective number gives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tidegauge.analysis.blocks import Blocks
from tidegauge.analysis.dependence import effective_share
from tidegauge.analysis.intervals import CONFIDENCE, clopper_pearson
from tidegauge.analysis.rows import counts
from tidegauge.histograms import Integers
from tidegauge.summary import ShareBounds

NO_SHARE = ShareBounds(value=None, low=None, high=None, effective_n=None)


def by_block(rows: pd.DataFrame, blocks: Blocks) -> Integers:
    """How many requests the rows stand for, by block."""
    block = rows["block"].to_numpy(dtype=np.int64)
    return np.bincount(block, weights=counts(rows), minlength=blocks.count).astype(np.int64)


def share_bounds(events: Integers, requests: Integers, blocks: Blocks) -> ShareBounds:
    """The share of `requests` that are `events`, both by block."""
    n = int(requests.sum())
    if not n:
        return NO_SHARE
    share = float(events.sum()) / n
    effective = effective_share(events, requests, blocks).whole_size((1 - CONFIDENCE) / 2)
    low, high = clopper_pearson(share * effective, effective, (1 + CONFIDENCE) / 2)
    return ShareBounds(value=share, low=low, high=high, effective_n=effective)
