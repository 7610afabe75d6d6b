"""`tidegauge worker`: this machine's generator processes for a run that another one conducts."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from tidegauge.aws.exchange import open_exchange
from tidegauge.cli.output import json_option, print_json, printable, say
from tidegauge.conduct.fleet import JOIN_WAIT_S, address, fetch_job, program
from tidegauge.conduct.flows import LOCUSTFILES, scenarios
from tidegauge.conduct.launch import Address, Bounds, GeneratorReport, Launch, run_generator
from tidegauge.conduct.shipping import Shipper
from tidegauge.engine.role import Role
from tidegauge.errors import ExitCode, TidegaugeError
from tidegauge.plan import stored_plan
from tidegauge.store import RunFolder

CONNECT_S = 2.0
LOOK_AGAIN_S = 0.5
LINE_EVERY_S = 5.0
FOR_EVER_S = 86400.0  # until the job says how long it takes


@click.command(name="worker")
@click.argument("master", metavar="HOST:PORT")
@click.option(
    "--processes", default=1, show_default=True, type=click.IntRange(1, 64),
    help="Generator processes; each counts as one of the master's --workers.",
)  # fmt: skip
@click.option(
    "--exchange", "exchange_here", metavar="PLACE",
    help="The exchange as seen from here, where that differs from the master's.",
)  # fmt: skip
@click.option(
    "--wait", "wait_s", default=JOIN_WAIT_S, show_default=True, type=click.FloatRange(1, 86400), metavar="S",
    help="Seconds to wait for the master, and for its run to begin.",
)  # fmt: skip
@json_option
def worker_command(
    master: str, processes: int, exchange_here: str | None, wait_s: float, as_json: bool
) -> int:
    """Send a share of the run that the master at HOST:PORT conducts (`tidegauge run … --master`).

    The job comes from the master's exchange, and the rows go there as they are made. Versions and scenario
    files must be those of the master. Tokens and keys come from this machine's own environment. The
    protocol is neither authenticated nor encrypted, and whoever answers at HOST:PORT says where the traffic
    goes: use it in a private network only.

    \b
    Example: tidegauge worker 10.0.0.5:5557 --processes 2
    """
    target = address(master, None)
    known = scenarios()
    _await_master(target, wait_s)
    path = Path(tempfile.mkdtemp(prefix="tidegauge-worker-"))
    share = _Share(RunFolder(path), exchange_here)
    launch = Launch(
        files=sorted({scenario.file for scenario in known.values()}),
        role=Role(joins=True, program=program(sorted(LOCUSTFILES.glob("*.py")))),
        processes=processes,
        join=target,
    )
    share.bounds.start_s = wait_s
    report = run_generator(share.folder, launch, share.bounds, share.on_event)
    document = share.end(report, path)
    shutil.rmtree(path)
    if as_json:
        print_json(document)
    if report.interrupted_s is not None:
        return int(ExitCode.INTERRUPTED)
    return int(ExitCode.PASS if report.finished >= set(document["processes"]) else ExitCode.INVALID)


class _Share:
    """What this worker's processes do of the run."""

    def __init__(self, folder: RunFolder, exchange_here: str | None) -> None:
        self.folder = folder
        self.bounds = Bounds(run_s=FOR_EVER_S, drain_s=0.0)
        self._exchange_here = exchange_here
        self._run: Any = None
        self._shipper: Shipper | None = None
        self._failure: TidegaugeError | None = None
        self._progress: dict[int, dict[str, Any]] = {}
        self._next_line = 0.0

    def on_event(self, event: dict[str, Any]) -> None:
        """Fetches the job when the master has welcomed us; says how it goes."""
        match event["event"]:
            case "welcome" if self._run is None and self._failure is None:
                self._fetch(event["exchange"], event["run_id"])
            case "progress":
                self._progress[event["process"]] = event
                self._show()
            case "stopping" | "ending":
                say("stopping; what was measured goes to the master")
            case "fatal":
                say(printable(f"generator {event['process']}: {event['detail']}"))

    def end(self, report: GeneratorReport, path: Path) -> dict[str, Any]:
        """The last rows to the exchange; an error if there was no part, or its rows are still here."""
        if self._failure is not None:
            shutil.rmtree(path)
            raise self._failure
        if report.refused and not self._progress:
            shutil.rmtree(path)
            reason = printable(report.refused[0]["reason"])
            raise TidegaugeError(f"the master refused this worker: {reason}", "see docs/distributed.md")
        if report.start_unix_s is None or self._shipper is None:
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
            say(f"generator {process} died; what it had stored is with the master")
        say(f"done: {sent} sessions sent as process {', '.join(map(str, sorted(self._progress)))}")
        return {
            "run_id": self._run["run_id"],
            "processes": sorted(self._progress),
            "sent": sent,
            "unsent": sum(row["unsent"] for row in self._progress.values()),
        }

    def _fetch(self, exchange: str, run_id: str) -> None:
        say(printable(f"run {run_id}: fetching its job from {self._exchange_here or exchange}"))
        try:
            place = open_exchange(self._exchange_here or exchange, run_id)
            self._run = fetch_job(self.folder, place)
        except TidegaugeError as error:
            self._failure = error
            self.folder.write_text(self.folder.job_failure, error.message)
            return
        plan = stored_plan(self._run["plan"])
        self.bounds.run_s, self.bounds.drain_s = plan.duration_s + plan.drain_s, plan.drain_s
        self._shipper = Shipper(self.folder, place)
        say("ready; waiting for the other workers")

    def _show(self) -> None:
        now = time.monotonic()
        if now < self._next_line:
            return
        self._next_line = now + LINE_EVERY_S
        rows = self._progress.values()
        t_s = max(row["t_s"] for row in rows)
        sent, open_now = sum(row["sent"] for row in rows), sum(row["in_flight"] for row in rows)
        say(f"{max(t_s, 0):.0f} s: {sent} sessions sent, {open_now} in flight")


def _await_master(target: Address, wait_s: float) -> None:
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
                say(f"waiting for a master at {target}")
                told = True
            time.sleep(LOOK_AGAIN_S)
        else:
            return
