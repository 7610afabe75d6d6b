"""The list of sessions of a run: the same for a plan and seed, however many processes send it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan, Popularity
from tidegauge.shapes import Constant, Diurnal, Ramp, Spike, Steps, Trace, phase_duration_s
from tidegauge.workload.arrivals import LinearPiece, Piece, WavePiece, arrival_times_s
from tidegauge.workload.popularity import draw_ranks, stretched_exponential_weights, zipf_weights
from tidegauge.workload.streams import ASSETS, FLOWS, SESSIONS, TIMES, stream

DEFAULT_ALPHA = 0.9  # for a plan without [popularity] that runs with a catalogue; run.json says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Arrival i: when, which flow, and the rank of its asset.

    Ranks count from 0, and are all 0 without assets; -1 for a replayed request that names none.
    """

    intended_s: NDArray[np.float64]
    flow_index: NDArray[np.int64]
    asset_rank: NDArray[np.int64]
    flows: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.intended_s)


def make_schedule(plan: Plan, assets: int, sessions: pd.DataFrame | None = None) -> Schedule:
    """All sessions of `plan`; `assets` is the number of ranks to draw from (0: none needed).

    For a plan that replays logs, `sessions` are those made of their lines (columns as in Replayed).
    """
    if plan.trace is not None:
        return _replayed(plan, sessions)
    times = arrival_times_s(pieces(plan), stream(plan.seed, TIMES))
    flows = tuple(plan.shares)
    shares = np.array([plan.shares[flow] for flow in flows])
    weights = popularity_weights(plan.popularity, assets) if assets else np.ones(1)
    return Schedule(
        intended_s=times,
        flow_index=draw_ranks(shares, len(times), stream(plan.seed, FLOWS)),
        asset_rank=draw_ranks(weights, len(times), stream(plan.seed, ASSETS)),
        flows=flows,
    )


def _replayed(plan: Plan, sessions: pd.DataFrame | None) -> Schedule:
    if sessions is None:
        raise TidegaugeError("the trace's sessions are missing", "the run folder lacks its trace.parquet")
    flows = plan.flow_names
    return Schedule(
        intended_s=sessions["intended_s"].to_numpy(dtype=np.float64),
        flow_index=pd.Index(flows).get_indexer(pd.Index(sessions["flow"])).astype(np.int64),
        asset_rank=sessions["asset_rank"].to_numpy(dtype=np.int64),
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


def phase_borders_s(plan: Plan) -> list[float]:
    """Where a stretch of the plan's rate ends and the next one begins."""
    return list(itertools.accumulate(piece.duration_s for piece in pieces(plan)))[:-1]


def popularity_weights(popularity: Popularity | None, assets: int) -> NDArray[np.float64]:
    """Probabilities of the asset ranks."""
    if popularity is None:
        return zipf_weights(assets, DEFAULT_ALPHA)
    if popularity.model == "zipf":
        return zipf_weights(assets, popularity.alpha or 0.0)
    assert popularity.shape is not None  # the plan's checks see to it
    assert popularity.scale is not None
    return stretched_exponential_weights(assets, popularity.shape, popularity.scale)


def session_seed(seed: int, index: int) -> int:
    """The seed of session `index`'s own generator, by (seed, index)."""
    low, high = np.random.SeedSequence([seed, SESSIONS, index]).generate_state(2, np.uint32)
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
