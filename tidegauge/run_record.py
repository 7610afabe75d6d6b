"""run.json: what was run, on what, from which state, and how it ended."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tidegauge.errors import TidegaugeError
from tidegauge.plan import Plan, check_stored_plan
from tidegauge.shapes import Seconds
from tidegauge.stack import Stack
from tidegauge.stored import ASIDE, LEFT_OUT, Count, UnixSeconds, UnknownFields

RUN_VERSION = 1  # run.json's schema
ASSETS_MAX = 100_000_000


def _moment(text: str) -> str:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None or not 1970 < moment.year < 3000:
        raise ValueError("not a date and time with its offset, such as 2026-11-03T14:15:02+00:00")
    return text


CacheState = Literal["cold", "warm", "unknown"]
Moment = Annotated[str, AfterValidator(_moment)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredWindow:
    """The part of a run that counts, in seconds from its start."""

    start_s: Seconds  # the end of the warm-up
    end_s: Seconds  # the end of the last phase, or of the last whole second of an interrupted run

    @property
    def duration_s(self) -> float:
        """Its length; not above 0 for a run that was interrupted while it warmed up."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedBy:
    """The guard that ended a run."""

    guard: str  # its name in the plan's [guards], or what else watched
    detail: str  # what it saw, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class FatalEvent:
    """What ended a generator process early."""

    cause: str  # files_exhausted, ports_exhausted, disk_full …
    detail: str  # in the words of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerShare:
    """A generator process on another machine."""

    process: Count  # its number: arrival i belongs to process i mod `processes`
    host: str  # the machine's name
    clock_offset_s: float  # what its clock was ahead of the master's
    clock_uncertainty_s: float  # how far off that may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program of the stack under test."""

    name: str  # such as "edge (nginx)"
    version: str | None = None  # as it names itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The generator's machine: what a figure must not be compared across."""

    os: str  # name and kernel
    architecture: str  # x86_64, aarch64
    cpu_model: str  # as the kernel names it
    cores: int | None  # that the generator may use
    memory_bytes: int | None  # the whole machine's


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedLogs:
    """What the access logs of a replay held, in lines unless a name says otherwise."""

    formats: tuple[str, ...]  # the log formats that were found
    files: Count  # how many were read
    lines: Count  # in all of them
    bad_lines: Count  # which no format fits
    bad_examples: tuple[str, ...]  # where the first of them are, and what is wrong
    without_request: Count  # lines of a format that record no request
    records: Count  # requests
    outside_window: Count  # requests before the plan's `start` or after its `end`
    filtered: Count  # requests that `include` and `exclude` leave out
    replayed: Count  # requests that are sent
    not_replayable: Mapping[str, int]  # {reason: requests} that cannot be sent
    speed: float  # times as fast as they were logged
    log_start: str  # ISO 8601, of the first request that is sent
    log_span_s: float  # from it to the last one, in the log's time
    peak_rate_per_s: float  # requests in the busiest second of the replay


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as it was asked for, and what only its end could tell."""

    schema_version: int = RUN_VERSION  # raised when a reader of the older one would go wrong
    run_id: str  # by start and plan, unique in its folder of runs
    started_at: Moment  # ISO 8601, when the command began
    seed: int  # every random draw derives from it
    processes: Annotated[int, Field(ge=1)]  # generator processes, wherever they run
    connections: Literal["per_session", "pooled"]  # how sessions connect
    window: MeasuredWindow  # what summary and cost count
    start_unix_s: UnixSeconds | None = None  # when the first phase began; null until the sending has ended
    interrupted: bool  # whether it ended before its last phase did
    stopped_by: StoppedBy | None = None  # the guard that ended it
    died: tuple[Count, ...] = ()  # generator processes that did not report their end
    fatal: tuple[FatalEvent, ...]  # what ended generator processes early
    notes: tuple[str, ...]  # sentences that every report shows
    local: bool  # whether the stack ran on the generator's machine
    cache_state_before: CacheState  # the edge's, before the first request
    parts: tuple[Part, ...]  # the programs of a local stack
    catalogue: str | None  # the file of assets
    assets: Annotated[int, Field(ge=0, le=ASSETS_MAX)]  # how many of them sessions draw from
    architecture: str | None  # the folder of CloudFormation templates behind the loaded cost
    endpoints: tuple[tuple[str, str], ...]  # (flow, endpoint) pairs in the order of the flows' steps
    trace: ReplayedLogs | None = None  # what a replay read; null for other runs
    plan: Plan  # as it was sent, overrides and defaults in it
    stack: Stack  # the descriptor, which holds no secrets
    versions: Mapping[str, str]  # of Python and of the packages that measure
    machine: Machine  # which the generator ran on
    git_commit: str | None  # of Tidegauge, with -dirty for local changes; null outside a checkout
    workers: tuple[WorkerShare, ...] = field(
        default=(), metadata=LEFT_OUT
    )  # who sent it, where other machines did
    unknown_fields: UnknownFields = field(default=(), repr=False, metadata=ASIDE)

    @property
    def began_unix_s(self) -> float:
        """When its first phase began, or the command where that is not on record."""
        if self.start_unix_s is not None:
            return self.start_unix_s
        return dt.datetime.fromisoformat(self.started_at).timestamp()

    def ended_early(self, at_s: float) -> RunRecord:
        """The record of this run, interrupted `at_s` seconds after its start.

        Its window ends with a whole second: requests are counted by the second, and a histogram cannot be
        cut within one.
        """
        window = replace(self.window, end_s=min(self.window.end_s, float(math.floor(at_s))))
        return replace(self, interrupted=True, window=window)


def check_run(run: RunRecord, what: str, remedy: str) -> None:
    """Refuses a record whose parts do not fit together (exit 2)."""
    check_stored_plan(run.plan, f"{what}: plan")
    end_s, duration_s = run.window.end_s, run.plan.duration_s
    if end_s > duration_s:
        raise TidegaugeError(
            f"{what}: window.end_s is {end_s:g}, and the plan's phases last {duration_s:g} s", remedy
        )
