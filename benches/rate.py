"""How many requests a second one core of the generator sustains, against FastHttpUser on the same server.

    python -m benches.rate --rounds 5 --seconds 10

Both are pinned to one core (ours with the process that stores its samples), nginx to another. FastHttpUser
runs a closed loop without think times and without samples; ours an open, Poisson loop on pooled connections
that stores every sample. In each round FastHttpUser's rate is measured first, then ours is offered multiples
of it, upwards, until the lag's P99 passes 5 ms or a request fails. wrk, where it is installed, gives what a
loop in C does.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benches.arguments import parser_of
from benches.target import ONE_GET, Cores, Target, nginx, pinned, run, run_command, two_cores, write_stack

LAG_MS_P99_MAX = 5.0
MULTIPLES = (1.5, 1.8, 2.0, 2.1, 2.2, 2.3, 2.4, 2.6, 2.8, 3.0)
WARMUP_S = 2.0
USERS = 16  # more gave FastHttpUser less
FAST_HTTP_USER = """
from locust import FastHttpUser, constant, task


class User(FastHttpUser):
    wait_time = constant(0)

    @task
    def get(self):
        self.client.get("/x")
"""
PLAN = (
    """
name = "rate"
seed = 3
warmup_s = {warmup_s}
connections = "pooled"
[[arrivals]]
shape = "constant"
rate_per_s = {rate}
duration_s = {duration_s}
"""
    + ONE_GET
)


def main() -> None:
    """Prints a line a round, then the medians."""
    parser = parser_of(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured, of each run")
    asked = parser.parse_args()
    cores = two_cores()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="tidegauge-rate-") as folder, nginx(cores.server) as target:
        for number in range(asked.rounds):
            peer = fast_http_user(Path(folder), target, cores, asked.seconds)
            ours = highest(Path(folder), target, cores, peer, asked.seconds, f"r{number}")
            rounds.append({"round": number + 1, "fast_http_user_per_s": round(peer), **ours})
            rounds[-1]["ratio"] = round(ours["sustained_per_s"] / peer, 2)
            print(json.dumps(rounds[-1]), flush=True)  # noqa: T201
        wrk = wrk_rate(target, cores, asked.seconds)
    medians: dict[str, Any] = {
        name: statistics.median(row[name] for row in rounds)
        for name in ("fast_http_user_per_s", "sustained_per_s", "ratio")
    }
    medians["wrk_per_s"] = wrk if wrk is not None else "n/a: wrk is not installed"
    print(json.dumps({"median": medians}))  # noqa: T201


def fast_http_user(folder: Path, target: Target, cores: Cores, seconds: float) -> float:
    """Requests a second of Locust's quick client, by its own count."""
    locustfile = folder / "fast_http_user.py"
    locustfile.write_text(FAST_HTTP_USER, "utf-8")
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "-H", target.url, "--headless"]
    command += ["-u", str(USERS), "-r", "1000", "-t", f"{seconds:g}s", "--only-summary", "--json"]
    ended = subprocess.run(pinned(command, cores.generator), capture_output=True, text=True, check=True)
    (row,) = json.loads(ended.stdout)
    if row["num_failures"]:
        sys.exit(f"error: {row['num_failures']} requests of FastHttpUser failed")
    return float(row["num_requests"]) / (float(row["last_request_timestamp"]) - float(row["start_time"]))


def highest(
    folder: Path, target: Target, cores: Cores, peer: float, seconds: float, name: str
) -> dict[str, Any]:
    """The highest of the offered rates that was sustained."""
    best: dict[str, Any] = {"sustained_per_s": 0.0}
    for multiple in MULTIPLES:
        out = folder / f"{name}-{multiple}"
        plan = folder / "plan.toml"
        plan.write_text(
            PLAN.format(warmup_s=WARMUP_S, rate=peer * multiple, duration_s=WARMUP_S + seconds), "utf-8"
        )
        summary = run(run_command(plan, write_stack(folder, target.url), out), cores.generator)
        shutil.rmtree(out)
        generator, total = summary.generator, summary.total
        lag_ms = generator.lag_ms_p99 or 0.0
        if lag_ms > LAG_MS_P99_MAX or total.failures or generator.unsent:
            best["next_lag_ms_p99"] = round(lag_ms, 2)
            break
        best = {
            "sustained_per_s": round(total.rate_per_s),
            "lag_ms_p99": round(lag_ms, 2),
            "cpu_ratio": round(generator.cpu_ratio_max or 0.0, 2),
            "response_ms_p50": round(total.response_time_ms.p50 or 0.0, 3),
        }
    return best


def wrk_rate(target: Target, cores: Cores, seconds: float) -> float | None:
    """Requests a second of wrk on the generator's core, closed loop."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return None
    command = [wrk, "-t", "1", "-c", str(USERS), "-d", f"{seconds:g}s", f"{target.url}/x"]
    ended = subprocess.run(pinned(command, cores.generator), capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", ended.stdout)
    return float(found[1]) if found else None


if __name__ == "__main__":
    main()
