"""A fit of a whole log: what its plan needs, and how closely sequences drawn from it resemble the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.errors import TidegaugeError
from tidegauge.workload.fit.arrivals import ArrivalFit, draw_arrivals, fit_arrivals
from tidegauge.workload.fit.bursts import Burst, bursts
from tidegauge.workload.fit.caches import che_hit_ratio, lru_hit_ratio, ttl_hit_ratio
from tidegauge.workload.fit.lengths import (
    Law,
    exponential,
    geometric,
    likelier,
    lognormal,
    lognormal_count,
    sample_distance,
)
from tidegauge.workload.fit.popularity import Model, PopularityFit, chosen, fit_popularity
from tidegauge.workload.fit.requests import METHODS, NOTHING, Endpoint, Requests, sendable_requests
from tidegauge.workload.fit.visits import Visits, client_sessions, visits
from tidegauge.workload.popularity import draw_ranks

Floats = NDArray[np.float64]
Objects = NDArray[np.int64]

CACHE_SHARE = 0.1  # the simulated cache holds this share of the objects seen, unless its size is given
TTL_S = 86_400.0  # CloudFront's default
DAYS_MAX = 31  # the longest plan
DRAWS = (3, 20)  # sequences of as many requests as the log's, drawn from the fit: at least, at most …
DRAWN_REQUESTS = 2_000_000  # … and as many requests in all as take a second or two
SEED = 1  # the same log gives the same fit


@dataclass(frozen=True, slots=True)
class CacheFigures:
    """Hit ratios of one simulated cache.

    From `log` to `shuffled` the order is lost (locality), from there to `fit` the log's own popularity.
    """

    log: float  # for the log's requests
    shuffled: float  # for the same in random order
    fit: float  # for as many requests drawn from the fit, on average
    fit_low: float  # the lowest and the highest of the draws
    fit_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsFit:
    """What was asked for: popularity, and caches simulated on it."""

    requests: int  # those that name an object
    seen: int  # objects asked for
    popularity: dict[Model, PopularityFit]
    chosen: PopularityFit
    cache_objects: int
    lru: CacheFigures
    lru_che: float  # the fit's, by Che's approximation
    ttl_s: float
    ttl: CacheFigures
    draws: int  # how often requests were drawn from the fit
    distance: float  # the largest, over k, between the shares of the k most popular in log and fit


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFit:
    """A log in the terms of a plan."""

    requests: int  # those that a plan can send
    not_sendable: int  # those with other methods and schemes
    endpoints: tuple[Endpoint, ...]
    visits: Visits
    arrivals: ArrivalFit
    bursts: tuple[Burst, ...]
    gaps_distance: float | None  # between the gaps of arrivals in log and fit; None: too few
    sessions: int  # sessions of clients
    session_requests: Law
    session_requests_distance: float
    session_gaps: Law | None  # None: no session has two requests
    sizes: Law | None  # None: not logged
    sizes_distance: float | None
    objects: ObjectsFit


def fit_log(records: pd.DataFrame, cache_objects: int | None = None, ttl_s: float = TTL_S) -> LogFit:
    """The fit of `records` (those of LogRecord); a cache of `cache_objects` and one of `ttl_s` are simulated.

    TidegaugeError when no plan can be made of them.
    """
    generator = np.random.default_rng(SEED)
    requests = _checked(sendable_requests(records), len(records))
    seen = visits(requests)
    times_s = spread(seen.t_s, seen.quantum_s, generator)
    quantum_s = float(seen.quantum_s.max())
    arrivals = fit_arrivals(times_s, quantum_s)
    sessions = client_sessions(requests)
    counts = sessions.requests.astype(np.float64)
    session_requests = likelier(geometric(counts), lognormal_count(counts))
    sizes = records["sent_bytes"].to_numpy()
    sizes = sizes[sizes > 0]
    size_law = lognormal(sizes) if len(sizes) else None
    return LogFit(
        requests=len(requests),
        not_sendable=len(records) - len(requests),
        endpoints=requests.endpoints,
        visits=seen,
        arrivals=arrivals,
        bursts=bursts(arrivals, times_s),
        gaps_distance=_gaps_distance(arrivals, times_s, quantum_s, generator),
        sessions=len(counts),
        session_requests=session_requests,
        session_requests_distance=session_requests.distance(counts),
        session_gaps=_session_gaps(sessions.gaps_s, sessions.quantum_s, generator),
        sizes=size_law,
        sizes_distance=size_law.distance(sizes) if size_law else None,
        objects=fit_objects(*_objects(seen, times_s), cache_objects, ttl_s, generator),
    )


def _checked(requests: Requests, records: int) -> Requests:
    """The requests, or TidegaugeError when no plan can hold them."""
    if not len(requests):
        raise TidegaugeError(
            f"none of the {records} requests can be sent from a plan",
            f"{', '.join(METHODS)} over http and https can; others need bodies and tokens, which logs lack",
        )
    if requests.t_s.max() > DAYS_MAX * 86_400:
        raise TidegaugeError(
            f"the logs span {requests.t_s.max() / 86_400:.0f} days, a plan at most {DAYS_MAX}",
            "name the logs of fewer days",
        )
    return requests


def spread(t_s: Floats, quantum_s: Floats, generator: np.random.Generator) -> Floats:
    """Ascending times, each anywhere in its tick of the log's clock."""
    spread_s: Floats = np.sort(t_s + generator.random(len(t_s)) * quantum_s)
    return spread_s


def fit_objects(
    objects: Objects, times_s: Floats, cache_objects: int | None, ttl_s: float, generator: np.random.Generator
) -> ObjectsFit:
    """The popularity of `objects`, numbers asked for in order at `times_s`."""
    counts = np.unique(objects, return_counts=True)[1]
    fits = fit_popularity(counts)
    best = chosen(fits)
    size = cache_objects or max(round(CACHE_SHARE * len(counts)), 1)
    number = int(np.clip(DRAWN_REQUESTS / len(objects), *DRAWS))
    draws = [draw_ranks(best.weights, len(objects), generator) for _ in range(number)]
    sequences = (objects, generator.permutation(objects), *draws)
    return ObjectsFit(
        requests=len(objects),
        seen=len(counts),
        popularity=fits,
        chosen=best,
        cache_objects=size,
        lru=_figures([lru_hit_ratio(each, size) for each in sequences]),
        lru_che=che_hit_ratio(best.weights, size),
        ttl_s=ttl_s,
        ttl=_figures([ttl_hit_ratio(each, times_s, ttl_s) for each in sequences]),
        draws=number,
        distance=_concentration_distance(counts, np.unique(draws[0], return_counts=True)[1]),
    )


def _figures(ratios: Sequence[float]) -> CacheFigures:
    """From those of the log, of its requests in random order, and of each draw."""
    log, shuffled, *drawn = ratios
    return CacheFigures(
        log=log,
        shuffled=shuffled,
        fit=float(np.mean(drawn)),
        fit_low=min(drawn),
        fit_high=max(drawn),
    )


def _objects(seen: Visits, times_s: Floats) -> tuple[Objects, Floats]:
    """The assets of the visits, and when: those named by themselves or those by links, whichever are more.

    Where nothing varies, the kinds of visits stand for objects.
    """
    named = seen.asset != NOTHING
    if not named.any():
        return seen.kind, times_s
    links = 2 * int(np.count_nonzero(seen.by_link[named])) > int(np.count_nonzero(named))
    kept = named & (seen.by_link == links)
    return seen.asset[kept], times_s[kept]


def _gaps_distance(
    arrivals: ArrivalFit, times_s: Floats, quantum_s: float, generator: np.random.Generator
) -> float | None:
    """Distance between the gaps of logged and of drawn arrivals, both as the log's clock shows them."""
    drawn = np.floor(draw_arrivals(arrivals, generator) / quantum_s) * quantum_s
    if min(len(drawn), len(times_s)) < 2:
        return None
    shown = spread(drawn, np.full(len(drawn), quantum_s), generator)
    return sample_distance(np.diff(times_s), np.diff(shown))


def _session_gaps(gaps_s: Floats, quantum_s: float, generator: np.random.Generator) -> Law | None:
    """The time between a session's requests; what the clock shows as 0 lies within a tick."""
    if not len(gaps_s):
        return None
    positive = np.abs(gaps_s + (generator.random(len(gaps_s)) - generator.random(len(gaps_s))) * quantum_s)
    positive = np.maximum(positive, 1e-9)
    return likelier(exponential(positive), lognormal(positive))


def _concentration_distance(log: Objects, fit: Objects) -> float:
    """Largest gap between the shares of the requests that went to the k most asked for, over all k."""
    length = max(len(log), len(fit))
    shares = [
        np.cumsum(np.pad(np.sort(counts)[::-1], (0, length - len(counts)))) / counts.sum()
        for counts in (log, fit)
    ]
    return float(np.abs(shares[0] - shares[1]).max())
