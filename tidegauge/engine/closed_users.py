"""Flows as plain Locust users (`locust -f locustfiles/view.py -H URL`): closed, with think times.

The rate then follows the stack: a slow stack is asked less. `tidegauge run` is the open counterpart.
Requests still under way when Locust ends its users are stored with cause `cut`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
import time
from pathlib import Path
from typing import Any, ClassVar

import gevent
import locust  # noqa: F401  # first: it patches the standard library for gevent
from locust import User, events, task

from tidegauge.engine.clock import RunClock
from tidegauge.engine.flows import REGISTRY
from tidegauge.engine.job import make_world, read_assets
from tidegauge.engine.locust_statistics import StatisticsSink
from tidegauge.engine.recorder import Recorder
from tidegauge.engine.session import Session, StepFailed, World
from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan
from tidegauge.shapes import Constant
from tidegauge.stack import Stack, check_url, load_stack, relative_to
from tidegauge.workload.streams import user_seed

WRITTEN = ("samples",)  # what other processes of the same test may have put there
COUNT_ALL = 10**9  # rows to read of a catalogue: all it has
PAUSE_S = (1.0, 5.0)  # between two sessions of a user


class Closed:
    """What the users of this process share; made at the start of a test."""

    def __init__(self, environment: Any) -> None:
        options = environment.parsed_options
        stack_file = getattr(options, "stack", None)
        self.stack = load_stack(Path(stack_file)) if stack_file else _stack_of_host(environment.host)
        self._seed = int(getattr(options, "seed", 1))
        assets = read_assets(_catalogue(self.stack, stack_file), COUNT_ALL if self.stack.catalogue else 1)
        plan = Plan(arrivals=(Constant(shape="constant", rate_per_s=0, duration_s=1),), seed=self._seed)
        clock = RunClock(time.perf_counter())
        self._process = process = getattr(environment.runner, "worker_index", 0)
        folder = _folder(Path(options.samples_dir or _default_name(environment)), process)
        self.recorder = Recorder(folder, process, lambda reason: _stop(environment, reason))
        self.world: World = make_world(
            run_id=folder.name,
            plan=plan,
            stack=self.stack,
            assets=assets,
            clock=clock,
            sink=StatisticsSink(environment, self.recorder, time.time()),
            process=process,
            on_exhausted=lambda reason: _stop(environment, reason),
        )
        self.numbers = itertools.count(process, 1000)
        self._users = itertools.count()

    def new_user_rng(self) -> random.Random:
        """The random generator of one more user: no other user draws from its stream, in any process."""
        return random.Random(user_seed(self._seed, self._process, next(self._users)))


class SessionUser(User):  # type: ignore[misc]  # locust is untyped
    """A user that runs one session of `flow_name` after another, all drawn from its own stream."""

    abstract = True
    flow_name: ClassVar[str]
    _rng: random.Random

    def on_start(self) -> None:
        """Called by Locust before the first session."""
        self._rng = self.environment.tidegauge.new_user_rng()

    def wait_time(self) -> float:
        """Seconds until the next session."""
        return self._rng.uniform(*PAUSE_S)

    @task  # type: ignore[untyped-decorator]
    def visit(self) -> None:
        shared: Closed = self.environment.tidegauge
        session = Session(
            shared.world,
            index=next(shared.numbers),
            flow=self.flow_name,
            intended_s=shared.world.clock.now(),
            asset=None,
            rng=self._rng,
        )
        session.asset = session.draw_asset()
        try:
            REGISTRY[self.flow_name].run(session)
        except StepFailed:
            pass  # the failure is in its sample, and in Locust's statistics
        finally:
            session.close()


def _stack_of_host(host: str | None) -> Stack:
    if not host:
        raise TidegaugeError(
            "no stack", "give --stack FILE (or TIDEGAUGE_STACK), or -H URL for a single host"
        )
    check_url(host, "-H")
    return Stack(name=host, api_url=host, allowed_hosts=(host.split("://", 1)[1].strip("/"),))


def _catalogue(stack: Stack, stack_file: str | None) -> Path | None:
    return relative_to(Path(stack_file), stack.catalogue) if stack_file and stack.catalogue else None


def _folder(path: Path, process: int) -> Path:
    """`path` for this process' samples; others of the same test may write theirs there too."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TidegaugeError(f"{path} cannot be written: {error.strerror}", "name another folder") from None
    foreign = any(entry.name not in WRITTEN for entry in path.iterdir())
    if foreign or any(path.glob(f"samples/{process}-*")):
        raise TidegaugeError(f"folder {path} is not empty", "name a new folder with --samples-dir")
    return path


def _default_name(environment: Any) -> str:
    stamp = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"
    worker = getattr(environment.runner, "worker_index", None)
    return f"runs/locust-{stamp}-{os.getpid()}" + (f"-{worker}" if worker is not None else "")


def _stop(environment: Any, reason: str) -> None:
    print(f"tidegauge: {reason}", flush=True)  # noqa: T201  # Locust's console is all there is here
    environment.process_exit_code = 12
    gevent.spawn(environment.runner.quit)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _options(parser: Any) -> None:
    group = parser.add_argument_group("Tidegauge")
    group.add_argument("--stack", env_var="TIDEGAUGE_STACK", default="", help="Stack descriptor (TOML)")
    group.add_argument("--seed", env_var="TIDEGAUGE_SEED", type=int, default=1, help="Seed of all draws")
    group.add_argument(
        "--samples-dir", env_var="TIDEGAUGE_SAMPLES", default="", help="Folder for the samples; empty or new"
    )


@events.init.add_listener  # type: ignore[untyped-decorator]
def _look_at_the_clock(**_: Any) -> None:
    """Loading took seconds that the event loop has not noticed: without this `-t 2s` would end at once."""
    gevent.get_hub().loop.update_now()


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _start(environment: Any, **_: Any) -> None:
    if os.environ.get("TIDEGAUGE_RUN") or type(environment.runner).__name__ == "MasterRunner":
        return
    try:
        environment.tidegauge = Closed(environment)
    except TidegaugeError as error:
        print(f"error: {error.message}\nhint: {error.hint}", flush=True)  # noqa: T201  # as above
        environment.process_exit_code = int(error.exit_code)
        os._exit(int(error.exit_code))


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _close(environment: Any, **_: Any) -> None:
    shared = getattr(environment, "tidegauge", None)
    if shared is not None:
        environment.runner.stop()  # before Locust does, so that what its users have under way is stored
        shared.recorder.close()
