"""Runs commands as tasks of one size, waits for all of them, and leaves nothing running."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegauge.aws.clients import aws_errors
from tidegauge.aws.reasons import hint_of, start_failure, stop_reason
from tidegauge.aws.settings import TaskSettings
from tidegauge.aws.task import CONTAINER, TaskSize, definition, placement
from tidegauge.errors import TidegaugeError

POLL_S = 6.0
UNSEEN_S = 120.0  # so long ECS may not yet know a task that it has just made
DESCRIBED_MAX = 100  # tasks in a DescribeTasks
STOPPED = "STOPPED"
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How one task ended; times are null where AWS gave none."""

    task: str  # its id, without account and cluster; empty where none was started
    failure: str | None
    cold_start_s: float | None = None  # image pull to the container's start
    billed_s: float | None = None  # image pull to the stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long tasks may take, and the clock; tests bring their own."""

    limit_s: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def run_tasks(
    ecs: Any,
    settings: TaskSettings,
    size: TaskSize,
    commands: Sequence[Sequence[str]],
    pace: Pace,
    tell: Tell,
) -> list[Ran]:
    """A task a command, all at once; in the order of the commands. `ecs` is boto3's client.

    Ends when the last has stopped or after `pace.limit_s`, when those left are stopped. Whatever ends it,
    Ctrl-C too, no task goes on and the task definition is deregistered.
    """
    where = placement(size, settings)
    with _task_definition(ecs, definition(size, settings)) as registered:
        tasks = _Tasks(ecs, settings.cluster)
        try:
            for command in commands:
                tasks.start(registered, where, command)
            tasks.follow(pace, tell, size.name)
            return tasks.ended()
        finally:
            tasks.stop_all()


class _Tasks:
    """The tasks of one call, by ARN."""

    def __init__(self, ecs: Any, cluster: str) -> None:
        self._ecs = ecs
        self._cluster = cluster
        self._started_by = f"tidegauge-{uuid.uuid4().hex[:16]}"
        self._arns: list[str] = []  # an entry a command, empty where none was started
        self._failures: dict[int, str] = {}
        self._known: dict[str, Mapping[str, Any]] = {}

    def start(self, registered: str, where: Mapping[str, Any], command: Sequence[str]) -> None:
        with _uninterrupted(), aws_errors("the task cannot be started"):  # a task that runs has a known ARN
            answer = self._ecs.run_task(
                cluster=self._cluster,
                taskDefinition=registered,
                count=1,
                startedBy=self._started_by,
                clientToken=uuid.uuid4().hex,  # a repeated call starts no second task
                overrides={"containerOverrides": [{"name": CONTAINER, "command": list(command)}]},
                **where,
            )
            made = [task["taskArn"] for task in answer.get("tasks", ())]
            if not made:
                self._failures[len(self._arns)] = start_failure(answer.get("failures", []))
            self._arns.append(made[0] if made else "")

    def follow(self, pace: Pace, tell: Tell, name: str) -> None:
        """Waits until all have stopped, and says how they are when that changes."""
        began, said = pace.clock(), ""
        while pending := [arn for arn in self._arns if arn and not self._has_stopped(arn)]:
            waited_s = pace.clock() - began
            self._look(pending, waited_s)
            now = self._states()
            if now != said:
                tell(f"{name}: {now}, after {waited_s:.0f} s")
                said = now
            left = [arn for arn in pending if not self._has_stopped(arn)]
            if left and waited_s >= pace.limit_s:
                for arn in left:
                    self._fail(
                        arn, f"it was stopped after {pace.limit_s / 60:g} minutes, the limit of a task"
                    )
                return
            if left:
                pace.sleep(POLL_S)

    def stop_all(self) -> None:
        """Stops what has not stopped; a second Ctrl-C waits until that is done."""
        with _uninterrupted():
            refused = []
            for arn in self._arns:
                if arn and not self._ends_by_itself(arn):
                    try:
                        with aws_errors("a task cannot be stopped"):
                            self._ecs.stop_task(
                                cluster=self._cluster, task=arn, reason="tidegauge: no longer needed"
                            )
                    except TidegaugeError as error:
                        refused.append(f"{_id(arn)} ({error.message})")
            if refused:
                raise TidegaugeError(
                    f"tasks may still run, and cost: {', '.join(refused)}"[:600],
                    f"stop them: aws ecs stop-task --cluster {self._cluster} --task ID",
                )

    def ended(self) -> list[Ran]:
        return [self._ran(index, arn) for index, arn in enumerate(self._arns)]

    def _ran(self, index: int, arn: str) -> Ran:
        task = self._known.get(arn, {})
        failure = self._failures.get(index) or (stop_reason(task, CONTAINER) if arn else None)
        hint = hint_of(failure) if failure else ""
        return Ran(
            task=_id(arn),
            failure=f"{failure} ({hint})" if hint else failure,
            cold_start_s=_between(task, "pullStartedAt", "startedAt"),
            billed_s=_between(task, "pullStartedAt", "stoppedAt"),
        )

    def _look(self, arns: Sequence[str], waited_s: float) -> None:
        for first in range(0, len(arns), DESCRIBED_MAX):
            with aws_errors("the tasks cannot be looked at"):
                answer = self._ecs.describe_tasks(
                    cluster=self._cluster, tasks=list(arns[first : first + DESCRIBED_MAX])
                )
            self._known |= {task["taskArn"]: task for task in answer["tasks"]}
            for missing in answer.get("failures", ()):
                if missing.get("arn") in arns and waited_s > UNSEEN_S:
                    self._fail(missing["arn"], f"ECS no longer knows the task: {missing.get('reason')}")

    def _fail(self, arn: str, why: str) -> None:
        self._failures[self._arns.index(arn)] = why

    def _has_stopped(self, arn: str) -> bool:
        return self._arns.index(arn) in self._failures or self._state(arn) == STOPPED

    def _ends_by_itself(self, arn: str) -> bool:
        return self._state(arn) == STOPPED

    def _state(self, arn: str) -> str:
        return str(self._known.get(arn, {}).get("lastStatus", "PROVISIONING"))

    def _states(self) -> str:
        states = [self._state(arn) if arn else "NOT STARTED" for arn in self._arns]
        return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


@contextmanager
def _task_definition(ecs: Any, asked: Mapping[str, Any]) -> Iterator[str]:
    """The ARN of a definition of its own for these tasks: nobody else's run is in the way of removing it."""
    made: str | None = None
    try:
        with _uninterrupted(), aws_errors("the task definition cannot be registered"):
            made = str(ecs.register_task_definition(**asked)["taskDefinition"]["taskDefinitionArn"])
        yield made
    finally:
        if made is not None:
            with _uninterrupted(), aws_errors("the task definition cannot be deregistered"):
                ecs.deregister_task_definition(taskDefinition=made)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and its like wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _between(task: Mapping[str, Any], start: str, end: str) -> float | None:
    first, last = task.get(start), task.get(end)
    if isinstance(first, datetime) and isinstance(last, datetime):
        return (last - first).total_seconds()
    return None


def _id(arn: str) -> str:
    return arn.rpartition("/")[2]
