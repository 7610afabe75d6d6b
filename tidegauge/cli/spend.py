"""A run's cost: what was counted, times the dated prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tidegauge.stack import Stack
from tidegauge.store import RunFolder


def cost_of_run(
    folder: RunFolder,
    run: Mapping[str, Any],
    stack: Stack,
    samples: pd.DataFrame,
    measured: Mapping[str, object],
) -> tuple[Any, Any]:
    return None, {}
