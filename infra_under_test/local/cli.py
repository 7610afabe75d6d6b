"""The verbs of the local stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from infra_under_test.errors import StackError
from infra_under_test.local import state
from infra_under_test.local.discovery import PROGRAMS, Program, find
from infra_under_test.local.stack import INTERRUPTED, Document, Options, run_stack

DOWN_TIMEOUT_S = 10.0


def up(options: Options, *, foreground: bool) -> int:
    """Brings a stack up: detached (returns when ready), or in this process until it is told to end."""
    options.check()
    if foreground:
        run_stack(options, _show_ready, _say)
        return 0
    supervisor = _start_supervisor(options)
    try:
        answer = _await_ready(supervisor)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait(DOWN_TIMEOUT_S)
        raise StackError("interrupted while the stack started; it is down again", "", INTERRUPTED) from None
    if "error" in answer:
        supervisor.wait(DOWN_TIMEOUT_S)
        raise StackError(**answer["error"])
    _show_ready(answer)
    return 0


def supervise(options: Options) -> int:
    """The detached supervisor: lines of JSON on stdout until the stack is ready, then its own log file."""

    detached = False

    def report(line: Document) -> None:
        if not detached:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()  # fails when `up` is gone, and ends the start

    def say(text: str) -> None:
        report({"say": text})
        if detached:
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
            sys.stderr.flush()

    def ready(status: Document) -> None:
        nonlocal detached
        report({"ready": status})
        log = os.open(Path(status["descriptor"]).parent / "supervisor.log", os.O_WRONLY | os.O_CREAT, 0o600)
        for fd in (1, 2):  # whoever captures the output of `up` must see its end
            os.dup2(log, fd)
        detached = True

    try:
        run_stack(options, ready, say)
    except StackError as error:
        report(dict(error.as_json()))
        return error.exit_code
    return 0


def down(name: str) -> int:
    """Takes the stack down; an empty list when none of that name runs."""
    found = _running(name)
    stopped = []
    if found is None:
        _say(f"no stack named '{name}' is up")
    else:
        _end(found)
        stopped.append(name)
    _print({"stopped": stopped})
    return 0


def status(name: str) -> int:
    """The status of a running stack; exit code 2 when there is none."""
    found = _running(name)
    if found is None:
        raise StackError(f"no stack named '{name}' is up", f"start one: stack up --name {name}")
    try:
        with urllib.request.urlopen(f"{found.control_url}/status", timeout=5) as answer:  # noqa: S310
            document = json.load(answer)
    except (urllib.error.URLError, ValueError, OSError) as error:
        raise StackError(
            f"the supervisor of '{name}' (pid {found.supervisor_pid}) does not answer: {error}",
            "it may be starting or stopping: ask again",
        ) from None
    _say(table(document))
    _print(document)
    return 0


def parts() -> int:
    """Every program of the stack: path, version and origin, or what is missing and the fix."""
    _print({"parts": [_program(program) for program in PROGRAMS]})
    return 0


def _program(program: Program) -> Document:
    try:
        found = find(program)
    except StackError as error:
        return {"name": program.part, "path": None, "message": error.message, "hint": error.hint}
    return {
        "name": program.part,
        "path": str(found.path),
        "version": f"{program.path_names[0]} {found.version}",
        "origin": found.origin,
    }


def table(status: Document) -> str:
    """The parts for people: name, state, start time, address, version."""
    rows = [("PART", "STATE", "READY", "RSS", "ADDRESS", "VERSION")]
    notes = []
    for part in status["parts"]:
        rows.append(
            (
                part["name"],
                "up" if part["alive"] else f"DEAD ({part['exit_code']})",
                "-" if part["ready_after_s"] is None else f"{part['ready_after_s']:.2f} s",
                f"{part['rss_bytes'] / 2**20:.0f} MiB",
                part["url"] or "-",
                part["version"],
            )
        )
        notes += [f"  {part['name']}: {line}" for line in part.get("log", [])]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    ]
    tail = [f"worker CPU: {status['emulation']}", f"descriptor: {status['descriptor']}"]
    return "\n".join([*lines, *notes, *tail])


def options_from_json(text: str) -> Options:
    """The options as `up` hands them to its supervisor."""
    fields: dict[str, Any] = json.loads(text)
    return Options(**{**fields, "only": tuple(fields["only"])})


def _start_supervisor(options: Options) -> subprocess.Popen[str]:
    hold = options.hold_fd
    return subprocess.Popen(
        [sys.executable, "-m", "infra_under_test.local", "supervise", json.dumps(asdict(options))],
        stdin=None if hold == 0 else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        pass_fds=() if hold in (None, 0) else (hold,),
    )


def _await_ready(supervisor: subprocess.Popen[str]) -> Document:
    assert supervisor.stdout is not None
    for line in supervisor.stdout:
        message = json.loads(line)
        if "say" in message:
            _say(message["say"])
        elif "ready" in message:
            return dict(message["ready"])
        else:
            return dict(message)
    code = supervisor.wait()
    raise StackError(f"the supervisor ended with {code} before the stack was ready", "see the lines above")


def _running(name: str) -> state.StackState | None:
    """The living stack of that name, after sweeping what dead supervisors left."""
    root = state.state_root()
    with state.exclusive(root):
        state.sweep(root, _say)
        found = next((found for found in state.running(root) if found.name == name), None)
    if found is None:
        state.forget_empty(root)
    return found


def _end(found: state.StackState) -> None:
    try:
        supervisor = psutil.Process(found.supervisor_pid)
        supervisor.terminate()
    except psutil.NoSuchProcess:
        return
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while not _has_ended(supervisor) and time.monotonic() < deadline:
        time.sleep(0.02)
    if not _has_ended(supervisor):
        _say(f"the supervisor (pid {found.supervisor_pid}) does not end; killing it")
        supervisor.kill()
        supervisor.wait(DOWN_TIMEOUT_S)
        root = state.state_root()
        with state.exclusive(root):
            state.sweep(root, _say)


def _has_ended(process: psutil.Process) -> bool:
    """Gone, or dead and waiting for init to notice."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _show_ready(status: Document) -> None:
    _say(table(status))
    _say(f"'{status['name']}' is ready after {status['ready_after_s']} s")
    _print(status)


def _print(document: Document) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
