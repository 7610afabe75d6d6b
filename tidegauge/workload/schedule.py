"""The list of sessions of a run: the same for a plan and seed, however many processes send it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegauge.plan import Constant, Plan, Popularity, Ramp, Steps
from tidegauge.workload.arrivals import LinearPiece, arrival_times_s
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


def pieces(plan: Plan) -> list[LinearPiece]:
    """The plan's phases as stretches of linear rate."""
    found: list[LinearPiece] = []
    for phase in plan.arrivals:
        poisson = phase.process == "poisson"
        for duration_s, start, end in _lines(phase):
            found.append(
                LinearPiece(duration_s=duration_s, from_rate_per_s=start, to_rate_per_s=end, poisson=poisson)
            )
    return found


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


def _lines(phase: Constant | Ramp | Steps) -> list[tuple[float, float, float]]:
    if isinstance(phase, Constant):
        return [(phase.duration_s, phase.rate_per_s, phase.rate_per_s)]
    if isinstance(phase, Ramp):
        return [(phase.duration_s, phase.from_rate_per_s, phase.to_rate_per_s)]
    return [(phase.step_s, rate, rate) for rate in phase.rates_per_s]


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
