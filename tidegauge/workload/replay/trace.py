"""A whole replay, worked out before anything is sent: each session's moment, and what it asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.catalogue import Asset
from tidegauge.errors import TidegaugeError
from tidegauge.replay import REPLAY_FLOW, Replay
from tidegauge.shapes import Trace, TraceFigures
from tidegauge.workload.popularity import draw_ranks
from tidegauge.workload.replay.assets import rank_assets
from tidegauge.workload.replay.endpoints import bounded_names
from tidegauge.workload.replay.lines import select
from tidegauge.workload.replay.requests import FlowStart, Logged, Mapper, NotReplayable, Request, StackFacts
from tidegauge.workload.streams import ASSETS, JITTER, stream

Floats = NDArray[np.float64]

GOOD = (200, 399)
NO_RANK = -1
KEY = ["method", "scheme", "path", "query"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The parts of plan, stack and catalogue that a replay depends on."""

    replay: Replay
    seed: int
    stack: StackFacts
    catalogue: Sequence[Asset]  # empty where paths are kept
    asset_weights: Floats  # by asset, for mapped flows; empty when they draw none
    first_endpoints: Mapping[str, str]  # by mapped flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A trace ready to be sent.

    `sessions`: a row a session, by time. Columns: intended_s, flow, endpoint, method, base, path (with its
    query), status_low, status_high, asset_rank (-1 for none), sign, source.
    """

    sessions: pd.DataFrame
    figures: TraceFigures
    log_start_s: float  # Unix seconds of the first line that was asked for
    outside_window: int
    filtered: int
    not_replayable: dict[str, int]  # lines by reason, most frequent first


def make_replay(records: pd.DataFrame, trace: Trace, around: Surroundings) -> Replayed:
    """What `records` (columns as of read_logs) become; TidegaugeError when nothing is left to send."""
    chosen = select(records, trace)
    if chosen.records.empty:
        raise TidegaugeError(
            f"none of the trace's {len(records)} lines passes its window and filters",
            f"{chosen.outside_window} are outside start and end, {chosen.filtered} were filtered",
        )
    lines = chosen.records.assign(query=chosen.records["query"].fillna(""))
    codes = lines.groupby(KEY, sort=False, dropna=False).ngroup().to_numpy(dtype=np.int64)
    distinct = [Logged(*map(str, row)) for row in lines[KEY].drop_duplicates().itertuples(index=False)]
    counts = np.bincount(codes, minlength=len(distinct))
    fates = _fates(distinct, counts, around)
    reasons = Counter[str]()
    for fate, count in zip(fates, counts, strict=True):
        if isinstance(fate, NotReplayable):
            reasons[fate.reason] += int(count)
    sendable = np.array([not isinstance(fate, NotReplayable) for fate in fates], dtype=np.bool_)[codes]
    not_replayable = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
    if not sendable.any():
        raise TidegaugeError(
            "no line of the trace can be replayed: "
            + "; ".join(f"{count} x {reason}" for reason, count in not_replayable.items())[:600],
            "see [replay] in docs/plan.md",
        )
    columns = _columns(fates, counts, around)
    sessions, figures = _timed(columns.iloc[codes[sendable]], lines, sendable, trace.speed, around)
    return Replayed(
        sessions=sessions,
        figures=figures,
        log_start_s=float(lines["t_s"].min()),
        outside_window=chosen.outside_window,
        filtered=chosen.filtered,
        not_replayable=not_replayable,
    )


def _fates(
    distinct: Sequence[Logged], counts: NDArray[np.int64], around: Surroundings
) -> list[Request | FlowStart | NotReplayable]:
    assets = None
    if around.replay.paths == "assets":
        keeping = Mapper(around.replay, around.stack, None)
        requests: Counter[str] = Counter()
        for logged, count in zip(distinct, counts, strict=True):
            if isinstance(keeping.map(logged), Request):
                requests[logged.path] += int(count)
        assets = rank_assets(requests, around.catalogue)
    mapper = Mapper(around.replay, around.stack, assets)
    return [mapper.map(logged) for logged in distinct]


def _columns(
    fates: Sequence[Request | FlowStart | NotReplayable], counts: NDArray[np.int64], around: Surroundings
) -> pd.DataFrame:
    """A row for each distinct logged request, as sessions have it; dummies where it is not replayable."""
    by_endpoint: Counter[str] = Counter()
    for fate, count in zip(fates, counts, strict=True):
        if isinstance(fate, Request):
            by_endpoint[fate.endpoint] += int(count)
    names = bounded_names(by_endpoint)
    rows: list[tuple[object, ...]] = []
    for fate in fates:
        match fate:
            case Request():
                rank = NO_RANK if fate.asset_rank is None else fate.asset_rank
                rows.append(
                    (REPLAY_FLOW, names[fate.endpoint], fate.method, fate.base, fate.path, rank, fate.sign)
                )
            case FlowStart():
                rows.append((fate.flow, around.first_endpoints[fate.flow], "", "", "", NO_RANK, False))
            case _:
                rows.append(("", "", "", "", "", NO_RANK, False))
    return pd.DataFrame(rows, columns=["flow", "endpoint", "method", "base", "path", "asset_rank", "sign"])


def _timed(
    sessions: pd.DataFrame,
    lines: pd.DataFrame,
    sendable: NDArray[np.bool_],
    speed: float,
    around: Surroundings,
) -> tuple[pd.DataFrame, TraceFigures]:
    """The sessions of the `sendable` lines with moments, expected statuses and drawn assets, by time."""
    t_s, quantum_s = (lines[name].to_numpy(dtype=np.float64) for name in ("t_s", "quantum_s"))
    log_start_s = float(t_s.min())
    duration_s = float((t_s + quantum_s).max() - log_start_s) / speed
    sent = lines.loc[sendable]
    intended_s = intended_times_s(t_s[sendable] - log_start_s, quantum_s[sendable], speed, around.seed)
    status_low, status_high = _good_statuses(sent["status"].to_numpy(dtype=np.int64), around.replay)
    sessions = sessions.reset_index(drop=True).assign(
        intended_s=np.minimum(intended_s, duration_s),
        status_low=status_low,
        status_high=status_high,
        source=sent["source"].to_numpy(),
    )
    sessions = sessions.iloc[np.argsort(intended_s, kind="stable")].reset_index(drop=True)
    drawing = (sessions["flow"] != REPLAY_FLOW).to_numpy()
    if len(around.asset_weights) and drawing.any():
        drawn = draw_ranks(around.asset_weights, int(drawing.sum()), stream(around.seed, ASSETS))
        sessions.loc[drawing, "asset_rank"] = drawn
    busiest = int(np.bincount(sessions["intended_s"].to_numpy().astype(np.int64)).max())
    return sessions, TraceFigures(
        sessions=len(sessions), duration_s=duration_s, peak_rate_per_s=float(busiest)
    )


def intended_times_s(t_s: Floats, quantum_s: Floats, speed: float, seed: int) -> Floats:
    """Seconds from the start for lines logged at `t_s`, each anywhere within its clock's last tick.

    A clock that counts whole seconds says 0 for anything from 0 to 1: drawn evenly from that, so that no
    second begins with a burst that was never there. Lines of one tick keep their order: the draws are dealt
    out to them in ascending order. Never 0 itself, which lies before a run's window.
    """
    jitter = quantum_s * (1 - stream(seed, JITTER).random(len(t_s)))
    times: Floats = np.empty(len(t_s))
    times[np.lexsort((quantum_s, t_s))] = (t_s + jitter)[np.lexsort((jitter, quantum_s, t_s))]
    return times / speed


def _good_statuses(logged: NDArray[np.int64], replay: Replay) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last status that is as it should be, for lines with these logged ones.

    A logged 304 was the answer to a condition that the log does not hold: with 2xx and 3xx it is one class.
    """
    low, high = np.full(len(logged), GOOD[0]), np.full(len(logged), GOOD[1])
    if replay.expect == "logged":
        failed = logged >= 400
        low = np.where(failed, logged // 100 * 100, low)
        high = np.where(failed, logged // 100 * 100 + 99, high)
    return low, high
