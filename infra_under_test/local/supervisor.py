"""Brings the parts up in order of need, watches them, and takes everything down on every way out."""

from __future__ import annotations

import os
import queue
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from infra_under_test.errors import StackError
from infra_under_test.local import processes
from infra_under_test.local.processes import Part, Running

START_TIMEOUT_S = 60.0
PROBE_INTERVAL_S = 0.05
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a readiness thread found."""

    name: str
    settings: Mapping[str, str] | None
    error: str


class Supervisor:
    """The running parts of one stack. `with Supervisor(…)` guarantees that none outlives the block."""

    def __init__(self, parts: Sequence[Part], *, logs: Path, hold_fd: int | None, say: Say) -> None:
        self.parts = tuple(parts)
        self.running: dict[str, Running] = {}
        self._logs = logs
        self._say = say
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._errors: dict[str, str] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._hold_fd = hold_fd
        self._ended: str | None = None  # why to stop

    def __enter__(self) -> Supervisor:
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the loop
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        if self._hold_fd is not None:
            self._selector.register(self._hold_fd, selectors.EVENT_READ)
        processes.become_subreaper()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in SIGNALS:  # a second Ctrl-C must not leave parts behind
            signal.signal(number, signal.SIG_IGN)
        self._stopping.set()
        processes.stop_all(list(self.running.values()))
        signal.set_wakeup_fd(-1)

    def start(self) -> bool:
        """Until every part is ready; False when asked to stop meanwhile, StackError when a part fails."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._ended is None:
            self._start_those_whose_needs_are_met()
            waiting = [part.name for part in self.parts if not self._is_ready(part.name)]
            if not waiting:
                return True
            if time.monotonic() > deadline:
                raise self._not_ready(waiting)
            self._wait(timeout_s=1.0)
            self._take_answers()
            for running in self.running.values():
                if not running.is_alive:
                    raise self._stopped_while_starting(running)
        return False

    def watch(self) -> str:
        """Until a signal, or the end of the pipe that holds the stack; says why."""
        while self._ended is None:
            self._wait(timeout_s=None)
            for running in self.running.values():
                if not running.is_alive and not running.reported_dead:
                    running.reported_dead = True
                    lines = "\n".join(f"    {line}" for line in running.last_lines())
                    code = running.process.returncode
                    self._say(f"part '{running.part.name}' ended with {code} and is not restarted:\n{lines}")
        return self._ended

    def _on_signal(self, number: int, _frame: object) -> None:
        self._ended = signal.Signals(number).name

    def _is_ready(self, name: str) -> bool:
        return name in self.running and self.running[name].ready_after_s is not None

    def _start_those_whose_needs_are_met(self) -> None:
        for part in self.parts:
            if part.name in self.running or not all(self._is_ready(need) for need in part.needs):
                continue
            settings = {key: value for done in self.running.values() for key, value in done.settings.items()}
            self.running[part.name] = processes.start(part, settings, self._logs)
            threading.Thread(target=self._probe, args=(part,), daemon=True).start()

    def _probe(self, part: Part) -> None:
        while not self._stopping.is_set():
            try:
                settings = part.ready()
            except Exception as error:  # whatever a client raises, the part is not ready yet
                self._errors[part.name] = f"{type(error).__name__}: {error}"
                self._stopping.wait(PROBE_INTERVAL_S)
                continue
            self._answers.put(_Answer(part.name, settings, ""))
            self._wake_write.send(b"\0")
            return

    def _take_answers(self) -> None:
        while not self._answers.empty():
            answer = self._answers.get()
            running = self.running[answer.name]
            running.settings = answer.settings or {}
            running.ready_after_s = time.monotonic() - running.started_s

    def _wait(self, timeout_s: float | None) -> None:
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._wake_read:
                self._wake_read.recv(4096)
            elif os.read(key.fd, 4096) == b"":
                self._ended = "the holder of the stack is gone"
        processes.reap(list(self.running.values()))

    def _not_ready(self, waiting: Sequence[str]) -> StackError:
        reasons = "; ".join(f"{name}: {self._errors.get(name, 'waits for others')}" for name in waiting)
        return StackError(
            f"not ready after {START_TIMEOUT_S:g} s: {reasons}", "is this machine overloaded? try again"
        )

    def _stopped_while_starting(self, running: Running) -> StackError:
        lines = running.last_lines()
        for line in lines:
            self._say(f"  {running.part.name}: {line}")
        lost_port = any("address already in use" in line.lower() for line in lines)
        return StackError(
            f"part '{running.part.name}' ended with {running.process.returncode} while starting: "
            f"{lines[-1] if lines else 'its log is empty'}",
            "another program took its port meanwhile: try again" if lost_port else "see docs/local-stack.md",
        )
