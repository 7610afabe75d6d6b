"""Run-relative time, with calls and waits that are due to within a tenth of a millisecond."""

from __future__ import annotations

import ctypes
import heapq
import itertools
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent
from greenlet import getcurrent, greenlet

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
_READABLE = 1
_HIGHEST_PRIORITY = 2  # the event loop's: what is due goes before what has arrived
# Setting a kernel timer costs some 5 µs on a virtual machine. A busy loop looks at each turn for what is due
# and seldom needs it. So the timer is set again after 0.1 ms at the earliest, and after up to 0.5 ms while
# turns alone were often enough.
REST_S = 1e-4
RESTS_MAX = 5


NEVER = float("inf")


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class _Timer:
    """A kernel timer in the event loop: libev's own timers round up to whole milliseconds.

    That rounding would be in every response time measured from an intended time; a timerfd (Linux) wakes
    the loop within some 50 µs. Elsewhere the loop's timer is used, and the lag shows in the figures.
    """

    def __init__(self, on_due: Callable[[], None]) -> None:
        loop = gevent.get_hub().loop
        self._on_due = on_due
        self._descriptor = _timer_descriptor()
        if self._descriptor is None:
            self._coarse = loop.timer(0)
            return
        self._set = _libc().timerfd_settime
        self._value = _TimerSpec()
        self._pointer = ctypes.byref(self._value)
        self._watcher = loop.io(self._descriptor, _READABLE)
        self._watcher.priority = _HIGHEST_PRIORITY
        self._watcher.start(self._fired)

    def arm(self, moment: float) -> None:
        """Calls `on_due` once `time.perf_counter` has reached `moment`; replaces an earlier order."""
        if self._descriptor is None:
            self._coarse.close()
            self._coarse = gevent.get_hub().loop.timer(max(moment - time.perf_counter(), 0.0))
            self._coarse.start(self._on_due)
            return
        value = self._value.value
        value.seconds = int(moment)
        value.nanoseconds = int((moment - value.seconds) * 1e9) or 1  # all zero would disarm it
        self._set(self._descriptor, _TFD_TIMER_ABSTIME, self._pointer, None)

    def _fired(self) -> None:
        assert self._descriptor is not None
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        self._on_due()


class RunClock:
    """Seconds since the start of the run, and calls and waits on that clock."""

    def __init__(self, start: float) -> None:
        """`start` is on `time.perf_counter`."""
        self.start = start
        self._hub = gevent.get_hub()
        self._due: list[tuple[float, int, list[Callable[[], Any]]]] = []
        self._numbers = itertools.count()
        self._armed, self._armed_at = NEVER, -REST_S
        self._by_turns = 0  # how often something was due at a turn since the timer was set
        self._timer = _Timer(self._on_timer)
        self._turn = self._hub.loop.check()
        self._turn.priority = _HIGHEST_PRIORITY
        self._turn.start(self._look)

    def now(self) -> float:
        """Run-relative seconds."""
        return time.perf_counter() - self.start

    def call_at(self, moment: float, call: Callable[[], Any]) -> list[Callable[[], Any]]:
        """Calls `call` from the event loop at `moment`, at once if it has passed; it must not wait.

        Clearing the list returned takes the order back.
        """
        order = [call]
        heapq.heappush(self._due, (moment, next(self._numbers), order))
        if moment < self._armed:
            self._arm(moment)
        return order

    def wait_until(self, moment: float) -> None:
        """Blocks this greenlet until `moment`; returns at once when it has passed."""
        if moment <= self.now():
            return
        order = self.call_at(moment, getcurrent().switch)
        try:
            greenlet.switch(self._hub)
        finally:
            order.clear()  # a greenlet that was cut must not be woken later, amid other work

    def _arm(self, moment: float) -> None:
        moment = max(moment, self._armed_at + REST_S * min(1 + self._by_turns, RESTS_MAX))
        if moment < self._armed:
            self._armed, self._armed_at, self._by_turns = moment, self.now(), 0
            self._timer.arm(moment + self.start)

    def _look(self) -> None:
        """At each turn of the event loop."""
        if self._due and self._due[0][0] <= time.perf_counter() - self.start:
            self._by_turns += 1
            self._call_due()

    def _on_timer(self) -> None:
        self._armed = NEVER
        self._call_due()

    def _call_due(self) -> None:
        now, due = self.now(), self._due
        ready = []
        while due and due[0][0] <= now:
            ready.append(heapq.heappop(due)[2])
        for order in ready:  # new orders of these calls wait for the next turn of the loop
            for call in order:
                call()
        if due and due[0][0] < self._armed:
            self._arm(due[0][0])


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _timer_descriptor() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    descriptor: int = _libc().timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor if descriptor >= 0 else None
