"""The locustfile of `tidegauge run`: one Locust user a process, which dispatches open arrivals.

Locust gives processes, their master/worker protocol and life cycle; its user count never carries the
rate. The run folder comes by environment variable, the scenarios by further `-f` files.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from pathlib import Path
from typing import Any

import gevent
import locust  # noqa: F401  # first: it patches the standard library for gevent
from gevent.event import AsyncResult, Event
from locust import User, events, task
from locust.runners import MasterRunner, WorkerRunner

from tidegauge.engine.clock import RunClock
from tidegauge.engine.dispatcher import Dispatcher, Share
from tidegauge.engine.events import RUN_FOLDER, tell
from tidegauge.engine.flows import REGISTRY, declared_flow
from tidegauge.engine.health import watch
from tidegauge.engine.job import load_job, make_world
from tidegauge.engine.recorder import Recorder
from tidegauge.store import RunFolder

LEAD_S = 0.7  # between the order to start and second 0, so that every process is ready by then
PROGRESS_S = 0.5
OPEN_FILES_MAX = 65536
FOR_EVER_S = 31 * 86400
ORDER, DONE = "tidegauge_order", "tidegauge_done"


class Generator:
    """This process' share of the run, from order to the last row."""

    def __init__(self, folder: Path) -> None:
        self._folder = RunFolder(folder)
        self._job = load_job(self._folder)
        self._recorder: Recorder | None = None
        self._dispatcher: Dispatcher | None = None
        self._watcher: Any = None
        self._process = 0
        self._told: set[str] = set()  # causes, once each
        self._closed = Event()
        self._closed.set()  # nothing to store yet

    def run(self, start_unix_s: float, share: Share) -> None:
        """Sends the share's sessions; returns after the drain."""
        self._process = share.process
        clock = RunClock(time.perf_counter() + start_unix_s - time.time())
        self._recorder = Recorder(self._folder.path, share.process, self._storage_failed)
        world = make_world(
            plan=self._job.plan,
            stack=self._job.stack,
            assets=self._job.assets,
            clock=clock,
            sink=self._recorder,
            process=share.process,
            on_exhausted=lambda cause: self._fatal(cause, "a generator process ran out of a resource"),
        )
        flows = {**REGISTRY, **{flow.name: declared_flow(flow) for flow in self._job.plan.flow}}
        self._dispatcher = Dispatcher(
            self._job, share, flows, world, self._recorder, lambda text: self._fatal("broken_flow", text)
        )
        dispatcher = self._dispatcher
        self._watcher = gevent.spawn(
            watch, clock, self._recorder, share.process, lambda: dispatcher.in_flight
        )
        tell("started", process=share.process, start_unix_s=start_unix_s)
        progress = gevent.spawn(self._tell_progress, clock)
        try:
            dispatcher.run()
        finally:
            progress.kill()
        self.close()

    def close(self) -> None:
        """Stores what was measured; returns when that is done, whoever began it."""
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
        tell("finished", process=self._process)
        self._closed.set()

    def _tell_progress(self, clock: RunClock) -> None:
        assert self._dispatcher is not None
        state = self._dispatcher
        while True:
            tell(
                "progress",
                process=self._process,
                t_s=round(clock.now(), 2),
                sent=state.sent,
                unsent=state.unsent,
                in_flight=state.in_flight,
            )
            gevent.sleep(PROGRESS_S)

    def _storage_failed(self, reason: str) -> None:
        self._fatal("disk_full" if reason.startswith("disk full") else "writer_failed", reason)
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def _fatal(self, cause: str, detail: str) -> None:
        if cause in self._told:
            return
        self._told.add(cause)
        tell("fatal", process=self._process, cause=cause, detail=detail)


class ArrivalUser(User):  # type: ignore[misc]  # locust is untyped
    """The one user of each process."""

    @task  # type: ignore[untyped-decorator]
    def dispatch(self) -> None:
        runner = self.environment.runner
        if isinstance(runner, WorkerRunner):
            order = _order.get()
            GENERATOR.run(order["start_unix_s"], Share(process=runner.worker_index, count=order["count"]))
            runner.send_message(DONE, {"process": runner.worker_index})
        else:
            GENERATOR.run(time.time() + LEAD_S, Share(process=0, count=1))
            gevent.spawn(runner.quit)
        gevent.sleep(FOR_EVER_S)  # the runner ends this user, once all shares are done


def _raise_open_files() -> None:
    """A socket a session: the soft limit is for programs that know no better."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _go_first() -> None:
    """A higher priority where the system grants it: a generator kept waiting sends late."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)


_raise_open_files()
_go_first()
GENERATOR = Generator(Path(os.environ[RUN_FOLDER]))
_order: AsyncResult = AsyncResult()
_done: set[str] = set()


@events.init.add_listener  # type: ignore[untyped-decorator]
def _register(environment: Any, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(ORDER, lambda msg, **_kw: _order.set(msg.data))
    elif isinstance(runner, MasterRunner):
        runner.register_message(DONE, lambda msg, **_kw: _done.add(msg.node_id))


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _order_all(environment: Any, **_: Any) -> None:
    if isinstance(environment.runner, MasterRunner):
        gevent.spawn(_conduct, environment.runner)


def _conduct(runner: Any) -> None:
    """The master's part: second 0 for all, then the end when no share is still under way."""
    clients = set(runner.clients)
    runner.send_message(ORDER, {"start_unix_s": time.time() + LEAD_S, "count": len(clients)})
    while True:
        gevent.sleep(0.2)
        tell("conducting")
        alive = {client.id for client in runner.clients.values() if client.state != "missing"}
        if not (clients & alive) - _done:
            runner.quit()
            return


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _close(environment: Any, **_: Any) -> None:
    environment.process_exit_code = 0
    GENERATOR.close()
