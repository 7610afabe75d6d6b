"""Sends the sessions of a schedule, whatever the stack does."""

from __future__ import annotations

import gc
import random
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import gevent
from gevent.pool import Group

from tidegauge.engine.clock import RunClock
from tidegauge.engine.flows import RunnableFlow
from tidegauge.engine.job import Job
from tidegauge.engine.recorder import Recorder
from tidegauge.engine.session import DrainCut, Session, StepFailed, World
from tidegauge.records import Outcome
from tidegauge.workload.schedule import session_seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """This process' part of the arrivals: those with i mod `count` equal to `process`."""

    process: int
    count: int

    def of(self, in_flight_max: int) -> int:
        """How many of the run's sessions may be under way here; the processes' parts sum to the plan's.

        With fewer than one each, each has one: a process without any could send nothing.
        """
        each, left = divmod(in_flight_max, self.count)
        return max(each + (self.process < left), 1)


class Dispatcher:
    """Open arrivals of one process. Counters are for progress; results come from the rows."""

    def __init__(
        self,
        job: Job,
        share: Share,
        flows: Mapping[str, RunnableFlow],
        world: World,
        recorder: Recorder,
        on_broken_flow: Callable[[str], None],
    ) -> None:
        self._job, self._share, self._world, self._recorder = job, share, world, recorder
        self._flows = [flows[name] for name in job.schedule.flows]
        self._on_broken_flow = on_broken_flow
        self._cap = share.of(job.plan.in_flight_max)
        self._sessions = Group()
        self.sent = self.unsent = 0
        self.stopping = False

    @property
    def in_flight(self) -> int:
        return len(self._sessions)

    def run(self) -> None:
        """All arrivals, then the drain; returns when every session has ended or was cut."""
        gc.collect()
        gc.freeze()  # what is loaded by now stays: a collection need not walk it during the run
        clock = self._world.clock
        intended = self._job.schedule.intended_s
        for index in range(self._share.process, len(intended), self._share.count):
            clock.wait_until(float(intended[index]))
            if self.stopping:
                return
            self._arrive(index)
        last_s = float(intended[-1]) if len(intended) else 0.0
        self._drain(clock, last_s + self._job.plan.drain_s)

    def abandon(self) -> None:
        """Ends at once; requests under way are not recorded, as their outcome is not known."""
        self.stopping = True
        self._sessions.kill()

    def _arrive(self, index: int) -> None:
        if len(self._sessions) >= self._cap:
            self.unsent += 1
            self._recorder.add_outcome(Outcome(index, self._share.process, False, "in_flight_cap"))
            return
        self.sent += 1
        self._recorder.add_outcome(Outcome(index, self._share.process, True, None))
        self._sessions.spawn(self._run_session, index)

    def _run_session(self, index: int) -> None:
        schedule, job = self._job.schedule, self._job
        flow = self._flows[int(schedule.flow_index[index])]
        session = Session(
            self._world,
            index=index,
            flow=flow.name,
            intended_s=float(schedule.intended_s[index]),
            asset=job.assets[int(schedule.asset_rank[index])] if job.assets else None,
            rng=random.Random(session_seed(job.plan.seed, index)),
        )
        try:
            flow.run(session)
        except (StepFailed, DrainCut, gevent.GreenletExit):
            pass  # the failure is in its sample
        except Exception:  # a bug in a scenario must show as one, not as a quiet run
            self._on_broken_flow(f"flow '{flow.name}': {traceback.format_exc(limit=-3)}")
        finally:
            session.close()

    def _drain(self, clock: RunClock, deadline_s: float) -> None:
        self._sessions.join(timeout=max(deadline_s - clock.now(), 0.001))
        self._sessions.kill(DrainCut)
