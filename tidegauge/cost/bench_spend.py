"""What a bench on rented tasks costs: about how much, and how much at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tidegauge.cost.money import to_decimal
from tidegauge.cost.transcode import MINIMUM_S, SECONDS_PER_HOUR

# Assumptions of the expected time; the most that can be spent does not rest on them.
CPU_S_PER_ROUND = 5.0  # a clip of five seconds at 480p, as a palette GIF or a medium MP4
QUALITY_CPU_S = 5.0  # VMAF and SSIM, once a cell
START_S = 57.0  # from image pull to start: the mean of ten 413 MB images


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLoad:
    """What each task of a profile has to do."""

    profile: str
    usd_per_hour: Decimal | None  # null where the price book has none
    vcpu: float
    cells: int
    rounds: int
    quality: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """USD of all tasks of all profiles; null where a price is missing."""

    tasks: int
    expected_usd: Decimal | None
    at_most_usd: Decimal | None  # every task up to its time limit
    unpriced: tuple[str, ...]


def expected_s(load: TaskLoad) -> float:
    """Start, a warm-up and the rounds of each cell, and their quality, on all of the task's vCPUs."""
    cpu_s = load.cells * ((load.rounds + 1) * CPU_S_PER_ROUND + (QUALITY_CPU_S if load.quality else 0))
    return START_S + cpu_s / load.vcpu


def bench_spend(loads: Sequence[TaskLoad], tasks_each: int, limit_s: float) -> Spend:
    """Tasks are billed by the second, a minute at least; requests and the bytes of media are not counted."""
    unpriced = tuple(load.profile for load in loads if load.usd_per_hour is None)
    times = [(load.usd_per_hour, min(expected_s(load), limit_s)) for load in loads]
    priced = [(usd, seconds) for usd, seconds in times if usd is not None]
    return Spend(
        tasks=tasks_each * len(loads),
        expected_usd=None if unpriced else _sum(priced, tasks_each),
        at_most_usd=None if unpriced else _sum([(usd, limit_s) for usd, _ in priced], tasks_each),
        unpriced=unpriced,
    )


def _sum(priced: Sequence[tuple[Decimal, float]], tasks_each: int) -> Decimal:
    exact = sum(
        (Fraction(usd) * Fraction(max(seconds, MINIMUM_S)) for usd, seconds in priced), Fraction(0)
    ) * Fraction(tasks_each, SECONDS_PER_HOUR)
    return to_decimal(exact)
