"""The locustfile of `tidegauge run` and `tidegauge worker`: open arrivals in each of Locust's processes.

Locust gives processes, their master/worker protocol and life cycle; its user count never carries the
rate. The run folder and the role come by environment variable, and so do the files of Python flows.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

import gevent
import locust  # first: it patches the standard library for gevent
from locust import User, events, task
from locust.runners import MasterRunner, WorkerRunner

from tidegauge.engine.dispatcher import Share
from tidegauge.engine.events import RUN_FOLDER, tell
from tidegauge.engine.flow_files import load_flow_files
from tidegauge.engine.generator import Generator, Start
from tidegauge.engine.job import Job, load_job
from tidegauge.engine.live_totals import LiveTotals
from tidegauge.engine.master import LEAD_S, MasterPart
from tidegauge.engine.priority import go_first
from tidegauge.engine.role import Role, own_role
from tidegauge.engine.worker import WorkerPart
from tidegauge.store import RunFolder

OPEN_FILES_MAX = 65536
FOR_EVER_S = 31 * 86400
LIVE_S = 1.0
MASTER_SILENCE_MAX_S = 15  # then a worker stops by itself: nobody else could stop its traffic
STOP_SIGNAL = signal.SIGUSR1  # from the CLI: no further arrivals


class LocalPart:
    """The only process of a run."""

    def __init__(self, environment: Any, role: Role, folder: RunFolder, job: Job) -> None:
        self._job = job
        self._live = LiveTotals()
        self.generator = Generator(folder, tell, self._add_live, environment if role.page else None)

    def conduct(self) -> None:
        """The whole run."""
        unix_s = time.time() + LEAD_S
        start = Start(perf_s=time.perf_counter() + unix_s - time.time(), unix_s=unix_s)
        self.generator.run(self._job, start, Share(process=0, count=1))

    def tell_live(self) -> None:
        """Tells the CLI of the run so far."""
        tell("live", **self._live.line(time.monotonic()))

    def stop(self) -> None:
        """No further arrivals."""
        self.generator.stop()

    def close(self) -> None:
        """Stores what was measured."""
        self.generator.close()

    def _add_live(self, document: dict[str, Any]) -> None:
        self._live.add(document, time.monotonic())


class ArrivalUser(User):  # type: ignore[misc]  # locust is untyped
    """Stands for a generator process in Locust's count; it sends nothing itself."""

    @task  # type: ignore[untyped-decorator]
    def wait_for_ever(self) -> None:
        """Until the runner ends it."""
        gevent.sleep(FOR_EVER_S)


def _raise_open_files() -> None:
    """Raises the soft limit: every session has a socket of its own."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


_raise_open_files()
go_first()
signal.signal(STOP_SIGNAL, signal.SIG_IGN)  # a signal that comes too early must not kill
load_flow_files(os.environ)
FOLDER, ROLE = RunFolder(Path(os.environ[RUN_FOLDER])), own_role()
JOB = None if ROLE.joins else load_job(FOLDER)  # before Locust forks: the processes share its memory
_parts: list[Any] = []  # the part of this process, once Locust is ready


@events.init.add_listener  # type: ignore[untyped-decorator]
def _begin(environment: Any, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        locust.runners.MASTER_HEARTBEAT_TIMEOUT = MASTER_SILENCE_MAX_S
        _parts.append(worker := WorkerPart(runner, ROLE, FOLDER, JOB))
        if ROLE.joins:  # its own CLI may stop it; to other workers the master passes the stop on
            gevent.signal_handler(STOP_SIGNAL, worker.stop)
        return
    assert JOB is not None
    part = (
        MasterPart(runner, ROLE, JOB)
        if isinstance(runner, MasterRunner)
        else LocalPart(environment, ROLE, FOLDER, JOB)
    )
    _parts.append(part)
    gevent.signal_handler(STOP_SIGNAL, part.stop)


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _conduct(environment: Any, **_: Any) -> None:
    """Locust's own start, which comes again when its page or a lost worker makes it count again."""
    for part in _parts:
        if not isinstance(part, WorkerPart) and not hasattr(environment, "tidegauge_begun"):
            environment.tidegauge_begun = True
            gevent.spawn(_carry_out, environment, part)


def _carry_out(environment: Any, part: Any) -> None:
    live = gevent.spawn(_tell_live, part)
    try:
        part.conduct()
    finally:
        environment.tidegauge_over = True
        live.kill()
        environment.runner.quit()
        if environment.web_ui is not None:
            environment.web_ui.stop()


def _tell_live(part: Any) -> None:
    while True:
        gevent.sleep(LIVE_S)
        part.tell_live()


@events.test_stopping.add_listener  # type: ignore[untyped-decorator]
def _stop_asked(environment: Any, **_: Any) -> None:
    """The button of Locust's page: the CLI then does as on Ctrl-C."""
    by_us = isinstance(environment.runner, WorkerRunner) or hasattr(environment, "tidegauge_over")
    if ROLE.page and not by_us:
        tell("stop_asked")


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _close(environment: Any, **_: Any) -> None:
    environment.process_exit_code = 0
    for part in _parts:
        part.close()
