"""Does the response time tell the truth about a server that stalls? A known stall, and arithmetic.

    python -m benches.truth --seconds 40

nginx's only worker is frozen for 1 s in every 10 (SIGSTOP, SIGCONT) under 500 requests a second, evenly
spaced. What every request then has to wait follows from the schedule: one that is due in a stall waits for
its end, and then for the requests before it, at the pace at which this server was seen to work off its
backlog. Quantiles of that list are held against those that the run measured: within 3 % or 5 ms.

Beside it in the same run: Locust's own constant_throughput (its rounding and its waiting users), and wrk2 or
hey where they are installed; and our own service times, which know nothing of the wait before the sending.

    python -m benches.truth --steps 6

shows where the same stalls are in sessions of six steps without a pause: in the first one and in the session.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benches.arguments import parser_of
from benches.target import ONE_GET, Cores, Target, nginx, pinned, run, run_command, two_cores, write_stack
from benches.truth_figure import draw
from tidegauge.store import RunFolder

Floats = NDArray[np.float64]

RATE_PER_S = 500
PERIOD_S, STALL_S = 10.0, 1.0
FIRST_STALL_S = 4.0  # after the start of a peer's run
QUANTILES = (0.5, 0.92, 0.95, 0.99, 0.999)
WITHIN_RATIO, WITHIN_MS = 0.03, 5.0
USERS = 50  # Locust users, each with ten requests a second
PLAN = (
    """
name = "truth"
connections = "pooled"
[[arrivals]]
shape = "constant"
process = "uniform"
rate_per_s = {rate}
duration_s = {duration_s}
"""
    + ONE_GET
)
THROUGHPUT = """
from locust import FastHttpUser, constant_throughput, task


class User(FastHttpUser):
    wait_time = constant_throughput({a_user})

    @task
    def get(self):
        self.client.get("/x")
"""


@dataclass(slots=True)
class Stalls:
    """Freezes a process for STALL_S in every PERIOD_S, `count` times, once `ready`; keeps when (Unix s)."""

    pid: int
    count: int
    ready: Callable[[], bool]
    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Stalls:
        self._thread = threading.Thread(target=self._stall)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        self._over.set()
        self._thread.join()
        os.kill(self.pid, signal.SIGCONT)

    def _stall(self) -> None:
        while not self.ready():
            if self._over.wait(0.05):
                return
        start = time.time()
        for number in range(self.count):
            begin = start + number * PERIOD_S
            if self._over.wait(max(begin - time.time(), 0)):
                return
            os.kill(self.pid, signal.SIGSTOP)
            self.began.append(time.time())
            self._over.wait(max(begin + STALL_S - time.time(), 0))
            os.kill(self.pid, signal.SIGCONT)
            self.ended.append(time.time())


def main() -> int:
    """0 when all quantiles are within bounds."""
    parser = parser_of(__doc__)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each run")
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    parser.add_argument("--figure", type=Path, help="draw the figure of docs/latency.md to this SVG")
    parser.add_argument("--steps", type=int, metavar="N", help="of a session: show where a stall is in it")
    asked = parser.parse_args()
    if asked.figure is not None and asked.no_peers:
        parser.error("the figure shows a peer: leave --no-peers out")
    cores = two_cores()
    with tempfile.TemporaryDirectory(prefix="tidegauge-truth-") as name, nginx(cores.server) as target:
        folder = Path(name)
        if asked.steps:
            return by_step(folder, target, cores, asked.seconds, asked.steps)
        samples, stalls = ours(folder, target, cores, asked.seconds)
        peers = {} if asked.no_peers else measure_peers(folder, target, cores, asked.seconds)
        seen = {name: quantiles_ms(times) for name, times in peers.items()}
    seen["service_ms"] = quantiles_ms((samples["done_s"] - samples["sent_s"]).to_numpy() * 1000)
    truth_s, drain_per_s = expected_s(samples, stalls)
    rows = compare(truth_s, response_s(samples))
    for row in rows:
        print(json.dumps(row | {name: shown[row["quantile"]] for name, shown in seen.items()}))  # noqa: T201
    print(  # noqa: T201
        json.dumps({"requests": len(samples), "stalls": len(stalls.ended), "drain_per_s": round(drain_per_s)})
    )
    if asked.figure is not None:
        draw(asked.figure, samples, truth_s, peers["locust_ms"])
    return int(any(not row["within"] for row in rows))


def by_step(folder: Path, target: Target, cores: Cores, seconds: float, steps: int) -> int:
    """Prints the P95 of the first step, of all requests and of sessions without a pause."""
    plan = folder / "plan.toml"
    flow = '[[flow]]\nname = "get"\n' + "".join(f'[[flow.step]]\npath = "/{k}"\n' for k in range(steps))
    head = PLAN.removesuffix(ONE_GET).format(rate=RATE_PER_S / steps, duration_s=seconds)
    plan.write_text(head + flow, "utf-8")
    command = run_command(plan, write_stack(folder, target.url), folder / "run")
    stored = lambda: any((folder / "run" / "samples").glob("*.parquet"))  # noqa: E731
    with Stalls(target.worker_pid, _count(seconds), stored):
        summary = run(command, cores.generator)
    shown = {
        "first_step_p95_ms": summary.endpoints[0].response_time_ms.p95,
        "total_p95_ms": summary.total.response_time_ms.p95,
        "session_p95_ms": summary.flows[0].session_time_ms.p95,
    }
    print(json.dumps(shown))  # noqa: T201
    return 0


def ours(folder: Path, target: Target, cores: Cores, seconds: float) -> tuple[pd.DataFrame, Stalls]:
    """The samples of a run through the stalls; the stalls' times become run-relative."""
    plan, out = folder / "plan.toml", folder / "run"
    plan.write_text(PLAN.format(rate=RATE_PER_S, duration_s=seconds), "utf-8")
    command = run_command(plan, write_stack(folder, target.url), out)
    stored = lambda: any((out / "samples").glob("*.parquet"))  # noqa: E731  # two seconds into the run
    with Stalls(target.worker_pid, _count(seconds), stored) as stalls:
        summary = run(command, cores.generator)
    if summary.total.failures:
        sys.exit(f"error: requests failed: {dict(summary.total.failures_by_cause)}")
    start = RunFolder(out).read_run().began_unix_s
    stalls.began = [moment - start for moment in stalls.began]
    stalls.ended = [moment - start for moment in stalls.ended]
    if len(stalls.ended) < stalls.count or stalls.began[0] < 0 or stalls.ended[-1] > seconds - 1:
        sys.exit(f"error: a stall was not wholly inside the run: {stalls.began}")
    files = sorted((out / "samples").glob("*.parquet"))
    return pd.concat([pd.read_parquet(file) for file in files]).sort_values("intended_s"), stalls


def _count(seconds: float) -> int:
    return int(seconds // PERIOD_S)


def response_s(samples: pd.DataFrame) -> Floats:
    """Response times from the intended moment, in order of arrival."""
    return (samples["done_s"] - samples["intended_s"]).to_numpy()


def expected_s(samples: pd.DataFrame, stalls: Stalls) -> tuple[Floats, float]:
    """What each request had to wait by the schedule, and the pace of the drain (requests a second).

    The server answers in the order of arrival, one at a time, at the pace of the drain; in a stall, not at
    all (Lindley 1952). Apart from stalls a request takes what the median of those took.
    """
    done, due = samples["done_s"].to_numpy(), samples["intended_s"].to_numpy()
    drain_per_s = float(np.median([_drain_per_s(done, due, end) for end in stalls.ended]))
    quiet = np.ones(len(due), dtype=np.bool_)
    for begin, end in zip(stalls.began, stalls.ended, strict=True):
        quiet &= (due < begin - 0.1) | (due > end + 1.0)
    usual_s = float(np.median(response_s(samples)[quiet]))
    free, waits = 0.0, np.empty(len(due))
    for number, moment in enumerate(due):
        begin = max(moment, free)
        for stalled, resumed in zip(stalls.began, stalls.ended, strict=True):
            if stalled <= begin < resumed:
                begin = resumed
        free = begin + 1 / drain_per_s
        waits[number] = begin - moment
    return waits + usual_s, drain_per_s


def _drain_per_s(done: Floats, due: Floats, resumed: float) -> float:
    """The pace at which what was due in the stall was answered after it."""
    backlog = np.sort(done[(due >= resumed - STALL_S) & (due < resumed) & (done >= resumed)])
    return (len(backlog) - 1) / float(backlog[-1] - backlog[0])


def compare(truth_s: Floats, seen_s: Floats) -> list[dict[str, Any]]:
    """A row for each quantile: truth, seen, and whether they agree."""
    truths, seen = quantiles_ms(truth_s * 1000), quantiles_ms(seen_s * 1000)
    return [
        {
            "quantile": name,
            "truth_ms": truth,
            "tidegauge_ms": seen[name],
            "within": abs(seen[name] - truth) <= max(WITHIN_RATIO * truth, WITHIN_MS),
        }
        for name, truth in truths.items()
    ]


def _name(q: float) -> str:
    return f"P{q * 100:g}"


def measure_peers(folder: Path, target: Target, cores: Cores, seconds: float) -> dict[str, Floats]:
    """Response times in ms that other tools see at the same server with the same stalls."""
    found = {"locust_ms": locust_times_ms(folder, target, cores, seconds)}
    if shutil.which("hey"):
        found["hey_ms"] = hey_times_ms(target, cores, seconds)
    return found


def quantiles_ms(times_ms: Floats) -> dict[str, float]:
    """Quantiles by name: the ceil(qn)-th smallest."""
    ordered = np.sort(times_ms)
    return {_name(q): round(float(ordered[math.ceil(q * len(ordered)) - 1]), 1) for q in QUANTILES}


def locust_times_ms(folder: Path, target: Target, cores: Cores, seconds: float) -> Floats:
    """Response times from Locust's own statistics, which round."""
    locustfile = folder / "throughput.py"
    locustfile.write_text(THROUGHPUT.format(a_user=RATE_PER_S / USERS), "utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "-H", target.url, "--headless"]
    command += ["-u", str(USERS), "-r", "25", "-t", f"{seconds + 3:g}s", "--only-summary", "--json"]
    out = _through_stalls(pinned(command, cores.generator), target, seconds)
    times = {float(ms): count for row in json.loads(out) for ms, count in row["response_times"].items()}
    return np.repeat(np.array(list(times)), list(times.values()))


def hey_times_ms(target: Target, cores: Cores, seconds: float) -> Floats:
    """Response times from hey's list of every response."""
    command = ["hey", "-z", f"{seconds + 3:g}s", "-c", "50", "-q", str(RATE_PER_S // 50), "-o", "csv"]
    out = _through_stalls(pinned([*command, f"{target.url}/x"], cores.generator), target, seconds)
    return np.array(
        [float(line.split(",")[0]) * 1000 for line in out.splitlines()[1:] if re.match(r"\d", line)]
    )


def _through_stalls(command: list[str], target: Target, seconds: float) -> str:
    start = time.monotonic()
    with Stalls(target.worker_pid, _count(seconds), lambda: time.monotonic() - start > FIRST_STALL_S):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    sys.exit(main())
