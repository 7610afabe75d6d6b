"""Kills `tidegauge demo` with SIGKILL at random moments, and looks for what it leaves behind.

    python -m benches.kill_demo --times 10

A process of the demo is known by the name of its stack or its run folder in its command line or
environment. Prints a line for each kill, and fails when anything is left 5 s later.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benches.arguments import parser_of

ROOT = Path(__file__).resolve().parents[1]
GONE_WITHIN_S = 5.0


def main() -> int:
    """The number of kills that left something."""
    parser = parser_of(__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--within", type=float, default=45.0, metavar="S", help="latest moment of a kill")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    dirty = 0
    for number in range(asked.times):
        moment_s = rng.uniform(0.2, asked.within)
        left = kill_after(moment_s)
        dirty += bool(left["processes"] or left["directories"])
        print(json.dumps({"kill": number + 1, "after_s": round(moment_s, 1), **left}), flush=True)  # noqa: T201
    return dirty


def kill_after(moment_s: float) -> dict[str, object]:
    """Starts a demo with a state and temporary folder of its own, kills it, and lists what is left."""
    with tempfile.TemporaryDirectory(prefix="tidegauge-kill-") as folder:
        home = Path(folder)
        (home / "tmp").mkdir()
        environment = {**os.environ, "TIDEGAUGE_STATE_DIR": str(home / "stacks"), "TMPDIR": str(home / "tmp")}
        command = [sys.executable, "-m", "tidegauge", "demo", "--out", str(home / "run")]
        with (home / "log").open("wb") as log:
            child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        time.sleep(moment_s)
        ended_before = child.poll() is not None
        child.send_signal(signal.SIGKILL)
        child.wait()
        start = time.monotonic()
        left = _leftovers(home)
        while any(left.values()) and time.monotonic() - start < GONE_WITHIN_S:
            time.sleep(0.1)
            left = _leftovers(home)
        took_s = round(time.monotonic() - start, 1)
        for process in _processes(home):  # a failed check must not burden the next
            process.kill()
        return {"ended_before": ended_before, "gone_after_s": took_s, **left}


def _leftovers(home: Path) -> dict[str, list[str]]:
    processes = []
    for process in _processes(home):
        try:
            processes.append(" ".join(process.cmdline())[:120])
        except psutil.Error:
            continue
    directories = [
        path.name
        for parent in ("stacks", "tmp")
        for path in (home / parent).glob("*")
        if not path.name.startswith("tidegauge-leases-")  # the next run removes a killed one's
    ]
    return {"processes": processes, "directories": directories}


def _processes(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            known_by = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(home) in word for word in known_by):
            found.append(process)
    return found


if __name__ == "__main__":
    sys.exit(main())
