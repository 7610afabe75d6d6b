"""The rate of arrivals over time, and whether they are Poisson or evenly spaced."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import chi2

Floats = NDArray[np.float64]

LEVEL = 0.01  # significance level of the tests: so rarely a true shape is rejected
SESSIONS_A_STEP = 100  # so that a step's rate is known to about 10 %
STEPS_MAX = 288  # steps of five minutes for a day
STEP_S_MIN = 10.0
SESSIONS_A_WINDOW = 5.0  # expected in each window of the index of dispersion
WINDOWS = (20, 100_000)  # fewer tell nothing, more cost memory
UNIFORM_BELOW = 0.5  # index of dispersion; Poisson arrivals have 1
DAY_S = 86_400.0
PEAK_TO_TROUGH_MAX = 1000.0
DURATION_S_MIN = 1.0  # for a log with hardly a request
GRID = 1440  # points at which a rate is inverted: for each step, or for a whole day


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A rate that swings with the day: mean (1 + swing cos(2 pi (t - peak_at_s) / day))."""

    swing: float
    peak_at_s: float

    @property
    def peak_to_trough(self) -> float:
        """Highest rate over lowest."""
        return (1 + self.swing) / (1 - self.swing)

    def integral(self, t_s: Floats) -> Floats:
        """The rate, as a part of its mean, integrated from 0."""
        turn = 2 * math.pi / DAY_S
        phase = np.sin(turn * (t_s - self.peak_at_s)) + math.sin(turn * self.peak_at_s)
        integral: Floats = t_s + self.swing / turn * phase
        return integral


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalFit:
    """Rates in sessions per second: one, one for each step, or the mean of a day that swings."""

    duration_s: float
    rates_per_s: tuple[float, ...]
    day: Day | None = None
    dispersion: float | None = None  # index of dispersion at the fitted rate: Poisson has 1; None: too few
    poisson: bool = True

    @property
    def shape(self) -> str:
        """The plan's word for it."""
        if self.day is not None:
            return "diurnal"
        return "steps" if len(self.rates_per_s) > 1 else "constant"

    @property
    def process(self) -> str:
        """The plan's word for it."""
        return "poisson" if self.poisson else "uniform"

    @property
    def step_s(self) -> float:
        """Length of a step."""
        return self.duration_s / len(self.rates_per_s)

    def expected(self, t_s: Floats) -> Floats:
        """Sessions expected from the start up to each time in seconds."""
        if self.day is not None:
            return self.rates_per_s[0] * self.day.integral(t_s)
        edges = np.linspace(0.0, self.duration_s, len(self.rates_per_s) + 1)
        reached = np.concatenate([[0.0], np.cumsum(self.rates_per_s) * self.step_s])
        expected: Floats = np.interp(t_s, edges, reached)
        return expected


def fit_arrivals(t_s: Floats, quantum_s: float) -> ArrivalFit:
    """The simplest rate that a chi-square test does not reject: constant, a day's swing, else steps.

    `t_s` are seconds since the tick of the first arrival, ascending and spread over their ticks;
    `quantum_s` is the length of a tick.
    """
    duration_s = max(round((math.floor(float(t_s[-1]) / quantum_s) + 1) * quantum_s, 6), DURATION_S_MIN)
    steps = min(len(t_s) / SESSIONS_A_STEP, duration_s / max(STEP_S_MIN, 10 * quantum_s), STEPS_MAX)
    edges = np.linspace(0.0, duration_s, max(int(steps), 1) + 1)
    counts = np.histogram(t_s, edges)[0].astype(np.float64)
    fit = ArrivalFit(duration_s=duration_s, rates_per_s=(len(t_s) / duration_s,))
    if _rejected(counts, np.diff(fit.expected(edges)), parameters=1):
        day = _fit_day(counts, edges) if duration_s >= DAY_S else None
        level = len(t_s) / float(day.integral(edges[-1:])[0]) if day else 0.0
        swings = ArrivalFit(duration_s=duration_s, rates_per_s=(level,), day=day)
        if day and not _rejected(counts, np.diff(swings.expected(edges)), parameters=3):
            fit = swings
        else:
            rates = counts / (edges[1] - edges[0])
            fit = ArrivalFit(duration_s=duration_s, rates_per_s=tuple(rates.tolist()))
    return _with_process(fit, t_s, quantum_s)


def draw_arrivals(fit: ArrivalFit, generator: np.random.Generator) -> Floats:
    """Arrival times in seconds, ascending, of the fitted process."""
    grid = np.linspace(0.0, fit.duration_s, GRID * len(fit.rates_per_s) + 1)
    reached = fit.expected(grid)
    total = float(reached[-1])
    if fit.poisson:
        targets = np.sort(generator.random(generator.poisson(total))) * total
    else:
        targets = np.arange(1, round(total) + 1, dtype=np.float64)
    times: Floats = np.interp(targets, reached, grid)
    return times


def _rejected(counts: Floats, expected: Floats, parameters: int) -> bool:
    """Whether Poisson counts of those means would differ as much with a probability below LEVEL."""
    freedom = len(counts) - parameters
    if freedom < 1:
        return False
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return bool(chi2.sf(statistic, freedom) < LEVEL)


def _fit_day(counts: Floats, edges: Floats) -> Day:
    """The swing and the peak by maximum likelihood of Poisson counts."""
    swing_max = (PEAK_TO_TROUGH_MAX - 1) / (PEAK_TO_TROUGH_MAX + 1)

    def day(point: Floats) -> Day:
        turned = math.atan2(point[1], point[0]) / (2 * math.pi)
        return Day(swing=min(math.hypot(point[0], point[1]), swing_max), peak_at_s=turned % 1.0 * DAY_S)

    def lost(point: Floats) -> float:
        parts = np.diff(day(point).integral(edges))
        return -float(counts @ np.log(parts / parts.sum()))

    middles = 2 * math.pi * (edges[:-1] + edges[1:]) / 2 / DAY_S
    start = 2 * np.array([counts @ np.cos(middles), counts @ np.sin(middles)]) / counts.sum()
    return day(minimize(lost, start, method="Nelder-Mead").x)


def _with_process(fit: ArrivalFit, t_s: Floats, quantum_s: float) -> ArrivalFit:
    """The fit with the index of dispersion: variance over mean of counts in windows, at the fitted rate."""
    window_s = SESSIONS_A_WINDOW * fit.duration_s / len(t_s)
    window_s = math.ceil(window_s / quantum_s - 1e-9) * quantum_s  # whole ticks: none is cut in two
    windows = min(int(fit.duration_s / window_s), WINDOWS[1])
    if windows < WINDOWS[0]:
        return fit
    edges = np.arange(windows + 1, dtype=np.float64) * window_s
    counts = np.histogram(t_s, edges)[0]
    expected = np.diff(fit.expected(edges))
    counts, expected = counts[expected > 0], expected[expected > 0]
    dispersion = float(((counts - expected) ** 2 / expected).mean())
    return replace(fit, dispersion=dispersion, poisson=dispersion >= UNIFORM_BELOW)
