"""Requests to sessions: the clients' own, and visits, the sessions of a plan.

A session of a plan draws one asset, so a client's session is cut into visits: one asset each, no request
twice. Rare kinds of visits are taken apart into single requests, so that the plan keeps every endpoint's
share of the requests.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegauge.workload.fit.requests import NOTHING, SHORT_CODE, Requests

SESSION_GAP_S = 1800.0  # a longer silence ends a client's session, as in web analytics
VISIT_GAP_S = 60.0
STEPS_MAX = 12  # longer visits are cut
KINDS_MAX = 12  # kinds of visits with more than one step
KIND_SHARE_MIN = 0.01  # share of visits that a kind must have

Kind = tuple[int, ...]  # its endpoints, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSessions:
    """What the clients' sessions are like."""

    requests: NDArray[np.int64]  # how many each session has
    gaps_s: NDArray[np.float64]  # from one request of a session to the next, start to start
    quantum_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Parallel arrays, an entry a visit, in order of time."""

    t_s: NDArray[np.float64]
    quantum_s: NDArray[np.float64]
    kind: NDArray[np.int64]  # index of `kinds`
    asset: NDArray[np.int64]  # its number, or NOTHING
    by_link: NDArray[np.bool_]  # whether the asset is only known by a short code
    kinds: tuple[Kind, ...]
    think_time_s: tuple[tuple[float, ...], ...]  # the median before each step of each kind

    def __len__(self) -> int:
        return len(self.t_s)


def client_sessions(requests: Requests) -> ClientSessions:
    """The clients' sessions, ended by SESSION_GAP_S of silence."""
    starts = _session_starts(requests, SESSION_GAP_S)
    sizes = np.diff(np.append(np.flatnonzero(starts), len(requests)))
    gaps_s = np.diff(requests.t_s)[~starts[1:]]
    return ClientSessions(
        requests=sizes.astype(np.int64), gaps_s=gaps_s, quantum_s=float(requests.quantum_s.max())
    )


def visits(requests: Requests) -> Visits:
    """The visits, rare kinds taken apart."""
    cut = _cut(requests)
    kinds = [tuple(requests.endpoint[begin:end].tolist()) for begin, end in cut]
    common = Counter(kind for kind in kinds if len(kind) > 1).most_common(KINDS_MAX)
    kept = {kind for kind, times in common if times >= KIND_SHARE_MIN * len(kinds)}
    parts: list[tuple[int, int]] = []
    for (begin, end), kind in zip(cut, kinds, strict=True):
        parts += [(begin, end)] if kind in kept else [(at, at + 1) for at in range(begin, end)]
    numbers: dict[Kind, int] = {}
    pauses_s: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    kind_of = np.empty(len(parts), dtype=np.int64)
    for index, (begin, end) in enumerate(parts):
        number = numbers.setdefault(tuple(requests.endpoint[begin:end].tolist()), len(numbers))
        kind_of[index] = number
        if end - begin > 1:
            pauses_s[number].append(_pauses_s(requests, begin, end))
    drawn = [_drawn(requests, begin, end) for begin, end in parts]
    begins = np.array([begin for begin, _ in parts], dtype=np.int64)
    order = np.argsort(requests.t_s[begins], kind="stable")
    return Visits(
        t_s=requests.t_s[begins][order],
        quantum_s=requests.quantum_s[begins][order],
        kind=kind_of[order],
        asset=np.array([asset for asset, _ in drawn], dtype=np.int64)[order],
        by_link=np.array([by_link for _, by_link in drawn], dtype=np.bool_)[order],
        kinds=tuple(numbers),
        think_time_s=tuple(_think_times_s(kind, pauses_s[number]) for kind, number in numbers.items()),
    )


def _session_starts(requests: Requests, gap_s: float) -> NDArray[np.bool_]:
    """Whether each request is the first of a session."""
    starts = np.ones(len(requests), dtype=np.bool_)
    starts[1:] = (np.diff(requests.client) != 0) | (np.diff(requests.t_s) > gap_s)
    return starts


def _cut(requests: Requests) -> list[tuple[int, int]]:
    """Where visits begin and end."""
    starts = _session_starts(requests, VISIT_GAP_S).tolist()
    short = [SHORT_CODE in endpoint.template for endpoint in requests.endpoints]
    rows = list(zip(requests.endpoint.tolist(), requests.asset.tolist(), strict=True))
    found: list[tuple[int, int]] = []
    begin, seen, named = 0, set[int](), dict[bool, int]()  # assets that the visit named, by kind of name
    for index, (endpoint, asset) in enumerate(rows):
        other = asset != NOTHING and named.get(short[endpoint], asset) != asset
        if index and (starts[index] or other or endpoint in seen or len(seen) == STEPS_MAX):
            found.append((begin, index))
            begin, seen, named = index, set(), {}
        seen.add(endpoint)
        if asset != NOTHING:
            named[short[endpoint]] = asset
    if rows:
        found.append((begin, len(rows)))
    return found


def _drawn(requests: Requests, begin: int, end: int) -> tuple[int, bool]:
    """The asset of a visit, and whether only a link to it was asked for."""
    link = NOTHING
    for index in range(begin, end):
        asset = int(requests.asset[index])
        if asset == NOTHING:
            continue
        if SHORT_CODE not in requests.endpoints[requests.endpoint[index]].template:
            return asset, False
        link = asset
    return link, link != NOTHING


def _pauses_s(requests: Requests, begin: int, end: int) -> NDArray[np.float64]:
    """Seconds from the end of each request to the start of the next."""
    taken_s = np.nan_to_num(requests.taken_s[begin : end - 1])
    pauses: NDArray[np.float64] = np.maximum(np.diff(requests.t_s[begin:end]) - taken_s, 0.0)
    return pauses


def _think_times_s(kind: Kind, pauses_s: list[NDArray[np.float64]]) -> tuple[float, ...]:
    if len(kind) == 1:
        return (0.0,)
    return (0.0, *(round(float(pause), 3) for pause in np.median(np.array(pauses_s), axis=0)))
