"""Does a run come out the same however many processes send it?

    python -m benches.merge --rate 500 --seconds 20

The same plan and seed by one process and by four, on a server that answers at once. The intended sends (time,
flow, asset) must be the same list. Of the four, the quantiles of summary.json must be those of all their
samples joined and sorted, and those of the merged histograms within 0.1 % of them.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benches.arguments import parser_of
from benches.target import call, nginx, run, run_command, two_cores, write_stack
from tidegauge.store import RunFolder
from tidegauge.summary import Summary

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
HISTOGRAM_ERROR_MAX = 0.001
PLAN = """
name = "merge"
seed = 11
[[arrivals]]
shape = "ramp"
from_rate_per_s = {low}
to_rate_per_s = {high}
duration_s = {seconds}
[mix]
one = 0.7
two = 0.3
[popularity]
alpha = 0.8
assets = 500
[[flow]]
name = "one"
[[flow.step]]
path = "/one/{{asset_id}}"
[[flow]]
name = "two"
[[flow.step]]
path = "/two/{{asset_id}}"
[[flow.step]]
path = "/two/{{asset_id}}/more"
think_time_s = 0.05
"""


def main() -> int:
    """0 when all agree."""
    parser = parser_of(__doc__)
    parser.add_argument("--rate", type=float, default=500.0, help="mean sessions a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidegauge-merge-") as name, nginx(two_cores().server) as target:
        folder = Path(name)
        plan = folder / "plan.toml"
        plan.write_text(
            PLAN.format(low=asked.rate / 2, high=asked.rate * 1.5, seconds=asked.seconds), "utf-8"
        )
        stack = write_stack(folder, target.url)
        whole = _run(plan, stack, folder / "one", 1, "all")
        parts = _run(plan, stack, folder / "four", 4, "all")
        same = _intended(folder / "one").equals(_intended(folder / "four"))
        samples = _samples(folder / "four")
        # the same run's merged histograms: measured again from a copy without its sample rows
        counted = _from_histograms(folder / "four", folder / "counted")
    joined = _quantiles(samples, asked.seconds)
    seen = {name: parts.total.response_time_ms.value(name) for name in QUANTILES}
    errors = {name: abs(counted[name] / joined[name] - 1) for name in QUANTILES}
    exact = all(seen[name] == joined[name] for name in QUANTILES)
    print(  # noqa: T201
        json.dumps(
            {
                "requests": [whole.total.count, parts.total.count],
                "processes": sorted(samples["process"].unique().tolist()),
                "same_intended_sends": same,
                "quantiles_ms": seen,
                "equal_to_joined_samples": exact,
                "histograms_off_by_at_most": max(errors.values()),
            }
        )
    )
    return int(not same or not exact or max(errors.values()) > HISTOGRAM_ERROR_MAX)


def _run(plan: Path, stack: Path, out: Path, processes: int, samples: str) -> Summary:
    return run([*run_command(plan, stack, out, [f"samples={samples}"]), "--processes", str(processes)])


def _intended(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "arrivals.parquet")[["intended_s", "flow", "asset"]]


def _samples(out: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in sorted((out / "samples").glob("*.parquet"))])


def _quantiles(samples: pd.DataFrame, end_s: float) -> dict[str, float]:
    """Quantiles in ms of the requests due by `end_s`: the ceil(qn)-th smallest."""
    due = samples[samples["intended_s"] <= end_s]
    times = np.sort((due["done_s"] - due["intended_s"]).to_numpy()) * 1000
    return {name: float(times[math.ceil(q * len(times)) - 1]) for name, q in QUANTILES.items()}


def _from_histograms(out: Path, copy: Path) -> dict[str, float]:
    shutil.copytree(out, copy)
    shutil.rmtree(copy / "samples")
    folder = RunFolder(copy)
    record = folder.read_run()
    folder.write_run(replace(record, plan=replace(record.plan, samples="none")))
    call([sys.executable, "-m", "tidegauge", "report", str(copy), "--json"])
    times = folder.read_summary().total.response_time_ms
    values = {name: times.value(name) for name in QUANTILES}
    if lacking := [f"{name} ({times.unsupported[name]})" for name, value in values.items() if value is None]:
        sys.exit(f"error: too few requests for {', '.join(lacking)}\nhint: raise --rate or --seconds")
    return {name: value for name, value in values.items() if value is not None}


if __name__ == "__main__":
    sys.exit(main())
