"""How near are quantiles to those of the sorted list, from samples, from histograms and in Locust?

    python -m benches.resolution --requests 1000000

Known latencies go through the writer that every generator has, into samples and histograms on disk, and
back through the analysis that makes a summary. Locust gets the same list in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benches.arguments import parser_of
from tests.support.run_records import run_record
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.traffic import Window, traffic_of_counts, traffic_of_samples
from tidegauge.engine.writer import Writer
from tidegauge.histograms import rank_of
from tidegauge.plan import Flow, Plan, Step
from tidegauge.records import Sample
from tidegauge.results.frames import read_stretches
from tidegauge.row_files import SCHEMAS
from tidegauge.run_record import RunRecord
from tidegauge.shapes import Constant
from tidegauge.stack import Stack
from tidegauge.store import RunFolder

Floats = NDArray[np.float64]

RATE_PER_S = 10_000
SEED = 7
WITHIN_RATIO = 0.001
QUANTILES = tuple(
    Fraction(q) for q in ("0.01", "0.1", "0.5", "0.9", "0.92", "0.95", "0.99", "0.999", "0.9999", "0.99999")
)
LOCUST = """
import collections, sys
import locust.stats
import numpy as np
times_ms = np.frombuffer(sys.stdin.buffer.read())
counts = collections.Counter(locust.stats.bucket_response_time(float(ms)) for ms in times_ms)
for q in map(float, sys.argv[1:]):
    print(locust.stats.calculate_response_time_percentile(counts, len(times_ms), q))
"""


def main() -> int:
    """Prints a table a law of latencies; the exit code says whether the promise held."""
    parser = parser_of(__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000, help="latencies of each law")
    count = parser.parse_args().requests
    worst = max(_compare(name, values_s) for name, values_s in _laws(count).items())
    verdict = "holds" if worst <= WITHIN_RATIO else "BROKEN"
    promised = f"(promised: {WITHIN_RATIO:.1%})"
    print(f"largest error of any rank from histograms: {worst:.4%} {promised}: {verdict}")  # noqa: T201
    return 0 if worst <= WITHIN_RATIO else 1


def _laws(count: int) -> dict[str, Floats]:
    rng = np.random.default_rng(SEED)
    slow = rng.random(count) < 0.02
    return {
        "lognormal, median 4 ms, sigma 1.5": rng.lognormal(np.log(0.004), 1.5, count),
        "two points, 2 ms and 1049.9 ms for 2 %": np.where(slow, 1.0499, 0.002),
        "Pareto above 0.3 ms, index 1.1": 0.0003 * (1 + rng.pareto(1.1, count)),
    }


def _compare(name: str, latencies_s: Floats) -> float:
    intended_s = np.arange(1, len(latencies_s) + 1) / RATE_PER_S
    done_s = intended_s + latencies_s
    exact_ms = np.sort(done_s - intended_s) * 1000
    with tempfile.TemporaryDirectory() as path:
        folder = RunFolder(Path(path))
        _record(folder, intended_s, done_s)
        samples, counted = _read(folder, intended_s[-1])
    from_locust = _locust(exact_ms)
    n = len(exact_ms)
    print(f"\n{name}: {n:,} requests")  # noqa: T201
    columns = ("quantile", "sorted list", "samples", "histograms", "error", "Locust", "error")
    widths = (9, 15, 15, 15, 9, 10, 9)
    print(*(f"{name:>{width}}" for name, width in zip(columns, widths, strict=True)))  # noqa: T201
    ranks = np.arange(1, n + 1)
    samples_ms, histograms_ms = (found.at_ranks(ranks) * 1000 for found in (samples, counted))
    for q, peer_ms in zip(QUANTILES, from_locust, strict=True):
        place = rank_of(n, q) - 1
        truth, sample, histogram = exact_ms[place], samples_ms[place], histograms_ms[place]
        errors = [f"{value / truth - 1:+.4%}" for value in (histogram, peer_ms)]
        print(  # noqa: T201
            f"{'P' + format(float(q) * 100, 'g'):>9} {truth:12.6f} ms {sample:12.6f} ms {histogram:12.6f} ms"
            f" {errors[0]:>9} {peer_ms:7g} ms {errors[1]:>9}"
        )
    assert np.array_equal(samples_ms, exact_ms), "samples are to be exact"
    return float(np.max(np.abs(histograms_ms / exact_ms - 1)))


def _record(folder: RunFolder, intended_s: Floats, done_s: Floats) -> None:
    """Puts the latencies through the writer, a second in each batch."""
    folder.write_run(_run(float(intended_s[-1])))
    writer = Writer(folder, 0, live=False)
    for start in range(0, len(intended_s), RATE_PER_S):
        due_s, ended_s = (times[start : start + RATE_PER_S].tolist() for times in (intended_s, done_s))
        columns: dict[str, Any] = dict.fromkeys(Sample._fields, (None,) * len(due_s))
        columns |= {"intended_s": due_s, "sent_s": due_s, "done_s": ended_s}
        columns |= {name: ("GET /x",) * len(due_s) for name in ("flow", "endpoint", "base", "url_path")}
        columns["session"] = tuple(range(start, start + len(due_s)))
        columns["status"] = (200,) * len(due_s)
        for name in ("process", "step", "sent_bytes", "received_bytes"):
            columns[name] = (0,) * len(due_s)
        writer.take("samples", list(columns.values()))
        writer.end_batch()
    writer.close_files()
    folder.merge_counts("histograms")


def _run(end_s: float) -> RunRecord:
    """A run up to `end_s` of which every request is stored."""
    phase = Constant(shape="constant", rate_per_s=RATE_PER_S, duration_s=end_s)
    ping = Flow(name="ping", step=(Step(path="/x"),))
    plan = Plan(arrivals=(phase,), flow=(ping,), seed=SEED)
    stack = Stack(api_url="http://127.0.0.1", allowed_hosts=("127.0.0.1",))
    return run_record(plan, stack, endpoints=(("ping", "GET /x"),))


def _read(folder: RunFolder, end_s: float) -> tuple[Durations, Durations]:
    window = Window(warmup_s=0.0, end_s=end_s)
    samples = traffic_of_samples([folder.read_rows("samples")[0].to_pandas()], window, ())
    moments = SCHEMAS["moments"].empty_table().to_pandas()
    sessions = SCHEMAS["sessions"].empty_table().to_pandas()
    counted = traffic_of_counts(read_stretches(folder), moments, [sessions], window)
    return samples.response.of(), counted.response.of()


def _locust(times_ms: Floats) -> list[float]:
    """What Locust's own rounding makes of the times."""
    command = [sys.executable, "-c", LOCUST, *(str(float(q)) for q in QUANTILES)]
    done = subprocess.run(command, input=times_ms.tobytes(), capture_output=True, check=True)
    return [float(line) for line in done.stdout.split()]


if __name__ == "__main__":
    sys.exit(main())
