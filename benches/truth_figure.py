"""The figure of docs/latency.md: one stall, request by request, as it was and as two clocks see it."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SCHEDULE, OURS = "by the schedule", "Tidegauge, from intended time"
TRUTH, RESPONSE, SENT = "#6b7280", "#0b6e99", "#c2410c"


def draw(path: Path, samples: pd.DataFrame, truth_s: Floats, sent_by_waiting_users: Floats) -> None:
    """Writes the SVG: `samples` in order of arrival with `truth_s` beside them, and a closed loop's times.

    Left: response times over time around the first stall. Right: their quantiles, with those of the users of
    a closed loop, who wait with the server and so hardly ever meet the stall (milliseconds).
    """
    mpl.rcParams["svg.hashsalt"] = "tidegauge"  # the same figure twice is the same file
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    due = samples["intended_s"].to_numpy()
    seen_ms = (samples["done_s"] - samples["intended_s"]).to_numpy() * 1000
    begin = float(due[np.argmax(truth_s > 0.9)])
    near = (due > begin - 0.5) & (due < begin + 1.7)
    left.plot(
        due[near] - begin, truth_s[near] * 1000, color=TRUTH, linewidth=5, alpha=0.35, label="by the schedule"
    )
    left.plot(
        due[near] - begin, seen_ms[near], color=RESPONSE, linewidth=1.2, label="Tidegauge, from intended time"
    )
    left.set(xlabel="time a request was due, s after the stall began", ylabel="response time, ms")
    left.legend(frameon=False, fontsize=8)
    _quantiles(right, truth_s * 1000, TRUTH, 5, SCHEDULE, alpha=0.35)
    _quantiles(right, seen_ms, RESPONSE, 1.2, OURS)
    _quantiles(right, sent_by_waiting_users, SENT, 1.2, "Locust users at constant throughput")
    right.set(xlabel="requests at most that slow, %", ylabel="response time, ms", xlim=(85, 100))
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def _quantiles(
    axes: Axes, times_ms: Floats, colour: str, width: float, label: str, alpha: float = 1.0
) -> None:
    ordered = np.sort(times_ms)
    shares = np.arange(1, len(ordered) + 1) / len(ordered) * 100
    axes.plot(shares, ordered, color=colour, linewidth=width, label=label, alpha=alpha)
