"""What a run produces, a row at a time: requests, session outcomes and generator health."""

from __future__ import annotations

from typing import Literal, NamedTuple

Cause = Literal[
    "waf_403",
    "throttled_429",
    "throttled_503",
    "timeout",
    "cut",
    "connect",
    "tls",
    "reset",
    "protocol",
    "status",
    "body",
    "not_allowed",
    "in_flight_cap",
]


CUT = "cut"  # the cause of a request that was under way when the run was ended at once


class Sample(NamedTuple):
    """One request as the client saw it. Times are seconds from the start of the run.

    A tuple, not a dataclass: rows cross a pipe to the writer by the thousand a second.
    """

    intended_s: float  # latency counts from here, so a stalled server cannot hide
    sent_s: float
    first_byte_s: float | None
    done_s: float
    connect_s: float | None  # null on a reused connection
    tls_s: float | None
    process: int
    session: int
    step: int
    flow: str
    endpoint: str
    status: int  # 0 when no answer came, and for a request that was cut
    cause: str | None  # null when good
    sent_bytes: int
    received_bytes: int  # body bytes as received
    cache: str | None  # hit, refresh_hit, miss, error, or none without X-Cache; null without an answer
    age_s: float | None
    pop: str | None
    request_id: str | None
    url_path: str
    base: str  # api, cdn or other
    scheduled: bool = True  # due by the clock: a session's first request, or one after a pause

    @property
    def response_time_s(self) -> float:
        """From the intended time to the last byte."""
        return self.done_s - self.intended_s


class Outcome(NamedTuple):
    """What became of one arrival: sent, or the cause why not."""

    arrival: int  # its index in the schedule
    process: int
    sent: bool
    cause: str | None


class SessionEnd(NamedTuple):
    """A session that was sent, at its end; recorded where not every request is."""

    arrival: int  # its index in the schedule
    flow: str
    intended_s: float
    done_s: float  # when its last request was done
    failed: bool  # whether one of its requests failed
    requests: int
    answered: bool  # whether each of its requests got an answer, good or not
    lag_s: float = 0.0  # by how much its scheduled requests were sent late, together
    cut: bool = False  # whether it failed by being cut, and by nothing before


class Health(NamedTuple):
    """The generator process over the last second or so."""

    process: int
    t_s: float
    cpu_ratio: float  # share of one core, without the writer process
    loop_lag_ms: float  # the longest time that the event loop kept a due greenlet waiting
    in_flight: int
