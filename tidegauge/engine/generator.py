"""One process' share of the run, from the order to the last row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gevent
import numpy as np
from gevent.event import Event

from tidegauge.engine.clock import RunClock
from tidegauge.engine.dispatcher import Dispatcher, Share
from tidegauge.engine.flows import REGISTRY, declared_flow
from tidegauge.engine.health import Watch
from tidegauge.engine.job import Job, make_world
from tidegauge.engine.locust_statistics import StatisticsSink
from tidegauge.engine.recorder import Recorder
from tidegauge.store import RunFolder

PROGRESS_S = 0.5


class Report(Protocol):
    """Tells the CLI of an event, on this machine or another."""

    def __call__(self, event: str, **fields: Any) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Second 0 of the run, on this process' `time.perf_counter` and as the master's Unix time."""

    perf_s: float
    unix_s: float


class Generator:
    """Sends a share of the arrivals and has it recorded."""

    def __init__(
        self,
        folder: RunFolder,
        report: Report,
        on_live: Callable[[dict[str, Any]], None],
        page: Any | None,
    ) -> None:
        """`page` is the Locust environment whose statistics get every sample too, or None."""
        self._folder, self._report, self._on_live, self._page = folder, report, on_live, page
        self._recorder: Recorder | None = None
        self._dispatcher: Dispatcher | None = None
        self._clock: RunClock | None = None
        self._watcher: Any = None
        self._process = 0
        self._stopping = False
        self._told: set[str] = set()  # causes that were reported already
        self._closed = Event()
        self._closed.set()  # nothing to store yet

    def run(self, job: Job, start: Start, share: Share) -> None:
        """Sends the share's sessions; returns after the drain, with all rows stored."""
        self._process = share.process
        self._clock = clock = RunClock(start.perf_s)
        self._recorder = recorder = Recorder(
            self._folder.path, share.process, self._storage_failed, self._on_live
        )
        world = make_world(
            run_id=job.run_id,
            plan=job.plan,
            stack=job.stack,
            assets=job.assets,
            clock=clock,
            sink=recorder if self._page is None else StatisticsSink(self._page, recorder, start.unix_s),
            process=share.process,
            on_exhausted=lambda cause: self._fatal(cause, "a generator process ran out of a resource"),
        )
        flows = {**REGISTRY, **{flow.name: declared_flow(flow) for flow in job.plan.flow}}
        if job.replay is not None:
            flows[job.replay.name] = job.replay
        self._dispatcher = dispatcher = Dispatcher(
            job=job,
            share=share,
            flows=flows,
            world=world,
            recorder=recorder,
            on_broken_flow=lambda text: self._fatal("broken_flow", text),
        )
        watch = Watch(clock, recorder, share.process, lambda: dispatcher.in_flight)
        self._watcher = gevent.spawn(watch.run)
        self._report("started", process=share.process, start_unix_s=start.unix_s)
        progress = gevent.spawn(self._tell_progress_for_ever, job, clock, dispatcher, watch)
        if self._stopping:
            dispatcher.stop()
        try:
            dispatcher.run()
        finally:
            progress.kill()
        self._tell_progress(job, clock, dispatcher, watch)
        self.close()

    def stop(self) -> None:
        """No further arrivals; `run` drains. Tells up to which second every arrival that was due was sent."""
        self._stopping = True
        if self._dispatcher is None or self._clock is None:
            return
        next_due_s = self._dispatcher.next_due_s
        self._dispatcher.stop()
        complete_s = min(self._clock.now(), math.nextafter(next_due_s, 0))
        self._report("stopped", process=self._process, complete_s=complete_s)

    def close(self) -> None:
        """Stores what was measured; returns when that is done, even if another greenlet began it."""
        if self._recorder is None:
            self._closed.wait()
            return
        recorder, self._recorder = self._recorder, None
        self._closed.clear()
        if self._watcher is not None:
            self._watcher.kill()
        if self._dispatcher is not None:
            self._dispatcher.abandon()
        recorder.close()
        self._report("finished", process=self._process)
        self._closed.set()

    def _tell_progress_for_ever(self, *of: Any) -> None:
        while True:
            self._tell_progress(*of)
            gevent.sleep(PROGRESS_S)

    def _tell_progress(self, job: Job, clock: RunClock, state: Dispatcher, watch: Watch) -> None:
        now = clock.now()
        self._report(
            "progress",
            process=self._process,
            t_s=round(now, 2),
            due=int(np.searchsorted(job.schedule.intended_s, now, side="right")),  # over all processes
            sent=state.sent,
            unsent=state.unsent,
            in_flight=state.in_flight,
            cpu_ratio=round(watch.cpu_ratio, 3),
        )

    def _storage_failed(self, reason: str) -> None:
        self._fatal("disk_full" if reason.startswith("disk full") else "writer_failed", reason)
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def _fatal(self, cause: str, detail: str) -> None:
        if cause in self._told:
            return
        self._told.add(cause)
        self._report("fatal", process=self._process, cause=cause, detail=detail)
