"""When sessions arrive: seeded open arrivals from a rate over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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


def arrival_times_s(pieces: Sequence[LinearPiece], generator: np.random.Generator) -> Floats:
    """Intended times in seconds from the start, ascending, none after the last piece.

    Uniform arrivals fall where the integrated rate of their run of pieces reaches 1, 2, 3, …; Poisson
    arrivals are unit-rate exponential sums put through the same inverse (time rescaling, Cinlar 1975).
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


def _run_times_s(run: Sequence[LinearPiece], generator: np.random.Generator) -> Floats:
    total = sum(piece.expected for piece in run)
    targets = _poisson_targets(total, generator) if run[0].poisson else _uniform_targets(total)
    times: list[Floats] = []
    start_s, reached = 0.0, 0.0
    for position, piece in enumerate(run):
        last = position == len(run) - 1
        inside = (targets > reached) & ((targets <= reached + piece.expected) | last)
        times.append(start_s + _inverse(piece, targets[inside] - reached))
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


def _inverse(piece: LinearPiece, areas: Floats) -> Floats:
    """The times at which the integral of the piece's rate reaches `areas`."""
    rise = (piece.to_rate_per_s - piece.from_rate_per_s) / piece.duration_s
    if rise == 0:
        times = areas / piece.from_rate_per_s if piece.from_rate_per_s else np.zeros_like(areas)
    else:
        # root of rise/2 t^2 + from t - area = 0, in the form that does not cancel for a small rise
        root = np.sqrt(np.maximum(piece.from_rate_per_s**2 + 2 * rise * areas, 0))
        times = 2 * areas / (piece.from_rate_per_s + root)
    clipped: Floats = np.minimum(times, piece.duration_s)
    return clipped
