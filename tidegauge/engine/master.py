"""The master's part: who takes part, second 0 for all, and the end once the last share is done."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import gevent

from tidegauge.engine import messages
from tidegauge.engine.events import tell
from tidegauge.engine.job import Job
from tidegauge.engine.live_totals import LiveTotals
from tidegauge.engine.role import Role, difference
from tidegauge.engine.worker import digest

LEAD_S = 0.7  # between the order to start and second 0, so that every process is ready by then
REMOTE_LEAD_S = 2.0
GONE_S = 4.0  # a worker that is silent for so long counts as dead; Locust allows three missed heartbeats
TURN_S = 0.2
RELAYED = ("started", "progress", "stopped", "finished", "fatal")  # what workers elsewhere tell the CLI here


@dataclass(slots=True, kw_only=True)
class Worker:
    """A process that takes part."""

    host: str
    ready: dict[str, Any] | None = None  # its message that it is ready
    process: int | None = None  # its number, once it was ordered to start
    seen: float = 0.0  # when it was last heard of, by the monotonic clock
    done: bool = False
    gone: bool = False


class MasterPart:
    """Orders the shares. Locust's own start and user counts play no part in it."""

    def __init__(self, runner: Any, role: Role, job: Job) -> None:
        self._runner, self._role = runner, role
        self._digest = digest(job.schedule) if role.is_remote else None
        self._workers: dict[str, Worker] = {}
        self._live = LiveTotals()
        self._started = False
        for kind, listener in (
            (messages.HELLO, self._hello),
            (messages.CLOCK, self._clock),
            (messages.READY, self._ready),
            (messages.FAILED, self._failed),
            (messages.DONE, self._done),
            (messages.TOLD, self._told),
            (messages.LIVE, self._add_live),
        ):
            messages.listen(runner, kind, listener)

    def conduct(self) -> None:
        """Runs from the workers' arrival to the end of the last share."""
        while len(self._takers()) < self._role.workers:
            tell("waiting", ready=len(self._takers()))
            gevent.sleep(TURN_S)
        self._order()
        while self._under_way():
            gevent.sleep(TURN_S)
            tell("conducting")

    def tell_live(self) -> None:
        """A line on the run so far."""
        tell("live", **self._live.line(time.monotonic()))

    def stop(self) -> None:
        """No further arrivals anywhere."""
        self._runner.send_message(messages.STOP)

    def close(self) -> None:
        """Nothing is stored here."""

    def _takers(self) -> list[str]:
        """The workers that are ready and still there."""
        return [
            node for node, worker in self._workers.items() if worker.ready is not None and self._is_here(node)
        ]

    def _is_here(self, node: str) -> bool:
        client = self._runner.clients.get(node)
        return client is not None and client.state != "missing"

    def _order(self) -> None:
        takers, spare = self._takers()[: self._role.workers], self._takers()[self._role.workers :]
        for node in spare:
            self._refuse(node, self._workers[node].host, self._full())
        lead_s = REMOTE_LEAD_S if self._role.is_remote else LEAD_S
        start_unix_s = time.time() + lead_s
        self._started = True
        for process, node in enumerate(takers):
            worker = self._workers[node]
            worker.process, worker.seen = process, time.monotonic()
            order = {"start_unix_s": start_unix_s, "process": process, "count": len(takers)}
            self._runner.send_message(messages.ORDER, order, client_id=node)
            if self._role.is_remote:
                ready = worker.ready or {}
                tell("share", process=process, host=worker.host, **_offset(ready))

    def _under_way(self) -> bool:
        now = time.monotonic()
        left = False
        for node, worker in self._workers.items():
            if worker.process is None or worker.done:
                continue
            if self._is_here(node):
                worker.seen = now
            is_gone = now - worker.seen > GONE_S
            if is_gone and not worker.gone:
                tell("gone", process=worker.process, host=worker.host)
            worker.gone = is_gone
            left = left or not is_gone
        return left

    def _hello(self, node: str, data: Any) -> None:
        known = self._workers.get(node)
        refusal = None
        if self._started and (known is None or known.process is None):
            refusal = "the run is under way already: a worker that comes late, or again, gets no share"
        elif known is None and len(self._takers()) >= self._role.workers:
            refusal = self._full()
        elif self._role.is_remote:
            refusal = difference(self._role.program, data["program"])
        if refusal is not None:
            self._refuse(node, str(data["host"]), refusal)
            return
        self._workers.setdefault(node, Worker(host=str(data["host"])[:100]))
        welcome = {"exchange": self._role.exchange, "run_id": self._role.run_id}
        self._runner.send_message(messages.WELCOME, welcome, client_id=node)

    def _full(self) -> str:
        return f"the run has the {self._role.workers} workers that it waited for"

    def _refuse(self, node: str, host: str, reason: str) -> None:
        self._forget(node)
        tell("refused", host=host[:100], reason=reason)
        self._runner.send_message(messages.REFUSED, {"reason": reason}, client_id=node)

    def _forget(self, node: str) -> None:
        """Here and in Locust, which would end with the last worker that leaves, whoever is still to come."""
        self._workers.pop(node, None)
        self._runner.clients.pop(node, None)

    def _clock(self, node: str, data: Any) -> None:
        answer = {"number": data["number"], "unix_s": time.time()}
        self._runner.send_message(messages.CLOCK, answer, client_id=node)

    def _ready(self, node: str, data: Any) -> None:
        worker = self._workers[node]
        if self._digest is not None and data["schedule"] != self._digest:
            reason = "it draws other sessions from the same plan and seed: are Python and numpy the same?"
            self._refuse(node, worker.host, reason)
            return
        worker.ready = data
        tell("joined", host=worker.host)

    def _failed(self, node: str, data: Any) -> None:
        worker = self._workers[node]
        self._forget(node)
        tell("refused", host=worker.host, reason=str(data["reason"]))

    def _done(self, node: str, _data: Any) -> None:
        self._workers[node].done = True

    def _told(self, node: str, data: Any) -> None:
        process = self._workers[node].process
        if process is None or data["event"] not in RELAYED:
            return
        tell(data["event"], **{**_plain(data["fields"]), "process": process})

    def _add_live(self, node: str, data: Any) -> None:
        if node in self._workers:
            self._live.add(data, time.monotonic())


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Numbers and short texts only: nothing else is accepted from another machine."""
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, (int, float, str)) and name != "event"
    }


def _offset(ready: dict[str, Any]) -> dict[str, float]:
    return {name: float(ready[name]) for name in ("clock_offset_s", "clock_uncertainty_s")}
