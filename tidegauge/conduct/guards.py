"""What ends a run before it does harm: ceilings, a budget, failures, alarms, a lost lease."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge.dollars import usd
from tidegauge.plan import Guards

NEAR = 0.95  # a run ends at this share of a ceiling, before it is passed
RATE_OVER_S = 2.0  # what one second's count says of a rate is too rough
SPENT_UNSEEN_S = 2.0  # between a request and its place in the live figures, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """A guard that ended a run."""

    guard: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """The totals so far at one moment."""

    t_s: float
    requests: int
    received_bytes: int
    failures: int
    spend_usd: float


class Watchdog:
    """Holds the live figures against the plan's guards."""

    def __init__(
        self,
        guards: Guards,
        *,
        spend_usd: Callable[[], float | None],
        in_flight: Callable[[], int],
        outside: Callable[[], Tripped | None],
        clock: Callable[[], float],
    ) -> None:
        """`outside` says what has tripped elsewhere: an alarm, a lease; `clock` only rises, in seconds."""
        self._guards, self._spend, self._in_flight = guards, spend_usd, in_flight
        self._outside, self._clock = outside, clock
        self._marks: deque[_Mark] = deque(
            [_Mark(t_s=clock(), requests=0, received_bytes=0, failures=0, spend_usd=0)]
        )

    def look(self, event: Mapping[str, Any]) -> Tripped | None:
        """The guard that says to end the run now."""
        if event["event"] == "progress":
            return self._outside()
        if event["event"] != "live":
            return None
        self._marks.append(
            _Mark(
                t_s=self._clock(),
                requests=int(event["requests"]),
                received_bytes=int(event["received_bytes"]),
                failures=sum(event["failures"].values()),
                spend_usd=self._spend() or 0.0,
            )
        )
        longest_s = max(self._guards.gbps_over_s, self._guards.failure_over_s, RATE_OVER_S)
        while self._marks[1].t_s <= self._marks[-1].t_s - longest_s:
            self._marks.popleft()
        return self._rate() or self._bandwidth() or self._failures() or self._budget()

    def _rate(self) -> Tripped | None:
        ceiling, over_s = self._guards.requests_per_s_max, RATE_OVER_S
        old, new = self._span(over_s)
        if old is None or (new.requests - old.requests) / (new.t_s - old.t_s) < NEAR * ceiling:
            return None
        rate = (new.requests - old.requests) / (new.t_s - old.t_s)
        return Tripped(
            guard="requests_per_s_max",
            detail=f"{rate:,.0f} requests/s come near the ceiling of {ceiling:,.0f} (requests_per_s_max)",
        )

    def _bandwidth(self) -> Tripped | None:
        ceiling, over_s = self._guards.gbps_max, self._guards.gbps_over_s
        old, new = self._span(over_s)
        if old is None:
            return None
        gbps = (new.received_bytes - old.received_bytes) * 8 / (new.t_s - old.t_s) / 1e9
        if gbps < NEAR * ceiling:
            return None
        return Tripped(
            guard="gbps_max",
            detail=f"{gbps:.3g} Gbps over {over_s:g} s come near the ceiling of {ceiling:g} (gbps_max)",
        )

    def _failures(self) -> Tripped | None:
        ceiling, over_s = self._guards.failure_ratio_max, self._guards.failure_over_s
        old, new = self._span(over_s)
        if ceiling is None or old is None or new.requests == old.requests:
            return None
        ratio = (new.failures - old.failures) / (new.requests - old.requests)
        if ratio <= ceiling:
            return None
        return Tripped(
            guard="failure_ratio_max",
            detail=f"{ratio:.1%} of the requests of {over_s:g} s failed; the run ends above {ceiling:.1%}"
            " (failure_ratio_max)",
        )

    def _budget(self) -> Tripped | None:
        """Spent so far, plus what is under way and what the figures have not seen yet."""
        budget = self._guards.budget_usd
        if budget is None:
            return None
        new = self._marks[-1]
        old = next(
            (mark for mark in reversed(self._marks) if mark.t_s <= new.t_s - RATE_OVER_S), self._marks[0]
        )
        lasted_s = new.t_s - old.t_s
        a_second = (new.spend_usd - old.spend_usd) / lasted_s if lasted_s > 0 else 0.0
        a_request = new.spend_usd / new.requests if new.requests else 0.0
        expected = new.spend_usd + a_second * SPENT_UNSEEN_S + a_request * self._in_flight()
        if expected < budget:
            return None
        return Tripped(
            guard="budget_usd",
            detail=f"{usd(new.spend_usd)} spent, {usd(expected)} with what is under way: the budget is "
            f"{usd(budget)} (budget_usd; CDN and API, as the client counts them)",
        )

    def _span(self, over_s: float) -> tuple[_Mark | None, _Mark]:
        """The youngest mark at least `over_s` old, and the last one."""
        new = self._marks[-1]
        old = next((mark for mark in reversed(self._marks) if mark.t_s <= new.t_s - over_s), None)
        return old, new


def tripped_outside(lease_lost: Callable[[], str | None], alarm: Callable[[], str | None]) -> Tripped | None:
    """What ends a run without a figure of its own."""
    for guard, why in (("lease", lease_lost()), ("alarms", alarm())):
        if why is not None:
            return Tripped(guard=guard, detail=why)
    return None
