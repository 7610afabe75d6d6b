"""Whom a master lets take part, seen from its side of the conversation."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tidegauge.engine import messages
from tidegauge.engine.events import EVENTS_FD
from tidegauge.engine.job import Job
from tidegauge.engine.master import MasterPart
from tidegauge.engine.role import Role, difference
from tidegauge.engine.worker import digest
from tidegauge.plan import parse_plan
from tidegauge.stack import Stack
from tidegauge.workload.schedule import make_schedule

PROGRAM = {"tidegauge": "0.1.0", "numpy": "2.1", "locustfiles/view.py": "aa"}
PLAN = {
    "arrivals": [{"shape": "constant", "rate_per_s": 5, "duration_s": 2}],
    "flow": [{"name": "ping", "step": [{"path": "/"}]}],
}


class Runner:
    """Locust's master runner as far as the part uses it; keeps what is sent."""

    def __init__(self) -> None:
        self.listeners: dict[str, Callable[..., None]] = {}
        self.clients: dict[str, Any] = {}
        self.sent: list[tuple[str, str | None, Any]] = []

    def register_message(self, kind: str, listener: Callable[..., None]) -> None:
        self.listeners[kind] = listener

    def send_message(self, kind: str, data: Any = None, client_id: str | None = None) -> None:
        self.sent.append((kind, client_id, data))

    def says(self, node: str, kind: str, data: Any) -> None:
        self.clients.setdefault(node, SimpleNamespace(state="ready"))
        self.listeners[kind](environment=None, msg=SimpleNamespace(node_id=node, data=data))

    def answers(self, node: str) -> list[str]:
        return [kind for kind, to, _ in self.sent if to == node]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    monkeypatch.setenv(EVENTS_FD, str(write_end))
    yield lambda: [json.loads(line) for line in os.read(read_end, 65536).splitlines()]
    os.close(read_end)
    os.close(write_end)


def master(workers: int = 2) -> tuple[Runner, MasterPart, str]:
    plan = parse_plan(PLAN, "plan")
    schedule = make_schedule(plan, 0)
    job = Job(
        run_id="a-run",
        plan=plan,
        stack=Stack(api_url="http://127.0.0.1", allowed_hosts=()),
        assets=[],
        schedule=schedule,
    )
    runner = Runner()
    role = Role(workers=workers, exchange="/x", run_id="r", program=PROGRAM)
    return runner, MasterPart(runner, role, job), digest(schedule)


def hello(**changes: str) -> dict[str, Any]:
    return {"host": "h", "program": PROGRAM | changes}


def ready(schedule: str) -> dict[str, Any]:
    return {"schedule": schedule, "clock_offset_s": 0.5, "clock_uncertainty_s": 0.001}


def test_the_same_program_is_welcome_whatever_else_it_has(events: Any) -> None:
    runner, _, _ = master()
    runner.says("a", messages.HELLO, hello(**{"locustfiles/own.py": "zz"}))
    assert runner.answers("a") == [messages.WELCOME]
    assert runner.sent[0][2] == {"exchange": "/x", "run_id": "r"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tidegauge": "0.2.0"}, "tidegauge is 0.1.0 on the master, 0.2.0 on the worker"),
        ({"locustfiles/view.py": "bb"}, "locustfiles/view.py is not the same file"),
    ],
)
def test_another_version_or_flow_file_is_refused_by_name(
    changes: dict[str, str], words: str, events: Any
) -> None:
    runner, _, _ = master()
    runner.says("a", messages.HELLO, hello(**changes))
    assert runner.answers("a") == [messages.REFUSED]
    assert words in runner.sent[0][2]["reason"]
    assert [words in event["reason"] for event in events()] == [True]


def test_a_flow_file_that_the_worker_lacks_is_missing() -> None:
    assert difference({"locustfiles/view.py": "aa"}, {}) == "locustfiles/view.py is missing on the worker"


def test_a_worker_that_draws_other_sessions_is_refused(events: Any) -> None:
    runner, _, _ = master()
    runner.says("a", messages.HELLO, hello())
    runner.says("a", messages.READY, ready("another list"))
    assert runner.answers("a") == [messages.WELCOME, messages.REFUSED]


def test_late_spare_and_returning_workers_get_no_share(events: Any) -> None:
    runner, part, schedule = master(workers=2)
    for node in "abc":
        runner.says(node, messages.HELLO, hello())
    for node in "abc":
        runner.says(node, messages.READY, ready(schedule))
    runner.says("d", messages.HELLO, hello())
    part._order()
    runner.says("e", messages.HELLO, hello())
    orders = {to: data for kind, to, data in runner.sent if kind == messages.ORDER}
    assert {node: (order["process"], order["count"]) for node, order in orders.items()} == {
        "a": (0, 2),
        "b": (1, 2),
    }
    assert orders["a"]["start_unix_s"] == orders["b"]["start_unix_s"]
    for node in "cde":
        assert runner.answers(node)[-1] == messages.REFUSED
    reasons = [event["reason"] for event in events() if event["event"] == "refused"]
    assert ["late" in reason for reason in reasons] == [False, False, True]


def test_a_worker_that_left_before_the_start_is_not_counted_on(events: Any) -> None:
    runner, part, schedule = master(workers=1)
    for node in "ab":
        runner.says(node, messages.HELLO, hello())
    runner.says("a", messages.READY, ready(schedule))
    del runner.clients["a"]
    runner.says("b", messages.READY, ready(schedule))
    part._order()
    assert [to for kind, to, _ in runner.sent if kind == messages.ORDER] == ["b"]


def test_what_a_worker_tells_carries_its_own_number_and_nothing_but_plain_values(events: Any) -> None:
    runner, part, schedule = master(workers=1)
    runner.says("a", messages.HELLO, hello())
    runner.says("a", messages.READY, ready(schedule))
    part._order()
    events()
    told = {"event": "fatal", "fields": {"process": 7, "cause": "x", "detail": "y", "nested": {"a": 1}}}
    runner.says("a", messages.TOLD, told)
    runner.says("a", messages.TOLD, {"event": "share", "fields": {}})  # not a worker's to say
    assert events() == [{"event": "fatal", "process": 0, "cause": "x", "detail": "y"}]
