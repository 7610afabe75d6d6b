"""Waiting until a moment, to within a tenth of a millisecond."""

from __future__ import annotations

import ctypes
import heapq
import os
import sys
import time
from typing import Any

import gevent
from gevent.event import Event

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class RunClock:
    """Seconds since the start of the run, and waits on that clock.

    libev rounds its time-outs up to whole milliseconds, which would be in every response time that is
    measured from an intended time; a timerfd (Linux) wakes the loop within some 50 µs. Elsewhere the
    loop's own timer is used, and the lag shows in the figures as what it is.
    """

    def __init__(self, start: float) -> None:
        """`start` is on `time.perf_counter`."""
        self.start = start
        self._due: list[tuple[float, int, Event]] = []
        self._count = 0
        self._descriptor = _timer_descriptor()
        if self._descriptor is not None:
            gevent.spawn(self._serve)

    def now(self) -> float:
        """Run-relative seconds."""
        return time.perf_counter() - self.start

    def wait_until(self, moment: float) -> None:
        """Blocks this greenlet until `moment`; returns at once when it has passed."""
        left = moment - self.now()
        if left <= 0:
            return
        if self._descriptor is None:
            gevent.sleep(left)
            return
        event = Event()
        self._count += 1
        heapq.heappush(self._due, (moment, self._count, event))
        if self._due[0][2] is event:
            self._arm()
        event.wait()

    def _arm(self) -> None:
        seconds = max(self._due[0][0] + self.start, 0.0)
        whole = int(seconds)
        # a zero value would disarm the timer
        value = _TimeSpec(whole, max(int((seconds - whole) * 1e9), 1))
        specification = _TimerSpec(_TimeSpec(0, 0), value)
        _libc().timerfd_settime(self._descriptor, _TFD_TIMER_ABSTIME, ctypes.byref(specification), None)

    def _serve(self) -> None:
        hub = gevent.get_hub()
        watcher = hub.loop.io(self._descriptor, 1)
        assert self._descriptor is not None
        while True:
            hub.wait(watcher)
            try:
                os.read(self._descriptor, 8)
            except BlockingIOError:
                continue
            now = self.now()
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2].set()
            if self._due:
                self._arm()


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _timer_descriptor() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    descriptor: int = _libc().timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor if descriptor >= 0 else None
