"""What a generator process is told to do: the run folder's plan, stack and assets."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegauge.catalogue import Asset, read_catalogue
from tidegauge.engine.answer import Limits
from tidegauge.engine.clock import RunClock
from tidegauge.engine.flows import RunnableFlow
from tidegauge.engine.http_client import AddressBook, ConnectionPool, tls_context
from tidegauge.engine.replay import replay_flow
from tidegauge.engine.session import SampleSink, World
from tidegauge.engine.targets import Targets
from tidegauge.plan import Plan
from tidegauge.stack import Stack
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import Schedule, make_schedule, popularity_weights


class _Numbers(Sequence[Asset]):
    """Assets of a stack without a catalogue; made when drawn, as there may be millions."""

    def __init__(self, count: int) -> None:
        self._ranks = range(count)

    def __len__(self) -> int:
        return len(self._ranks)

    def __getitem__(self, rank: Any) -> Any:
        number = self._ranks[rank]
        return Asset(rank=number, asset_id=str(number), short_code=str(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run as its generator sees it."""

    run_id: str
    plan: Plan
    stack: Stack
    assets: Sequence[Asset]
    schedule: Schedule
    replay: RunnableFlow | None = None  # sends the lines of a trace


def load_job(folder: RunFolder) -> Job:
    """The job in `folder`'s run.json."""
    run = folder.read_run()
    plan, stack = run.plan, run.stack
    assets = read_assets(Path(run.catalogue) if run.catalogue else None, run.assets)
    sessions = folder.read_trace()
    return Job(
        run_id=run.run_id,
        plan=plan,
        stack=stack,
        assets=assets,
        schedule=make_schedule(plan, len(assets), sessions),
        replay=None if sessions is None else replay_flow(plan, sessions, stack, os.environ, time.time()),
    )


def read_assets(catalogue: Path | None, count: int) -> Sequence[Asset]:
    """The first `count` rows of the catalogue; without one, plain numbers from 0."""
    if catalogue is None:
        return _Numbers(count)
    return list(read_catalogue(catalogue, count))


def make_world(
    *,
    run_id: str,
    plan: Plan,
    stack: Stack,
    assets: Sequence[Asset],
    clock: RunClock,
    sink: SampleSink,
    process: int,
    on_exhausted: Callable[[str], None],
) -> World:
    """What the sessions of one process share."""
    addresses, tls = AddressBook(), tls_context()

    def new_pool() -> ConnectionPool:
        return ConnectionPool(addresses, tls)

    weights = popularity_weights(plan.popularity, len(assets)) if assets else ()
    return World(
        stack=stack,
        targets=Targets(stack, run_id),
        clock=clock,
        sink=sink,
        process=process,
        seed=plan.seed,
        assets=assets,
        asset_cumulative=list(itertools.accumulate(float(weight) for weight in weights)),
        limits=Limits(
            timeout_s=plan.timeout_s,
            connect_timeout_s=plan.connect_timeout_s,
            read_timeout_s=plan.read_timeout_s,
            max_body_bytes=plan.max_body_bytes,
        ),
        new_pool=new_pool,
        pooled=new_pool() if plan.connections == "pooled" else None,
        on_exhausted=on_exhausted,
    )
