"""Is a run told PASS whose stack is exactly at its limit? Real runs against a queue whose truth is known.

    python -m benches.queue_at_limit

A server of eight slots takes requests first come, first served, and holds each for an exponential time of
60 ms on average: M/M/8 at a load of .9. The plan's limit is the true P99 of that queue (Erlang's C), so that
exactly 1 % of all requests are over it. Of sixteen 60-s runs at most three may be told PASS, and as few FAIL.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benches.arguments import parser_of
from benches.dependence import ALLOWED, MEAN_S, SERVERS, limit_of_mm8
from benches.target import run, run_command, write_stack

LOAD = 0.9
WARMUP_S = 20  # the queue starts empty
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PLAN = """
name = "queue-at-limit"
seed = {seed}
connections = "pooled"
warmup_s = {warmup_s}
[[arrivals]]
shape = "constant"
rate_per_s = {rate}
duration_s = {duration_s}
[[flow]]
name = "get"
[[flow.step]]
path = "/x"
[objectives."GET /x"]
p99_ms = {limit_ms}
"""


def main() -> int:
    """Prints a line a run and their verdicts; exits 1 where too many pass or fail."""
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=16, metavar="N")
    parser.add_argument("--seconds", type=int, default=60, metavar="S")
    parser.add_argument("--at-once", type=int, default=4, metavar="N", help="runs side by side (4)")
    parser.add_argument("--serve", type=int, metavar="SEED", help="be the server, with this seed")
    options = parser.parse_args()
    if options.serve is not None:
        asyncio.run(serve(options.serve))
        return 0
    with ThreadPoolExecutor(options.at_once) as pool:
        verdicts = Counter(pool.map(lambda seed: judged(seed, options.seconds), range(1, options.runs + 1)))
    print(json.dumps(verdicts))  # noqa: T201
    most = 3 * options.runs / 16
    return 1 if verdicts["PASS"] > most or verdicts["FAIL"] > most or verdicts["INVALID"] else 0


def judged(seed: int, seconds: int) -> str:
    """The verdict of a run against a queue of its own."""
    command = [sys.executable, "-m", "benches.queue_at_limit", "--serve", str(seed)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory(prefix="tidegauge-bench-queue-") as folder,
    ):
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            summary = run(
                run_command(
                    plan_of(Path(folder), seed, seconds), write_stack(Path(folder), url), Path(folder) / "run"
                )
            )
        finally:
            server.terminate()
    print(f"seed {seed}: {summary.verdict}: {summary.objectives[0].reason}", file=sys.stderr)  # noqa: T201
    return summary.verdict


def plan_of(folder: Path, seed: int, seconds: int) -> Path:
    """The plan of a run, as a file."""
    path = folder / "plan.toml"
    rate, limit_ms = LOAD * SERVERS / MEAN_S, limit_of_mm8(LOAD, ALLOWED) * 1000
    path.write_text(
        PLAN.format(
            seed=seed, warmup_s=WARMUP_S, rate=rate, duration_s=WARMUP_S + seconds, limit_ms=limit_ms
        ),
        "utf-8",
    )
    return path


async def serve(seed: int) -> None:
    """Answers on a free port, which it prints, until it is terminated."""
    draw = random.Random(seed)  # a queue needs no secret
    clock = asyncio.get_running_loop().time
    free_s = [clock()] * SERVERS

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            first = min(range(SERVERS), key=free_s.__getitem__)
            free_s[first] = max(clock(), free_s[first]) + draw.expovariate(1 / MEAN_S)
            await asyncio.sleep(free_s[first] - clock())
            writer.write(ANSWER)

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(held, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
