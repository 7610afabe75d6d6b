"""When sessions arrive: seeded open arrivals from a rate over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TIME_ERROR_S = 1e-10  # tolerance of the root finding: far below the clock's tick of 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearPiece:
    """A stretch of time in which the rate runs in a straight line. Rates in sessions per second."""

    duration_s: float
    from_rate_per_s: float
    to_rate_per_s: float
    poisson: bool

    @property
    def expected(self) -> float:
        """The rate integrated over the piece: sessions."""
        return self.duration_s * (self.from_rate_per_s + self.to_rate_per_s) / 2

    @property
    def peak_rate_per_s(self) -> float:
        """The highest rate within."""
        return max(self.from_rate_per_s, self.to_rate_per_s)

    def times_s(self, areas: Floats) -> Floats:
        """The times, from the piece's start, at which the integral of the rate reaches `areas`."""
        rise = (self.to_rate_per_s - self.from_rate_per_s) / self.duration_s
        if rise == 0:
            times = areas / self.from_rate_per_s if self.from_rate_per_s else np.zeros_like(areas)
        else:
            # root of rise/2 t^2 + from t - area = 0, in the form that does not cancel for a small rise
            root = np.sqrt(np.maximum(self.from_rate_per_s**2 + 2 * rise * areas, 0))
            times = 2 * areas / (self.from_rate_per_s + root)
        clipped: Floats = np.minimum(times, self.duration_s)
        return clipped


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePiece:
    """A stretch in which the rate swings: mean x (1 + amplitude x cos(2 pi (t - peak_at_s) / period_s))."""

    duration_s: float
    mean_rate_per_s: float
    amplitude: float  # from 0 to below 1
    period_s: float
    peak_at_s: float
    poisson: bool

    @property
    def expected(self) -> float:
        """The rate integrated over the piece: sessions."""
        return float(self._integral(np.array(self.duration_s)))

    @property
    def peak_rate_per_s(self) -> float:
        """The highest rate within: a crest's, or that at one of the ends."""
        first_crest_s = self.peak_at_s - self.period_s * math.floor(self.peak_at_s / self.period_s)
        if first_crest_s <= self.duration_s:
            return self.mean_rate_per_s * (1 + self.amplitude)
        return max(self._rate(0.0), self._rate(self.duration_s))

    def times_s(self, areas: Floats) -> Floats:
        """The times, from the piece's start, at which the integral of the rate reaches `areas`."""
        if not len(areas) or not self.mean_rate_per_s:
            return np.zeros_like(areas)
        reached = np.minimum(areas, self.expected)
        # the integral never leaves the straight line mean x t by more than one swing to either side
        swing_s = self.amplitude * self.period_s / math.pi + 1e-6 * self.duration_s
        straight = reached / self.mean_rate_per_s
        lowest, highest = np.maximum(straight - swing_s, 0.0), np.minimum(straight + swing_s, self.duration_s)

        def beyond(t: Floats, *targets: Floats) -> Floats:
            return self._integral(t) - targets[0]

        from scipy.optimize.elementwise import find_root  # loads slowly, and only waves need it

        found = find_root(
            beyond,
            (lowest, highest),
            args=(reached,),
            tolerances={"xatol": TIME_ERROR_S, "fatol": 0.0},
        )
        if not np.all(found.success):
            raise ArithmeticError(f"no arrival time found within {self}")
        return np.asarray(found.x, dtype=np.float64)

    def _integral(self, t: Floats) -> Floats:
        turn = 2 * math.pi / self.period_s
        swing = np.sin(turn * (t - self.peak_at_s)) + math.sin(turn * self.peak_at_s)
        return np.asarray(self.mean_rate_per_s * (t + self.amplitude / turn * swing), dtype=np.float64)

    def _rate(self, t: float) -> float:
        turn = 2 * math.pi / self.period_s
        return self.mean_rate_per_s * (1 + self.amplitude * math.cos(turn * (t - self.peak_at_s)))


Piece = LinearPiece | WavePiece


def arrival_times_s(pieces: Sequence[Piece], generator: np.random.Generator) -> Floats:
    """Intended times in seconds from the start, ascending, none after the last piece.

    Uniform arrivals fall where the integrated rate of their run of pieces reaches 1, 2, 3, …; Poisson
    arrivals are unit-rate exponential sums put through the same inverse (time rescaling, Cinlar 1975),
    which for a rate that changes gives the process that thinning gives (Lewis & Shedler 1979), exactly.
    """
    found: list[Floats] = []
    start_s, index = 0.0, 0
    while index < len(pieces):
        end = index
        while end < len(pieces) and pieces[end].poisson == pieces[index].poisson:
            end += 1
        run = pieces[index:end]
        found.append(start_s + _run_times_s(run, generator))
        start_s += sum(piece.duration_s for piece in run)
        index = end
    return np.concatenate(found) if found else np.empty(0)


def _run_times_s(run: Sequence[Piece], generator: np.random.Generator) -> Floats:
    total = sum(piece.expected for piece in run)
    targets = _poisson_targets(total, generator) if run[0].poisson else _uniform_targets(total)
    times: list[Floats] = []
    start_s, reached = 0.0, 0.0
    for position, piece in enumerate(run):
        last = position == len(run) - 1
        inside = (targets > reached) & ((targets <= reached + piece.expected) | last)
        times.append(start_s + piece.times_s(targets[inside] - reached))
        reached += piece.expected
        start_s += piece.duration_s
    return np.concatenate(times)


def _uniform_targets(total: float) -> Floats:
    # 1e-9: 0.1 x 30 s must be 3 arrivals although the product falls short of 3 in binary
    return np.arange(1, int(total * (1 + 1e-12) + 1e-9) + 1, dtype=np.float64)


def _poisson_targets(total: float, generator: np.random.Generator) -> Floats:
    sums: list[Floats] = []
    reached = 0.0
    while reached <= total:
        block = reached + np.cumsum(generator.exponential(size=max(64, int(total - reached) + 64)))
        sums.append(block)
        reached = float(block[-1])
    joined = np.concatenate(sums)
    return joined[joined <= total]
