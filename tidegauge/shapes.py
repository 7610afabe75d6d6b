"""How the rate of arrivals runs over time: the phases of a plan. Rates in sessions per second."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from tidegauge.errors import TidegaugeError

Process = Literal["poisson", "uniform"]
Rate = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=31 * 86400, allow_inf_nan=False)]
Duration = Annotated[float, Field(gt=0, le=31 * 86400, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """The same rate for the whole phase."""

    shape: Literal["constant"]
    rate_per_s: Rate
    duration_s: Duration
    process: Process = "poisson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """A rate that rises or falls in a straight line."""

    shape: Literal["ramp"]
    from_rate_per_s: Rate
    to_rate_per_s: Rate
    duration_s: Duration
    process: Process = "poisson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One constant rate after another, `step_s` each."""

    shape: Literal["steps"]
    rates_per_s: tuple[Rate, ...]
    step_s: Duration
    process: Process = "poisson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A base rate, and from `at_s` a straight rise to a peak, the peak held, and a straight fall back."""

    shape: Literal["spike"]
    rate_per_s: Rate
    peak_rate_per_s: Rate
    at_s: Seconds
    rise_s: Seconds
    hold_s: Seconds
    fall_s: Seconds
    duration_s: Duration | None = None  # up to the end of the fall when left out
    process: Process = "poisson"

    @property
    def over_s(self) -> float:
        """When the fall ends, in seconds from the phase's start."""
        return self.at_s + self.rise_s + self.hold_s + self.fall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Diurnal:
    """A rate that swings like a day: mean x (1 + a cos(2 pi (t - peak_at_s) / period_s)).

    a = (peak_to_trough - 1) / (peak_to_trough + 1), so that the highest rate is peak_to_trough times the
    lowest.
    """

    shape: Literal["diurnal"]
    mean_rate_per_s: Rate
    peak_to_trough: Annotated[float, Field(ge=1, le=1_000_000, allow_inf_nan=False)]
    period_s: Duration
    peak_at_s: Seconds
    duration_s: Duration | None = None  # one period when left out
    process: Process = "poisson"

    @property
    def amplitude(self) -> float:
        """a: how far the rate swings to either side, as a part of its mean."""
        return (self.peak_to_trough - 1) / (self.peak_to_trough + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which lines of a log to take; an empty list takes every value of its column."""

    method: tuple[str, ...] = ()
    host: tuple[str, ...] = ()  # patterns: * and ? stand for any characters and any one
    path: tuple[str, ...] = ()  # patterns, held against the path without its query
    status: tuple[int | str, ...] = ()  # 404, or "4xx"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFigures:
    """What the logs of a trace turned out to hold."""

    sessions: int
    duration_s: float
    peak_rate_per_s: float  # the busiest second's


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The requests of access logs, at their times; one line is one session of one step."""

    shape: Literal["trace"]
    path: str | tuple[str, ...]  # a log, a folder of logs, or several
    speed: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] = 1.0
    start: str | float | None = None  # ISO 8601, or seconds from the log's first line
    end: str | float | None = None
    bad_share_max: Annotated[float, Field(ge=0, le=1)] = 0.01  # share of lines that cannot be read
    include: LogFilter = field(default_factory=LogFilter)
    exclude: LogFilter = field(default_factory=LogFilter)
    found: TraceFigures | None = None  # filled in by the program, once it has read the logs

    @property
    def paths(self) -> tuple[str, ...]:
        """`path` as a list."""
        return (self.path,) if isinstance(self.path, str) else self.path


Phase = Annotated[Constant | Ramp | Steps | Spike | Diurnal | Trace, Field(discriminator="shape")]
SHAPES = ("constant", "ramp", "steps", "spike", "diurnal", "trace")


def phase_duration_s(phase: Constant | Ramp | Steps | Spike | Diurnal | Trace) -> float:
    """Seconds that a phase lasts; 0 for a trace whose logs were not read yet."""
    match phase:
        case Steps():
            return len(phase.rates_per_s) * phase.step_s
        case Spike():
            return phase.over_s if phase.duration_s is None else phase.duration_s
        case Diurnal():
            return phase.period_s if phase.duration_s is None else phase.duration_s
        case Trace():
            return phase.found.duration_s if phase.found else 0.0
    return phase.duration_s


def check_phase(phase: Constant | Ramp | Steps | Spike | Diurnal | Trace, where: str) -> None:
    """Refuses a phase whose parts don't fit together (exit 2)."""
    if isinstance(phase, Steps) and not phase.rates_per_s:
        raise TidegaugeError(f"{where}: rates_per_s is empty", "list a rate for each step")
    if isinstance(phase, Spike):
        _check_spike(phase, where)
    if isinstance(phase, Trace):
        _check_trace(phase, where)


def _check_spike(phase: Spike, where: str) -> None:
    if phase.peak_rate_per_s < phase.rate_per_s:
        raise TidegaugeError(
            f"{where}: peak_rate_per_s is {phase.peak_rate_per_s:g}, rate_per_s {phase.rate_per_s:g}",
            "a peak is not below the rate around it",
        )
    if phase.rise_s + phase.hold_s + phase.fall_s == 0:
        raise TidegaugeError(f"{where}: the spike lasts 0 s", "set rise_s, hold_s or fall_s")
    if phase.duration_s is not None and phase.over_s > phase.duration_s:
        raise TidegaugeError(
            f"{where}: the spike is over at {phase.over_s:g} s, but duration_s is {phase.duration_s:g}",
            "lengthen duration_s, or shorten the spike",
        )


def _check_trace(phase: Trace, where: str) -> None:
    if not all(phase.paths) or not phase.paths:
        raise TidegaugeError(f"{where}: path is empty", "name a log, a folder of logs, or a list of them")
    for name, rules in (("include", phase.include), ("exclude", phase.exclude)):
        for status in rules.status:
            if not re.fullmatch(r"[1-5]([0-9]{2}|xx)|0", str(status)):
                raise TidegaugeError(
                    f"{where}.{name}.status: '{status!s:.20}' is not a status",
                    'write a code or a class, such as 404 or "4xx"',
                )
