"""The local stack as its users run it: a child process that speaks JSON."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

COMMAND = [sys.executable, "-m", "infra_under_test.local"]


def run(*arguments: str, state_dir: Path, **env: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON of stdout, text of stderr."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, "TIDEGAUGE_STATE_DIR": str(state_dir), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr


@contextlib.contextmanager
def held_stack(*arguments: str, state_dir: Path) -> Iterator[dict[str, Any]]:
    """A stack that ends with the block, or with the test run."""
    holder = subprocess.Popen(
        [*COMMAND, "up", "--hold-stdin", *arguments],
        env={**os.environ, "TIDEGAUGE_STATE_DIR": str(state_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    status = json.loads(holder.stdout.read())
    holder.stdout.close()
    assert holder.wait() == 0, status
    try:
        yield status
    finally:
        holder.stdin.close()
        assert is_gone(Path(status["descriptor"]).parent, within_s=5)


def is_gone(directory: Path, within_s: float) -> bool:
    """Whether the directory and every process of the stack in it disappear in time."""
    deadline = time.monotonic() + within_s
    while directory.exists() or processes_of(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes_of(directory: Path) -> list[int]:
    """Processes whose command line or environment names the stack's directory."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                words = [*process.cmdline(), *process.environ().values()]
                if any(str(directory) in word for word in words):
                    found.append(process.pid)
    return found
