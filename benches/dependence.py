"""Do verdicts and intervals hold where requests wait for each other? Queues whose truth is known.

    python -m benches.dependence

M/M/8 and M/G/8 (squared coefficient of variation 4: hyperexponential, or --law lognormal), mean service
60 ms, first come first served, from a stationary start; beside them service without a queue. Each run is
judged by requests as if they were independent (before) and by their effective number (after):

share, P99  how often the two-sided 95 % interval holds the true value; the goal is 92 % or more
PASS, FAIL  one-sided, at a limit that exactly the allowed 1 % of all requests exceed; 9 % or less
at half     PASS where the limit is exceeded by half of the allowed share; at load .7 and 300 s 95 % or more
width       of the share's interval, over that before; of independent requests 1.3 or less

Then a load that climbs from .1 to .8, and one that spikes from .3 to .7: at half of the allowed share they
are to PASS, at twice of it to FAIL. The truth of M/M/8 is the closed form (Erlang's C), that of the others is
counted over all runs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benches.arguments import parser_of
from tidegauge.analysis.blocked_times import BlockedTimes
from tidegauge.analysis.blocks import blocks_of
from tidegauge.analysis.dependence import Effective
from tidegauge.analysis.durations import Durations
from tidegauge.analysis.intervals import clopper_pearson
from tidegauge.analysis.quantiles import bounds_of
from tidegauge.analysis.traffic import Window

Floats = NDArray[np.float64]
Law = Literal["exponential", "hyperexponential", "lognormal", "no queue"]

SERVERS, MEAN_S = 8, 0.06
SQUARED_CV = 4.0
ALLOWED = 0.01
P99 = Fraction(99, 100)
LOADS, SECONDS = (0.5, 0.7, 0.9), (60, 300, 1200)
BURN_IN_S = 60.0  # many times as long as the queue remembers
STEPS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """An offered load over time: `at` gives it as a share of what the servers can do."""

    at: Callable[[Floats], Floats]
    most: float
    borders_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Requests of many runs at once, a column a run: when they came, and how long they took."""

    intended_s: NDArray[np.float32]
    response_s: NDArray[np.float32]

    def within(self, seconds: float) -> Iterator[tuple[Floats, Floats]]:
        """Each run's requests up to that time."""
        for intended, response in zip(self.intended_s.T, self.response_s.T, strict=True):
            inside = (intended > 0) & (intended <= seconds)
            yield intended[inside].astype(np.float64), response[inside].astype(np.float64)

    def share_over(self, limit_s: float, seconds: float) -> float:
        """The share of all runs' requests that took longer."""
        inside = (self.intended_s > 0) & (self.intended_s <= seconds)
        return float((self.response_s[inside] > limit_s).mean())

    def limit_of(self, share: float, seconds: float) -> float:
        """The limit that this share of all runs' requests exceeds."""
        inside = (self.intended_s > 0) & (self.intended_s <= seconds)
        return float(np.quantile(self.response_s[inside], 1 - share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a setting's runs were judged, as shares of them; `width`: its median, in shares of requests."""

    law: str
    load: str
    seconds: int
    judged: Literal["before", "after"]
    share_covered: float
    p99_covered: float
    passed: float
    failed: float
    passed_at_half: float
    width: float


def main() -> int:
    """Prints the table; exits 1 where a goal is missed."""
    parser = parser_of(__doc__)
    parser.add_argument("--runs", type=int, default=600, metavar="N", help="of each setting (600)")
    parser.add_argument("--seconds", type=int, nargs="+", default=SECONDS, metavar="S", help="60 300 1200")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--law", choices=("hyperexponential", "lognormal"), default="hyperexponential", help="of M/G/8"
    )
    parser.add_argument("--json", action="store_true", help="one document on stdout")
    options = parser.parse_args()
    began = time.monotonic()
    outcomes, missed = [], []
    for number, law in enumerate(("exponential", options.law, "no queue")):
        for load in LOADS:
            seed = (options.seed, number, int(load * 10))
            for outcome in stationary(law, load, options.seconds, options.runs, seed):
                outcomes.append(outcome)
                missed += goals_missed(outcome, outcomes)
                tell(outcome)
    decided = {shape: decides(shape, options.runs, options.seed) for shape in ("ramp", "spike")}
    for shape, shares in decided.items():
        print(f"{shape}: PASS at half {shares[0]:.3f}, FAIL at twice {shares[1]:.3f}", file=sys.stderr)  # noqa: T201
        missed += [f"{shape}: {shares}"] if min(shares) < 0.95 else []
    print(f"{time.monotonic() - began:.0f} s; goals missed: {'; '.join(missed) or 'none'}", file=sys.stderr)  # noqa: T201
    if options.json:
        print(  # noqa: T201
            json.dumps({"outcomes": [asdict(row) for row in outcomes], "decided": decided, "missed": missed})
        )
    return 1 if missed else 0


def tell(outcome: Outcome) -> None:
    """A row of the table."""
    print(  # noqa: T201
        f"{outcome.law:16} {outcome.load:>4} {outcome.seconds:5} s {outcome.judged:6}"
        f" share {outcome.share_covered:.3f} P99 {outcome.p99_covered:.3f} PASS {outcome.passed:.3f}"
        f" FAIL {outcome.failed:.3f} at half {outcome.passed_at_half:.3f} width {outcome.width:.5f}",
        file=sys.stderr,
        flush=True,
    )


def goals_missed(row: Outcome, before: Sequence[Outcome]) -> list[str]:
    """What is not as it should be."""
    if row.judged == "before":
        return []
    today = next(each for each in reversed(before) if each.judged == "before")
    held = {
        "share": row.share_covered >= 0.92,
        "P99": row.p99_covered >= 0.92,
        "PASS": row.passed <= 0.09,
        "FAIL": row.failed <= 0.09,
        "at half": row.passed_at_half >= 0.95 or (row.load, row.seconds) != ("0.7", 300),
        "width": row.width <= 1.3 * today.width or row.law != "no queue",
    }
    return [f"{row.law} {row.load} {row.seconds} s {name}" for name, holds in held.items() if not holds]


def stationary(
    law: Law, load: float, seconds: Sequence[int], runs: int, seed: Sequence[int]
) -> Iterator[Outcome]:
    """A steady load, looked at for each of `seconds` from one and the same start."""
    longest = max(seconds)
    made = simulate(law, Load(at=lambda t: np.full_like(t, load), most=load), longest, runs, seed)
    limits = [limit_of(made, law, load, share, longest) for share in (ALLOWED, ALLOWED / 2)]
    for length in seconds:
        yield from judged(made, Window(warmup_s=0, end_s=length), limits, (law, f"{load:g}"))


def limit_of(runs: Runs, law: Law, load: float, share: float, seconds: float) -> float:
    """The response time that this share of requests exceeds."""
    return limit_of_mm8(load, share) if law == "exponential" else runs.limit_of(share, seconds)


def limit_of_mm8(load: float, share: float) -> float:
    """By bisection of the closed form (Kleinrock, Queueing Systems I, 1975): Erlang's wait plus service."""
    offered = load * SERVERS
    terms = np.cumprod([1.0, *(offered / k for k in range(1, SERVERS + 1))])
    last = terms[-1] / (1 - load)
    waits = last / (terms[:-1].sum() + last)
    mu, theta = 1 / MEAN_S, SERVERS / MEAN_S * (1 - load)

    def over(t: float) -> float:
        late = waits * theta / (theta - mu) * (np.exp(-mu * t) - np.exp(-theta * t))
        return float((1 - waits) * np.exp(-mu * t) + waits * np.exp(-theta * t) + late)

    low, high = 0.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if over(middle) > share else (low, middle)
    return low


def decides(shape: str, runs: int, seed: int) -> tuple[float, float]:
    """How often a changing load is told PASS at half of the allowed share, and FAIL at twice of it."""
    if shape == "ramp":
        load = Load(at=lambda t: np.clip(0.1 + 0.7 * t / 300, 0.1, 0.8), most=0.8)
    else:
        load = Load(
            at=lambda t: np.interp(t, [100, 110, 170, 180], [0.3, 0.7, 0.7, 0.3]),
            most=0.7,
            borders_s=(100, 110, 170, 180),
        )
    made = simulate("exponential", load, 300, runs, (seed, 99, len(shape)))
    window = Window(warmup_s=0, end_s=300, borders_s=load.borders_s)
    limits = [made.limit_of(ALLOWED * times, 300) for times in (2, 0.5)]
    after = [row for row in judged(made, window, limits, ("exponential", shape)) if row.judged == "after"]
    return after[0].passed_at_half, after[0].failed


def judged(runs: Runs, window: Window, limits: Sequence[float], named: tuple[str, str]) -> list[Outcome]:
    """Before and after; `limits`: one to be judged at, and an easier one."""
    rows: dict[str, list[tuple[float, ...]]] = {"before": [], "after": []}
    p99_s = runs.limit_of(ALLOWED, window.end_s) if window.borders_s else limits[0]
    for intended_s, response_s in runs.within(window.end_s):
        times = blocked(window, intended_s, response_s)
        for name, own in rows.items():
            own.append(_judge(times, limits, p99_s, independent=name == "before"))
    return [_outcome(np.array(own), named, int(window.end_s), name) for name, own in rows.items()]


def blocked(window: Window, intended_s: Floats, response_s: Floats) -> BlockedTimes:
    """A run's times as the summary sees them."""
    blocks = blocks_of(window)
    number = blocks.of_times(intended_s)
    parts = [Durations.of(response_s[number == each]) for each in range(blocks.count)]
    return BlockedTimes(blocks=blocks, parts=parts)


def _judge(
    times: BlockedTimes, limits: Sequence[float], p99_s: float, *, independent: bool
) -> tuple[float, ...]:
    """Share covered, P99 covered, PASS, FAIL, PASS at the easier limit, width."""
    n = times.all.n
    none = np.zeros(times.blocks.count, dtype=np.int64)
    bounds = []
    for limit_s in limits:
        violations, worth = times.beyond(limit_s, none)
        worth = Effective(n=n) if independent else worth
        one, two = worth.size(0.05), worth.size(0.025)
        bounds.append(
            (*clopper_pearson(violations / n * one, one), *clopper_pearson(violations / n * two, two, 0.975))
        )
    lower, upper, low, high = bounds[0]
    worth = Effective(n=n) if independent else times.effective([P99])[0]
    ranks = bounds_of(n, P99, worth)
    at = times.all.at_ranks([rank for rank in ranks if rank is not None], times.bucketed).tolist()
    low_s = 0.0 if ranks[0] is None else at[0]
    high_s = np.inf if ranks[1] is None else at[-1]
    return (
        low <= ALLOWED <= high,
        low_s <= p99_s <= high_s,
        upper <= ALLOWED,
        lower > ALLOWED,
        bounds[1][1] <= ALLOWED,
        high - low,
    )


def _outcome(rows: Floats, named: tuple[str, str], seconds: int, name: str) -> Outcome:
    shares = rows.mean(axis=0).tolist()
    return Outcome(
        law=named[0],
        load=named[1],
        seconds=seconds,
        judged="before" if name == "before" else "after",
        share_covered=shares[0],
        p99_covered=shares[1],
        passed=shares[2],
        failed=shares[3],
        passed_at_half=shares[4],
        width=float(np.median(rows[:, 5])),
    )


def simulate(law: Law, load: Load, seconds: float, runs: int, seed: Sequence[int]) -> Runs:
    """Poisson arrivals to eight servers, all runs side by side."""
    generator = np.random.default_rng(seed)
    most_per_s = load.most * SERVERS / MEAN_S
    expected = most_per_s * (seconds + BURN_IN_S)
    count = int(expected + 6 * np.sqrt(expected))
    came_s = np.cumsum(generator.exponential(1 / most_per_s, (count, runs)), axis=0) - BURN_IN_S
    kept = generator.random((count, runs)) * load.most < load.at(came_s)  # thinned (Lewis and Shedler 1979)
    took_s = np.empty((count, runs), dtype=np.float32)
    free_s = np.full((runs, SERVERS), -BURN_IN_S)
    every = np.arange(runs)
    for start in range(0, count, STEPS_AT_ONCE):
        served_s = services(law, generator, (min(STEPS_AT_ONCE, count - start), runs))
        for step, own_s in enumerate(served_s, start):
            first = free_s.argmin(axis=1)
            done_s = np.maximum(came_s[step], free_s[every, first]) + own_s
            if law == "no queue":
                done_s = came_s[step] + own_s
            took_s[step] = done_s - came_s[step]
            free_s[every, first] = np.where(kept[step], done_s, free_s[every, first])
    came_s[~kept] = -BURN_IN_S
    return Runs(intended_s=came_s.astype(np.float32), response_s=took_s)


def services(law: Law, generator: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Service times of that law, MEAN_S on average."""
    if law == "lognormal":
        variance = np.log(1 + SQUARED_CV)
        return generator.lognormal(np.log(MEAN_S) - variance / 2, np.sqrt(variance), shape)
    if law == "hyperexponential":  # of two phases with balanced means
        often = (1 + np.sqrt((SQUARED_CV - 1) / (SQUARED_CV + 1))) / 2
        weight: Floats = np.where(generator.random(shape) < often, often, 1 - often)
        return np.asarray(generator.exponential(MEAN_S, shape) / (2 * weight))
    return generator.exponential(MEAN_S, shape)


if __name__ == "__main__":
    sys.exit(main())
