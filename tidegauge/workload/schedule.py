"""The list of sessions of a run: the same for a plan and seed, however many processes send it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegauge.plan import Plan, Popularity
from tidegauge.shapes import Constant, Diurnal, Ramp, Spike, Steps, Trace, phase_duration_s
from tidegauge.workload.arrivals import LinearPiece, Piece, WavePiece, arrival_times_s
from tidegauge.workload.popularity import draw_ranks, stretched_exponential_weights, zipf_weights

DEFAULT_ALPHA = 0.9  # of a plan without [popularity] run with a catalogue; run.json says so

_TIMES, _FLOWS, _ASSETS = 0, 1, 2  # independent random streams of one seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Arrival i: when, which flow, and the rank of its asset (counted from 0; all 0 without assets)."""

    intended_s: NDArray[np.float64]
    flow_index: NDArray[np.int64]
    asset_rank: NDArray[np.int64]
    flows: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.intended_s)


def make_schedule(plan: Plan, assets: int) -> Schedule:
    """All sessions of `plan`; `assets` is the number of ranks to draw from (0: none needed)."""
    times = arrival_times_s(pieces(plan), _stream(plan.seed, _TIMES))
    flows = tuple(plan.shares)
    shares = np.array([plan.shares[flow] for flow in flows])
    weights = popularity_weights(plan.popularity, assets) if assets else np.ones(1)
    return Schedule(
        intended_s=times,
        flow_index=draw_ranks(shares, len(times), _stream(plan.seed, _FLOWS)),
        asset_rank=draw_ranks(weights, len(times), _stream(plan.seed, _ASSETS)),
        flows=flows,
    )


def expected_sessions(plan: Plan) -> float:
    """How many sessions the plan sends; of Poisson arrivals, on average."""
    if plan.trace is not None:
        return plan.trace.found.sessions if plan.trace.found else 0.0
    return sum(piece.expected for piece in pieces(plan))


def peak_rate_per_s(plan: Plan) -> float:
    """The highest rate of sessions; of a trace, that of its busiest second."""
    if plan.trace is not None:
        return plan.trace.found.peak_rate_per_s if plan.trace.found else 0.0
    return max(piece.peak_rate_per_s for piece in pieces(plan))


def pieces(plan: Plan) -> list[Piece]:
    """The plan's phases as stretches of a rate with a known integral; a trace has none."""
    return [piece for phase in plan.arrivals for piece in _pieces_of(phase)]


def popularity_weights(popularity: Popularity | None, assets: int) -> NDArray[np.float64]:
    """Probabilities of the asset ranks."""
    if popularity is None:
        return zipf_weights(assets, DEFAULT_ALPHA)
    if popularity.model == "zipf":
        return zipf_weights(assets, popularity.alpha or 0.0)
    assert popularity.shape is not None  # held by the plan's checks
    assert popularity.scale is not None
    return stretched_exponential_weights(assets, popularity.shape, popularity.scale)


def session_seed(seed: int, index: int) -> int:
    """The seed of session `index`'s own generator, by (seed, index)."""
    low, high = np.random.SeedSequence([seed, 3, index]).generate_state(2, np.uint32)
    return int(low) | int(high) << 32


def _pieces_of(phase: Constant | Ramp | Steps | Spike | Diurnal | Trace) -> list[Piece]:
    if isinstance(phase, Trace):
        return []
    poisson = phase.process == "poisson"
    if isinstance(phase, Diurnal):
        wave = WavePiece(
            duration_s=phase_duration_s(phase),
            mean_rate_per_s=phase.mean_rate_per_s,
            amplitude=phase.amplitude,
            period_s=phase.period_s,
            peak_at_s=phase.peak_at_s,
            poisson=poisson,
        )
        return [wave]
    return [
        LinearPiece(duration_s=duration_s, from_rate_per_s=start, to_rate_per_s=end, poisson=poisson)
        for duration_s, start, end in _lines(phase)
        if duration_s
    ]


def _lines(phase: Constant | Ramp | Steps | Spike) -> list[tuple[float, float, float]]:
    """Duration, first and last rate of each straight stretch."""
    match phase:
        case Constant():
            return [(phase.duration_s, phase.rate_per_s, phase.rate_per_s)]
        case Ramp():
            return [(phase.duration_s, phase.from_rate_per_s, phase.to_rate_per_s)]
        case Steps():
            return [(phase.step_s, rate, rate) for rate in phase.rates_per_s]
    base, peak = phase.rate_per_s, phase.peak_rate_per_s
    return [
        (phase.at_s, base, base),
        (phase.rise_s, base, peak),
        (phase.hold_s, peak, peak),
        (phase.fall_s, peak, base),
        (phase_duration_s(phase) - phase.over_s, base, base),
    ]


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
