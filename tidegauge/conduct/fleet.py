"""Which generator processes send a run: on this machine, or workers of `tidegauge worker` elsewhere."""

from __future__ import annotations

import hashlib
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tidegauge.aws.exchange import ROWS_FILE, Exchange
from tidegauge.conduct.addresses import Address
from tidegauge.run_record import RunRecord, WorkerShare
from tidegauge.store import RunFolder

JOIN_WAIT_S = 300.0
GATHER_S = 60.0  # for the last files of a worker that ended well
GATHER_DEAD_S = 5.0  # after a worker died, what it had sent is there or on its way
LOOK_AGAIN_S = 0.5
COPIES_AT_ONCE = 8
RUN_JSON, CATALOGUE, TRACE = "job/run.json", "job/catalogue.jsonl", "job/trace.parquet"
UNCERTAINTY_MAX_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Workers on other machines."""

    listen: Address
    workers: int  # processes that are waited for
    exchange: str
    wait_s: float = JOIN_WAIT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The processes that send."""

    processes: int = 1  # on this machine
    web_port: int | None = None
    remote: Remote | None = None

    @property
    def size(self) -> int:
        """How many shares the arrivals are split into."""
        return self.remote.workers if self.remote else self.processes


def program(sources: Mapping[str, Path]) -> dict[str, str]:
    """What master and workers must have alike: versions, and flow files with what they import."""
    found = {name: version(name) for name in ("tidegauge", "numpy", "locust")}
    found["Python"] = ".".join(platform.python_version_tuple()[:2])
    for name, path in sources.items():
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def send_job(folder: RunFolder, run: RunRecord, exchange: Exchange) -> None:
    """Puts the job into the exchange: plan and stack (no secrets), catalogue, trace."""
    if run.catalogue is not None:
        exchange.put(CATALOGUE, Path(run.catalogue))
    if folder.trace.exists():
        exchange.put(TRACE, folder.trace)
    exchange.put(RUN_JSON, folder.run_json)


def fetch_job(folder: RunFolder, exchange: Exchange) -> RunRecord:
    """The job into a worker's own folder, run.json last; returns that record."""
    there = exchange.names()
    exchange.get(RUN_JSON, folder.job)
    run = folder.read_run(folder.job)
    if run.catalogue is not None:
        exchange.get(CATALOGUE, folder.catalogue)
        run = replace(run, catalogue=str(folder.catalogue.resolve()))
    if TRACE in there:
        exchange.get(TRACE, folder.trace)
    folder.write_run(run)
    return run


def gather(
    folder: RunFolder,
    exchange: Exchange,
    finished: set[int],
    processes: int,
    progress: Callable[[str], None],
) -> set[int]:
    """Brings the workers' rows into `folder`; returns the processes whose last files didn't come in time."""
    began = time.monotonic()
    told: set[int] = set()
    while True:
        there = exchange.names()
        closed = {process for process in range(processes) if f"closed/{process}.json" in there}
        waited = time.monotonic() - began
        missing = set(range(processes)) - closed
        patience_s = GATHER_S if missing & finished else GATHER_DEAD_S
        if not missing or waited > patience_s:
            break
        if missing != told:
            late = ", ".join(str(process) for process in sorted(missing))
            progress(f"waiting for the last rows of generator {late}, up to {patience_s:g} s")
            told = missing
        time.sleep(LOOK_AGAIN_S)
    wanted = [match for name in there if (match := ROWS_FILE.fullmatch(name)) and int(match[2]) < processes]
    progress(f"fetching {len(wanted)} files")
    with ThreadPoolExecutor(COPIES_AT_ONCE) as pool:
        list(pool.map(lambda match: _fetch(folder, exchange, match), wanted))
    return missing


def workers_of(shares: Sequence[Mapping[str, Any]]) -> tuple[WorkerShare, ...]:
    """Who sent which share, and how well its clock was known."""
    found = [
        WorkerShare(
            process=share["process"],
            host=share["host"],
            clock_offset_s=share["clock_offset_s"],
            clock_uncertainty_s=share["clock_uncertainty_s"],
        )
        for share in shares
    ]
    return tuple(sorted(found, key=lambda worker: worker.process))


def clock_notes(workers: Sequence[WorkerShare]) -> list[str]:
    """A warning for each worker whose clock was known too badly for its times to be taken at their word."""
    return [
        f"The clock of worker {worker.process} on {worker.host} is known only to "
        f"{worker.clock_uncertainty_s * 1000:.0f} ms: times of unlike workers differ by as much."
        for worker in workers
        if worker.clock_uncertainty_s > UNCERTAINTY_MAX_S
    ]


def _fetch(folder: RunFolder, exchange: Exchange, match: re.Match[str]) -> None:
    target = folder.place_of(match[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    exchange.get(match[0], target)
