"""How much memory a generator process takes: over time, and for each session that waits.

    python -m benches.memory flat --minutes 6    2,000 requests a second: level after the first minute?
    python -m benches.memory in-flight           5,000 sessions at a server that answers after 15 s

The resident set is that of the generator process alone, read four times a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from benches.arguments import parser_of
from benches.target import ONE_GET, nginx, run, run_command, two_cores, write_stack
from tidegauge.store import RunFolder
from tidegauge.summary import Summary

EVERY_S = 0.25
SETTLE_S = 60.0
ANSWER_AFTER_S = 15.0
PLAN = (
    """
name = "memory"
connections = "{connections}"
in_flight_max = 10000
[[arrivals]]
shape = "constant"
rate_per_s = {rate}
duration_s = {duration_s}
"""
    + ONE_GET
)
# Accepts, reads the request, and answers late: in a process of its own, as its memory is not the question.
LATE_SERVER = """
import asyncio, sys

async def answer(reader, writer):
    if not await reader.read(65536):
        return writer.close()
    await asyncio.sleep(float(sys.argv[1]))
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=8192)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def main() -> int:
    """0 when within bounds."""
    parser = parser_of(__doc__)
    parser.add_argument("what", choices=("flat", "in-flight"))
    parser.add_argument("--minutes", type=float, default=6.0, help="of `flat`")
    parser.add_argument("--rate", type=float, default=2000.0, help="requests a second of `flat`")
    parser.add_argument("--sessions", type=int, default=5000, help="of `in-flight`")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidegauge-memory-") as folder:
        if asked.what == "flat":
            return flat(Path(folder), asked.rate, asked.minutes * 60)
        return in_flight(Path(folder), asked.sessions)


def flat(folder: Path, rate: float, seconds: float) -> int:
    """The slope of the resident set after the first minute, by least squares."""
    cores = two_cores()
    with nginx(cores.server) as target:
        times, sizes, summary = _watch(folder, target.url, "pooled", rate, seconds)
    late = times > SETTLE_S
    if not late.any():
        sys.exit("error: the run is too short: its first minute is not counted")
    slope, _ = np.polyfit(times[late] / 60, sizes[late], 1)
    first, last = sizes[late][:40].mean(), sizes[late][-40:].mean()
    print(  # noqa: T201
        json.dumps(
            {
                "requests": summary.total.count,
                "rate_per_s": summary.total.rate_per_s,
                "after_first_minute_mb": round(float(first), 1),
                "at_the_end_mb": round(float(last), 1),
                "slope_mb_per_minute": round(float(slope), 3),
            }
        )
    )
    return 0


def in_flight(folder: Path, sessions: int) -> int:
    """Kilobytes for each session in flight."""
    with late_server() as url:
        times, sizes, summary = _watch(folder, url, "per_session", sessions / 5, 5.0)
    waiting = (times > 6.0) & (times < ANSWER_AFTER_S - 1)
    before, during = float(sizes[times < 0.3].max()), float(sizes[waiting].max())
    print(  # noqa: T201
        json.dumps(
            {
                "sessions_in_flight": summary.total.count,
                "failures": summary.total.failures,
                "before_mb": round(before, 1),
                "during_mb": round(during, 1),
                "kb_a_session": round((during - before) * 1024 / summary.total.count, 1),
            }
        )
    )
    return 0


@contextmanager
def late_server() -> Iterator[str]:
    """The URL of a server that answers each request after ANSWER_AFTER_S."""
    command = [sys.executable, "-c", LATE_SERVER, str(ANSWER_AFTER_S)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def _watch(
    folder: Path, url: str, connections: str, rate: float, seconds: float
) -> tuple[np.ndarray, np.ndarray, Summary]:
    """Run-relative times in seconds, resident megabytes at them, and the run's summary."""
    plan, out = folder / "plan.toml", folder / "run"
    plan.write_text(PLAN.format(connections=connections, rate=rate, duration_s=seconds), "utf-8")
    seen: list[tuple[float, float]] = []
    over = threading.Event()
    watcher = threading.Thread(target=_sample, args=(str(out), seen, over))
    watcher.start()
    try:
        summary = run(run_command(plan, write_stack(folder, url), out))
    finally:
        over.set()
        watcher.join()
    if not seen:
        sys.exit("error: the generator process was not found")
    start = RunFolder(out).read_run().began_unix_s
    times, sizes = np.array(seen).T
    inside = (times >= start) & (times <= start + max(seconds, ANSWER_AFTER_S + seconds))
    return times[inside] - start, sizes[inside], summary


def _sample(out: str, seen: list[tuple[float, float]], over: threading.Event) -> None:
    generator: psutil.Process | None = None
    while not over.wait(EVERY_S):
        try:
            generator = generator or _generator(out)
            if generator is not None:
                seen.append((time.time(), generator.memory_info().rss / 2**20))
        except psutil.NoSuchProcess:
            return


def _generator(out: str) -> psutil.Process | None:
    """The generator process of the run in `out`, known by its environment."""
    for process in psutil.Process().children(recursive=True):
        try:
            if "tidegauge.engine" in process.cmdline() and out in process.environ().get("TIDEGAUGE_RUN", ""):
                return process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return None


if __name__ == "__main__":
    sys.exit(main())
