"""A worker process' part: it joins the master's run, sends its share, and says how it goes."""

from __future__ import annotations

import hashlib
import socket
import time
import traceback
from typing import Any

import gevent
from gevent.event import AsyncResult

from tidegauge.engine import messages
from tidegauge.engine.clock_offset import RoundTrip, best
from tidegauge.engine.dispatcher import Share
from tidegauge.engine.events import tell
from tidegauge.engine.generator import Generator, Start
from tidegauge.engine.job import Job, load_job
from tidegauge.engine.role import Role
from tidegauge.errors import TidegaugeError
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import Schedule

ASK_AGAIN_S = 1.0
JOB_WAIT_S = 120.0  # the longest that this worker's CLI may take to fetch the job
ROUND_TRIPS = 12


class WorkerPart:
    """Conversation with the master over Locust's own connection, and the share that comes of it."""

    def __init__(self, runner: Any, role: Role, folder: RunFolder, job: Job | None) -> None:
        """`job` is None where it is still to be fetched from the exchange."""
        self._runner, self._role, self._folder, self._job = runner, role, folder, job
        self._welcome: AsyncResult = AsyncResult()
        self._order: AsyncResult = AsyncResult()
        self._ahead_s = 0.0  # the master's Unix time minus this process' `time.perf_counter`
        self._clock_answers: dict[int, AsyncResult] = {}
        self.generator = Generator(
            folder, self._report, self._live, runner.environment if role.page else None
        )
        messages.listen(runner, messages.WELCOME, lambda _, data: self._welcome.set(data))
        messages.listen(runner, messages.ORDER, lambda _, data: self._order.set(data))
        messages.listen(runner, messages.REFUSED, lambda _, data: self._refused(data))
        messages.listen(runner, messages.CLOCK, lambda _, data: self._clock_answered(data))
        messages.listen(runner, messages.STOP, lambda _, _data: self.stop())
        gevent.spawn(self._take_part)

    def stop(self) -> None:
        """No further arrivals here."""
        self.generator.stop()

    def close(self) -> None:
        """Stores what was measured."""
        self.generator.close()

    def _take_part(self) -> None:
        try:
            self._send_share(self._prepare())
        except Exception as error:  # whatever went wrong, the master must not wait for this worker
            reason = error.message if isinstance(error, TidegaugeError) else traceback.format_exc(limit=-3)
            self._runner.send_message(messages.FAILED, {"reason": reason})
            self._refused({"reason": reason})

    def _send_share(self, ready: dict[str, Any]) -> None:
        self._runner.send_message(messages.READY, ready)
        order = self._order.get()
        unix_s = float(order["start_unix_s"])
        start = Start(perf_s=unix_s - self._ahead_s, unix_s=unix_s)
        share = Share(process=int(order["process"]), count=int(order["count"]))
        assert self._job is not None
        self.generator.run(self._job, start, share)
        self._runner.send_message(messages.DONE, {})

    def _prepare(self) -> dict[str, Any]:
        hello = {"program": self._role.program, "host": socket.gethostname()}
        while not self._welcome.ready():
            self._runner.send_message(messages.HELLO, hello)
            self._welcome.wait(timeout=ASK_AGAIN_S)
        if not self._role.joins:
            self._ahead_s = time.time() - time.perf_counter()  # the master is on this machine
            return {}
        welcome = self._welcome.get()
        tell("welcome", exchange=str(welcome["exchange"]), run_id=str(welcome["run_id"]))
        self._job = self._fetched_job()
        trip = best(self._round_trip(number) for number in range(ROUND_TRIPS))
        self._ahead_s = trip.ahead_s
        return {
            "schedule": digest(self._job.schedule),
            "clock_offset_s": time.time() - time.perf_counter() - trip.ahead_s,
            "clock_uncertainty_s": trip.half_s,
        }

    def _fetched_job(self) -> Job:
        deadline = time.monotonic() + JOB_WAIT_S
        while not self._folder.run_json.exists():  # written last, and whole
            if self._folder.job_failure.exists():
                raise TidegaugeError(self._folder.job_failure.read_text(encoding="utf-8"))
            if time.monotonic() > deadline:
                raise TidegaugeError(f"the job did not come from the exchange within {JOB_WAIT_S:g} s")
            gevent.sleep(0.1)
        return load_job(self._folder)

    def _round_trip(self, number: int) -> RoundTrip:
        answer = self._clock_answers[number] = AsyncResult()
        asked = time.perf_counter()
        self._runner.send_message(messages.CLOCK, {"number": number})
        master_unix_s, answered = answer.get(timeout=JOB_WAIT_S)
        return RoundTrip(asked=asked, master_unix_s=master_unix_s, answered=answered)

    def _clock_answered(self, data: Any) -> None:
        self._clock_answers[data["number"]].set((float(data["unix_s"]), time.perf_counter()))

    def _refused(self, data: Any) -> None:
        tell("refused", reason=str(data["reason"]))
        gevent.spawn(self._runner.quit)

    def _report(self, event: str, **fields: Any) -> None:
        tell(event, **fields)
        if self._role.joins:
            self._runner.send_message(messages.TOLD, {"event": event, "fields": fields})

    def _live(self, document: dict[str, Any]) -> None:
        self._runner.send_message(messages.LIVE, document)


def digest(schedule: Schedule) -> str:
    """A hash of the list of sessions: other library versions may draw another list from the same seed."""
    summary = hashlib.sha256(repr(schedule.flows).encode())
    for column in (schedule.intended_s, schedule.flow_index, schedule.asset_rank):
        summary.update(column.tobytes())
    return summary.hexdigest()
