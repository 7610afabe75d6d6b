"""Sends the sessions of a schedule, whatever the stack does."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gevent
from gevent.event import Event
from greenlet import getcurrent, greenlet

from tidegauge.engine.flows import RunnableFlow
from tidegauge.engine.job import Job
from tidegauge.engine.recorder import Recorder
from tidegauge.engine.session import ABANDONED, DRAINED, Session, SessionCut, StepFailed, World
from tidegauge.records import Outcome, SessionEnd

TURN = 32  # arrivals sent at most before the event loop looks at what has come in
# A request leaves no reference cycle behind, so collections find next to nothing. Young ones stay short (half
# a millisecond for 2,000 objects); full ones are rare.
COLLECTIONS = (2000, 50, 100)


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
    """Open arrivals of one process. Counters are for progress; results come from the rows.

    The event loop itself sends what is due: it wakes a worker greenlet that is at rest, or makes one more,
    and goes on when that greenlet first waits.
    """

    def __init__(
        self,
        *,
        job: Job,
        share: Share,
        flows: Mapping[str, RunnableFlow],
        world: World,
        recorder: Recorder,
        on_broken_flow: Callable[[str], None],
    ) -> None:
        self._job, self._share, self._world, self._recorder = job, share, world, recorder
        self._flows = [flows[name] for name in job.schedule.flows]
        # elements of a memoryview are plain numbers: several times quicker to read than an array's
        self._intended_s: Any = job.schedule.intended_s.data
        self._flow_index: Any = job.schedule.flow_index.data
        self._on_broken_flow = on_broken_flow
        self._cap = share.of(job.plan.in_flight_max)
        self._next = share.process  # index of the next arrival
        self._at_rest: list[Any] = []
        self._busy: set[Any] = set()
        self._all_sent, self._empty = Event(), Event()
        self.sent = self.unsent = 0

    @property
    def in_flight(self) -> int:
        """Sessions under way."""
        return len(self._busy)

    @property
    def next_due_s(self) -> float:
        """When the next arrival is to be sent; infinity after the last."""
        return self._intended_s[self._next] if self._next < len(self._intended_s) else float("inf")

    def run(self) -> None:
        """All arrivals, then the drain; returns when every session has ended or was cut."""
        gc.collect()
        gc.freeze()  # collections during the run need not walk what is loaded by now
        gc.set_threshold(*COLLECTIONS)
        clock, intended_s = self._world.clock, self._intended_s
        clock.call_at(intended_s[self._next] if self._next < len(intended_s) else 0.0, self._send_due)
        self._all_sent.wait()
        last_s = intended_s[-1] if len(intended_s) else 0.0
        left_s = min(last_s, clock.now()) + self._job.plan.drain_s - clock.now()
        if self._busy and not self._empty.wait(timeout=max(left_s, 0.001)):
            self._cut(DRAINED)

    def stop(self) -> None:
        """No further arrivals; `run` goes on with the drain."""
        self._next = len(self._job.schedule)
        self._end_arrivals()

    def abandon(self) -> None:
        """Ends at once; what is under way is recorded as cut off at this moment."""
        self.stop()
        self._cut(ABANDONED)

    def _send_due(self) -> None:
        """Called by the event loop when an arrival is due."""
        clock, intended_s, step = self._world.clock, self._intended_s, self._share.count
        now, end = clock.now(), len(intended_s)
        for _ in range(TURN):
            index = self._next
            if index >= end or intended_s[index] > now:
                break
            self._next = index + step
            self._arrive(index)
        if self._next < end:
            clock.call_at(intended_s[self._next], self._send_due)
        else:
            self._end_arrivals()

    def _end_arrivals(self) -> None:
        if not self._busy:
            self._empty.set()
        self._all_sent.set()

    def _arrive(self, index: int) -> None:
        if len(self._busy) >= self._cap:
            self.unsent += 1
            self._recorder.add_outcome(Outcome(index, self._share.process, False, "in_flight_cap"))
            return
        self.sent += 1
        self._recorder.add_sent(index)
        worker = self._at_rest.pop() if self._at_rest else greenlet(self._work, gevent.get_hub())
        self._busy.add(worker)
        worker.switch(index)

    def _work(self, index: int) -> None:
        """A worker greenlet: one session after another, at rest in between."""
        me, hub = getcurrent(), gevent.get_hub()
        while True:
            self._run_session(index)
            self._busy.discard(me)
            self._at_rest.append(me)
            if not self._busy and self._all_sent.is_set():
                self._empty.set()
            index = greenlet.switch(hub)

    def _run_session(self, index: int) -> None:
        schedule, job = self._job.schedule, self._job
        flow = self._flows[self._flow_index[index]]
        session = Session(
            self._world,
            index=index,
            flow=flow.name,
            intended_s=self._intended_s[index],
            asset=job.assets[int(schedule.asset_rank[index])] if job.assets else None,
        )
        try:
            flow.run(session)
        except (StepFailed, SessionCut):
            pass  # the failure is in its sample
        except Exception:  # a bug in a flow must end the run, not quietly thin it out
            self._on_broken_flow(f"flow '{flow.name}': {traceback.format_exc(limit=-3)}")
        finally:
            session.close()
            if self._recorder.keeps_sessions and session.requests:
                self._recorder.add_session(_end_of(session, self._intended_s[index]))

    def _cut(self, cause: str) -> None:
        """Ends the sessions under way; from the event loop, to which each returns when it is done."""
        over = Event()

        def throw() -> None:
            for worker in list(self._busy):
                worker.throw(SessionCut(cause))
            over.set()

        gevent.get_hub().loop.run_callback(throw)
        over.wait()


def _end_of(session: Session, intended_s: float) -> SessionEnd:
    return SessionEnd(
        arrival=session.index,
        flow=session.flow,
        intended_s=intended_s,
        done_s=session.done_s,
        failed=session.failed,
        requests=session.requests,
        lag_s=session.lag_s,
        cut=session.cut,
        answered=session.answered,
    )
