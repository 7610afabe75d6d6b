"""Bursts of a log that a fitted rate flattens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from tidegauge.workload.fit.arrivals import LEVEL, ArrivalFit

Floats = NDArray[np.float64]

SPANS_S = (1.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """The busiest `span_s` of a log, in sessions per second, and what the fitted plan offers just then."""

    span_s: float
    at_s: float  # where it begins, from the start of the log
    log_per_s: float
    fit_per_s: float
    flattened: bool  # whether the plan's arrivals would reach it by chance once in a hundred such plans

    @property
    def ratio(self) -> float | None:
        """How many times what the plan offers; None where that is nothing."""
        return self.log_per_s / self.fit_per_s if self.fit_per_s else None


def bursts(fit: ArrivalFit, t_s: Floats) -> tuple[Burst, ...]:
    """The busiest span of each of SPANS_S that the log lasts; `t_s` as for `fit_arrivals`."""
    return tuple(_busiest(fit, t_s, span_s) for span_s in SPANS_S if span_s < fit.duration_s)


def _busiest(fit: ArrivalFit, t_s: Floats, span_s: float) -> Burst:
    """The span that begins with an arrival and holds the most.

    Any arrival could have begun it: so the chance is that of one Poisson count, times their number.
    """
    counts = np.searchsorted(t_s, t_s + span_s) - np.arange(len(t_s))
    first = int(counts.argmax())
    at_s, most = float(t_s[first]), int(counts[first])
    expected = float(np.diff(fit.expected(np.array([at_s, at_s + span_s])))[0])
    return Burst(
        span_s=span_s,
        at_s=at_s,
        log_per_s=most / span_s,
        fit_per_s=expected / span_s,
        flattened=bool(pdtrc(most - 1, expected) * len(t_s) < LEVEL) if expected else most > 0,
    )
