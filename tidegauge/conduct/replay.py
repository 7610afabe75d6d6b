"""A plan's trace, read and worked out before the run: what will be sent, and what cannot be."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from tidegauge.catalogue import Asset, read_catalogue
from tidegauge.collect.logs.requests import LogRead, read_logs
from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan, check_warmup
from tidegauge.replay import REPLAY_FLOW, Replay
from tidegauge.run_record import ReplayedLogs
from tidegauge.shapes import Trace
from tidegauge.signing import load_signer
from tidegauge.stack import Stack
from tidegauge.workload.replay.requests import StackFacts
from tidegauge.workload.replay.trace import Replayed, Surroundings, make_replay
from tidegauge.workload.schedule import popularity_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedTrace:
    """A trace as the run sends it."""

    plan: Plan  # with the trace's figures
    sessions: pd.DataFrame
    endpoints: tuple[tuple[str, str], ...]  # (flow, endpoint) of the replayed lines, most frequent first
    logs: ReplayedLogs
    notes: tuple[str, ...]  # for the report


def resolve(
    plan: Plan,
    trace: Trace,
    folder: Path,
    stack: Stack,
    catalogue: Path | None,
    assets: int,
    first_endpoints: Mapping[str, str],
) -> ResolvedTrace:
    """Reads the logs (relative to `folder`, the plan's) and maps every line to the stack under test.

    `assets` is how many rows of the catalogue, or numbers, a mapped flow may draw from.
    """
    replay = plan.replay or Replay()
    log = read_logs([folder / path for path in trace.paths], trace.bad_share_max)
    drawing = assets if replay.flows else 0
    around = Surroundings(
        replay=replay,
        seed=plan.seed,
        stack=StackFacts(has_cdn=stack.cdn_url is not None, unsigned_because=_unsigned_because(stack)),
        catalogue=_assets(catalogue, assets) if replay.paths == "assets" else (),
        asset_weights=popularity_weights(plan.popularity, drawing) if drawing else np.empty(0),
        first_endpoints=first_endpoints,
    )
    replayed = make_replay(log.records, trace, around)
    phase = dataclasses.replace(trace, found=replayed.figures)
    resolved = dataclasses.replace(plan, arrivals=(phase,))
    check_warmup(resolved, "the plan's trace")
    own = replayed.sessions.loc[replayed.sessions["flow"] == REPLAY_FLOW, "endpoint"]
    logs = _logs(log, replayed, trace)
    return ResolvedTrace(
        plan=resolved,
        sessions=replayed.sessions,
        endpoints=tuple((REPLAY_FLOW, str(endpoint)) for endpoint in own.value_counts().index),
        logs=logs,
        notes=tuple(_notes(logs)),
    )


def _logs(log: LogRead, replayed: Replayed, trace: Trace) -> ReplayedLogs:
    return ReplayedLogs(
        formats=tuple(log.formats),
        files=log.files,
        lines=log.lines,
        bad_lines=log.bad,
        bad_examples=tuple(f"{source}: {why}" for source, why in log.bad_examples),
        without_request=log.without_request,
        records=len(log.records),
        outside_window=replayed.outside_window,
        filtered=replayed.filtered,
        replayed=replayed.figures.sessions,
        not_replayable=replayed.not_replayable,
        speed=trace.speed,
        log_start=datetime.fromtimestamp(replayed.log_start_s, UTC).isoformat(),
        log_span_s=replayed.figures.duration_s * trace.speed,
        peak_rate_per_s=replayed.figures.peak_rate_per_s,
    )


def _notes(logs: ReplayedLogs) -> list[str]:
    notes = [
        f"Replay of {logs.replayed:,} of {logs.records:,} logged requests from "
        f"{logs.log_start} on, at {logs.speed:g} times their speed."
    ]
    if logs.bad_lines:
        notes.append(
            f"{logs.bad_lines:,} of {logs.lines:,} lines of the logs could not be read "
            f"(the first: {logs.bad_examples[0]})."
        )
    skipped = logs.not_replayable
    if skipped:
        reasons = "; ".join(f"{count:,} x {reason}" for reason, count in skipped.items())
        notes.append(f"Not replayable: {reasons}.")
    return notes


def _unsigned_because(stack: Stack) -> str | None:
    """Why no URL can be signed anew; None when one can."""
    if stack.signing is None:
        return "the stack file has no [signing]"
    try:
        load_signer(stack.signing, os.environ)
    except TidegaugeError as error:
        return error.message
    return None


def _assets(catalogue: Path | None, assets: int) -> Sequence[Asset]:
    """The first rows of the catalogue (exit 2 without one)."""
    if catalogue is None:
        raise TidegaugeError(
            'replay.paths is "assets", and the stack file names no catalogue',
            "make one: tidegauge catalogue create --stack FILE --assets 200",
        )
    return list(read_catalogue(catalogue, assets))
