"""What others measured, which claims about cost are held against."""

from __future__ import annotations

from dataclasses import dataclass

from tidegauge.cost.prices import Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRange:
    """The least and the greatest value of a measurement, as decimals."""

    low: str
    high: str
    what: str  # the measurement in a sentence
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """All of references.json."""

    task_start_s: MeasuredRange  # from RunTask to a task that runs
