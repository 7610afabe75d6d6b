"""Durations without a time: for tests of what does not depend on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegauge.analysis.blocked_times import BlockedTimes
from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.traffic import Window


def at_once(values_s: Sequence[float] | NDArray[np.float64]) -> BlockedTimes:
    """Durations of requests that came in one block of time: of their dependence nothing is known."""
    blocks = blocks_of(Window(warmup_s=0.0, end_s=1.0, told_by_s=1.0))
    return BlockedTimes(blocks=blocks, parts=[Durations.of(np.asarray(values_s, dtype=np.float64))])
