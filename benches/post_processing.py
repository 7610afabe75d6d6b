"""What does it take to make a run's results from its samples: seconds, and memory at most?

    python -m benches.post_processing --samples 1000000
    python -m benches.post_processing --samples 250000 1000000 4000000      how memory grows
    python -m benches.post_processing --samples 1000000 --against DIR       beside another checkout

A made-up run folder of so many samples, written as the generators' writers do, is reported on by `tidegauge
report` in a process of its own. Its peers in the same rounds are a bare scan, which reads every column of
the samples and does nothing with them, and the same report of an empty run: what loading the libraries and
drawing the charts takes. The first report of a folder also merges what became of the arrivals.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benches.arguments import parser_of
from tests.support.run_records import run_record
from tidegauge.plan import load_plan
from tidegauge.row_files import KINDS
from tidegauge.stack import Behaviour, Stack
from tidegauge.store import RunFolder
from tidegauge.workload.schedule import Schedule, make_schedule

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = 2
SESSIONS_PER_S = 2500
STEPS = 2  # requests a session
FILE_S = 2  # how long a writer fills one file
ASSETS = 2000
FAILED_RATIO = 0.002
FLOWS = {"view": ("GET /v1/assets/{asset_id}", "GET /assets/{asset_id}.gif"),
         "short_link": ("GET /v1/s/{short_code}", "GET /assets/{asset_id}.mp4")}  # fmt: skip
PLAN = """
name = "made-up"
warmup_s = {warmup_s}
[[arrivals]]
shape = "constant"
process = "uniform"
rate_per_s = {rate}
duration_s = {duration_s}
[mix]
view = 0.8
short_link = 0.2
[popularity]
alpha = 0.9
assets = {assets}
[objectives.total]
p99_ms = 500
error_ratio = 0.01
"""
SCAN = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
print(sum(pq.read_table(path).num_rows for path in sorted(Path(sys.argv[1], "samples").iterdir())))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took."""

    wall_s: float
    cpu_s: float  # all its threads; steadier than the wall clock on a busy machine
    peak_mb: float  # resident, at most


def main() -> int:
    """Prints a line a size, medians over the rounds."""
    parser = parser_of(__doc__)
    parser.add_argument("--samples", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="another checkout, timed in the same rounds"
    )
    asked = parser.parse_args()
    trees = {"report": ROOT} | ({"against": asked.against.resolve()} if asked.against else {})
    for samples in asked.samples:
        with tempfile.TemporaryDirectory(prefix="tidegauge-post-") as path:
            with ProcessPoolExecutor(1) as pool:  # what a child takes at most counts what its parent holds
                folder = pool.submit(write_run, Path(path), samples).result()
            first = _report(folder, ROOT)
            print(f"{samples:,} samples; the first report, with merging: {_told(first)}", flush=True)  # noqa: T201
            _rounds(folder, trees, asked.rounds)
    return 0


def _rounds(folder: RunFolder, trees: dict[str, Path], rounds: int) -> None:
    """Each in turn, so that what else the machine does falls on all alike."""
    taken: dict[str, list[Cost]] = {name: [] for name in ("scan", *trees)}
    for _ in range(rounds):
        taken["scan"].append(run_child([sys.executable, "-c", SCAN, str(folder.path)], ROOT))
        for name, tree in trees.items():
            taken[name].append(_report(folder, tree))
    scan_s = statistics.median(cost.wall_s for cost in taken["scan"])
    for name, costs in taken.items():
        median = Cost(
            wall_s=statistics.median(cost.wall_s for cost in costs),
            cpu_s=statistics.median(cost.cpu_s for cost in costs),
            peak_mb=max(cost.peak_mb for cost in costs),
        )
        print(f"  {name:<8} {_told(median)}, {median.wall_s / scan_s:.1f} times the scan", flush=True)  # noqa: T201


def _told(cost: Cost) -> str:
    return f"{cost.wall_s:6.2f} s, {cost.cpu_s:6.2f} s of CPU, {cost.peak_mb:5.0f} MB at most"


def _report(folder: RunFolder, tree: Path) -> Cost:
    return run_child([sys.executable, "-m", "tidegauge", "report", str(folder.path)], tree)


def run_child(command: list[str], tree: Path) -> Cost:
    """Runs a command to its end, in `tree`; SystemExit when it fails."""
    began = time.monotonic()
    with subprocess.Popen(command, cwd=tree, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"error: {command} ended with {child.returncode}")
    return Cost(
        wall_s=time.monotonic() - began,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def write_run(path: Path, samples: int) -> RunFolder:
    """A run of that many requests, as its command leaves it: nothing merged yet."""
    duration_s = samples / STEPS / SESSIONS_PER_S
    plan_file = path / "plan.toml"
    flows = "".join(
        f'[[flow]]\nname = "{flow}"\n'
        + "".join(f'[[flow.step]]\npath = "{name.partition(" ")[2]}"\n' for name in names)
        for flow, names in FLOWS.items()
    )
    head = PLAN.format(warmup_s=duration_s / 20, rate=SESSIONS_PER_S, duration_s=duration_s, assets=ASSETS)
    plan_file.write_text(head + flows, encoding="utf-8")
    plan = load_plan(plan_file)
    folder = RunFolder.create(path / "run")
    rules = (("/v1/*", 0), ("/assets/*.gif", 86400), ("/assets/*.mp4", 86400), ("/*", 3600))
    stack = Stack(
        name="made-up",
        api_url="http://127.0.0.1:9",
        allowed_hosts=("127.0.0.1",),
        behaviour=tuple(Behaviour(path_pattern=pattern, ttl_s=ttl_s) for pattern, ttl_s in rules),
    )
    endpoints = tuple((flow, name) for flow, names in FLOWS.items() for name in names)
    folder.write_run(run_record(plan, stack, processes=PROCESSES, assets=ASSETS, endpoints=endpoints))
    _write_rows(folder, make_schedule(plan, ASSETS))
    return folder


def _write_rows(folder: RunFolder, schedule: Schedule) -> None:
    rng = np.random.default_rng(7)
    per_file = FILE_S * SESSIONS_PER_S
    for sequence, start in enumerate(range(0, len(schedule), per_file)):
        for process in range(PROCESSES):
            own = np.arange(start + process, min(start + per_file, len(schedule)), PROCESSES)
            outcomes = {
                "arrival": own,
                "process": np.full(len(own), process),
                "sent": np.full(len(own), True),
            }
            folder.write_part("samples", process, sequence, _samples(rng, schedule, own, process))
            folder.write_part("outcomes", process, sequence, _table("outcomes", outcomes))
            t_s = np.arange(sequence * FILE_S, (sequence + 1) * FILE_S) + 1.0
            health = {name: np.full(FILE_S, 0.4) for name in ("cpu_ratio", "loop_lag_ms")} | {"t_s": t_s}
            integers = {"process": np.full(FILE_S, process), "in_flight": np.full(FILE_S, 9)}
            folder.write_part("health", process, sequence, _table("health", health | integers))


def _samples(rng: np.random.Generator, schedule: Schedule, sessions: NDArray[np.int64], process: int) -> Any:
    """The requests of those sessions, one session's after another."""
    count = len(sessions) * STEPS
    session, step = np.repeat(sessions, STEPS), np.tile(np.arange(STEPS), len(sessions))
    flow, asset = schedule.flow_index[session], schedule.asset_rank[session]
    took_s = rng.lognormal(np.log(0.004), 1.0, (len(sessions), STEPS)) + rng.exponential(
        0.0002, (len(sessions), 1)
    )
    lag_s = np.where(step == 0, np.repeat(rng.exponential(0.0003, len(sessions)), STEPS), 0.0)
    done_s = schedule.intended_s[session] + np.cumsum(took_s, axis=1).ravel()
    intended_s = np.where(step == 0, schedule.intended_s[session], np.roll(done_s, 1))
    failed = (rng.random(count) < FAILED_RATIO) & (step == STEPS - 1)
    names = [[f"/v1/assets/{k}", f"/assets/{k}.gif", f"/v1/s/{k}", f"/assets/{k}.mp4"] for k in range(ASSETS)]
    kind = flow * STEPS + step
    return _table(
        "samples",
        {
            "intended_s": intended_s, "sent_s": np.minimum(intended_s + lag_s, done_s),
            "first_byte_s": done_s - 1e-5, "done_s": done_s, "connect_s": np.where(step == 0, 2e-4, np.nan),
            "process": np.full(count, process), "session": session, "step": step,
            "flow": _texts(list(schedule.flows), flow),
            "endpoint": _texts([name for flow in schedule.flows for name in FLOWS[flow]], kind),
            "status": np.where(failed, 500, 200), "cause": _texts(["status", None], np.where(failed, 0, 1)),
            "sent_bytes": np.full(count, 180), "received_bytes": 2000 + 400 * asset,
            "cache": _texts(["none", "hit", "miss"], np.where(step == 0, 0, 1 + (rng.random(count) < 0.1))),
            "pop": _texts(["FRA56-P1", "AMS1-C1"], rng.integers(0, 2, count)),
            "request_id": _request_ids(rng, count),
            "url_path": _texts([name for row in names for name in row], asset * len(names[0]) + kind),
            "base": _texts(["api", "cdn"], step),
        },
    )  # fmt: skip


def _request_ids(rng: np.random.Generator, count: int) -> Any:
    digits = rng.bytes(16 * count).hex()
    return pa.array([digits[at : at + 32] for at in range(0, len(digits), 32)])


def _texts(values: list[str | None], chosen: NDArray[np.integer]) -> Any:
    return pa.array(values, pa.string()).take(pa.array(chosen))


def _table(kind: str, columns: dict[str, Any]) -> Any:
    """Rows of `kind`; columns that are not given are null."""
    nothing = pa.nulls(len(next(iter(columns.values()))))
    arrays = [
        pa.array(columns.get(field.name, nothing), field.type, from_pandas=True) for field in KINDS[kind]
    ]
    return pa.Table.from_arrays(arrays, schema=KINDS[kind])


if __name__ == "__main__":
    sys.exit(main())
