"""A worker's share of a run that a master elsewhere conducts: its job fetched, its rows shipped."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tidegauge.aws.exchange import open_exchange
from tidegauge.conduct.addresses import Address
from tidegauge.conduct.fleet import fetch_job
from tidegauge.conduct.follow import Bounds, GeneratorReport
from tidegauge.conduct.listener import Event
from tidegauge.conduct.shipping import Shipper
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.run_record import RunRecord
from tidegauge.store import RunFolder

CONNECT_S = 2.0
LOOK_AGAIN_S = 0.5
LINE_EVERY_S = 5.0
FOR_EVER_S = 86400.0  # until the job says how long it takes
Tell = Callable[[str], None]


class Share:
    """What this worker's processes do of the run."""

    def __init__(self, folder: RunFolder, exchange_here: str | None, tell: Tell) -> None:
        """`exchange_here`: the exchange as seen from here, where that differs; `tell` takes sentences."""
        self.folder = folder
        self.bounds = Bounds(run_s=FOR_EVER_S, drain_s=0.0)
        self._exchange_here, self._tell = exchange_here, tell
        self._run: RunRecord | None = None
        self._shipper: Shipper | None = None
        self._failure: TidegaugeError | None = None
        self._progress: dict[int, Event] = {}
        self._next_line = 0.0

    def on_event(self, event: Event) -> None:
        """Fetches the job when the master has welcomed us; says how it goes."""
        match event["event"]:
            case "welcome" if self._run is None and self._failure is None:
                self._fetch(event["exchange"], event["run_id"])
            case "progress":
                self._progress[event["process"]] = event
                self._show()
            case "stopping" | "ending":
                self._tell("stopping; what was measured goes to the master")
            case "fatal":
                self._tell(f"generator {event['process']}: {event['detail']}")

    def end(self, report: GeneratorReport, path: Path) -> dict[str, Any]:
        """The last rows to the exchange; an error if there was no part, or its rows are still here."""
        if self._failure is not None:
            shutil.rmtree(path)
            raise self._failure
        if report.refused and not self._progress:
            shutil.rmtree(path)
            reason = report.refused[0]["reason"]
            raise TidegaugeError(f"the master refused this worker: {reason}", "see docs/distributed.md")
        if report.start_unix_s is None or self._shipper is None or self._run is None:
            hint = f"its log is {self.folder.engine_log}"
            code = ExitCode.INTERRUPTED if report.interrupted_s is not None else ExitCode.USAGE
            raise TidegaugeError("the run did not begin, or the master is gone", hint, code)
        try:
            self._shipper.finish(sorted(self._progress))
        except TidegaugeError as error:
            raise TidegaugeError(
                f"{error.message}; the rows of this worker are still in {path}", error.hint, ExitCode.INVALID
            ) from None
        sent = sum(row["sent"] for row in self._progress.values())
        for process in sorted(set(self._progress) - report.finished):
            self._tell(f"generator {process} died; what it had stored is with the master")
        self._tell(f"done: {sent} sessions sent as process {', '.join(map(str, sorted(self._progress)))}")
        return {
            "run_id": self._run.run_id,
            "processes": sorted(self._progress),
            "sent": sent,
            "unsent": sum(row["unsent"] for row in self._progress.values()),
        }

    def _fetch(self, exchange: str, run_id: str) -> None:
        self._tell(f"run {run_id}: fetching its job from {self._exchange_here or exchange}")
        try:
            place = open_exchange(self._exchange_here or exchange, run_id)
            self._run = fetch_job(self.folder, place)
        except TidegaugeError as error:
            self._failure = error
            self.folder.write_text(self.folder.job_failure, error.message)
            return
        plan = self._run.plan
        self.bounds.run_s, self.bounds.drain_s = plan.duration_s + plan.drain_s, plan.drain_s
        self._shipper = Shipper(self.folder, place)
        self._tell("ready; waiting for the other workers")

    def _show(self) -> None:
        now = time.monotonic()
        if now < self._next_line:
            return
        self._next_line = now + LINE_EVERY_S
        rows = self._progress.values()
        t_s = max(row["t_s"] for row in rows)
        sent, open_now = sum(row["sent"] for row in rows), sum(row["in_flight"] for row in rows)
        self._tell(f"{max(t_s, 0):.0f} s: {sent} sessions sent, {open_now} in flight")


def await_master(target: Address, wait_s: float, tell: Tell) -> None:
    """Returns when something listens there (exit 2 when nothing does in time)."""
    deadline = time.monotonic() + wait_s
    told = False
    while True:
        try:
            socket.create_connection((target.host, target.port), timeout=CONNECT_S).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise TidegaugeError(
                    f"nobody listens at {target}: {error}",
                    f"start the master first: tidegauge run PLAN --stack FILE --master {target} --workers N "
                    "--exchange PLACE; is its port open to this machine?",
                ) from None
            if not told:
                tell(f"waiting for a master at {target}")
                told = True
            time.sleep(LOOK_AGAIN_S)
        else:
            return
