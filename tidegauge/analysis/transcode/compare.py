"""Did the transcode core get dearer? Two benches of one ffmpeg build and one machine, cell by cell.

CPU-seconds decide: wall time on a shared machine says more about its neighbours. The ratio is Hodges and
Lehmann's estimate of the shift between the rounds' logarithms, its interval and its test those of the exact
rank sum (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 4.1 to 4.3); the test asks whether
the ratio is above the threshold, and Holm's method keeps the chance of any false alarm over all cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from tidegauge.analysis.transcode.document import Bench, Cell
from tidegauge.errors import TidegaugeError

ALPHA = 0.05
CONFIDENCE = 0.95
SPOT = "-spot"
# Two builds of one version differ, and so do two processors of one family.
MUST_MATCH = {"ffmpeg": ("sha256",), "machine": ("cpu_model", "architecture", "cores")}

Key = tuple[str, str, str]  # media, rendition, profile
Counts = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One cell of both benches."""

    media: str
    rendition: str
    profile: str
    base_cpu_s: float
    new_cpu_s: float
    ratio: float  # new / base
    low: float | None  # two-sided, at CONFIDENCE; None where so few rounds have no such interval
    high: float | None
    p_holm: float
    regressed: bool
    bytes_ratio: float | None
    vmaf_change: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The verdict and what it rests on."""

    verdict: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    reasons: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    only_in_base: tuple[Key, ...]
    only_in_new: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A cell that has rounds."""

    cell: Cell
    cpu_s: tuple[float, ...]


def compare_benches(base: Bench, new: Bench, threshold: float) -> Compared:
    """Whether any cell of `new` takes over (1 + `threshold`) times the CPU-seconds of `base`.

    Raises TidegaugeError where ffmpeg build or machine differ, or no cell is in both.
    """
    _refuse_unlike(base, new)
    before, after = _measured(base), _measured(new)
    shared = [key for key in before if key in after]
    if not shared:
        raise TidegaugeError(
            "the two benches have no measured cell in common",
            "bench the same media, renditions and profiles twice",
        )
    p_values = [_p_above(before[key], after[key], threshold) for key in shared]
    comparisons = tuple(
        _comparison(before[key], after[key], p) for key, p in zip(shared, holm(p_values), strict=True)
    )
    reasons = tuple(_reasons(comparisons, before, after, threshold))
    return Compared(
        verdict=_verdict(comparisons, reasons),
        reasons=reasons,
        comparisons=comparisons,
        only_in_base=tuple(key for key in before if key not in after),
        only_in_new=tuple(key for key in after if key not in before),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that rejecting those up to alpha errs with at most alpha over all (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return [float(p) for p in adjusted]


def shift_of_logs(
    base: Sequence[float], new: Sequence[float], confidence: float = CONFIDENCE
) -> tuple[float, float | None, float | None]:
    """(ratio, low, high) of new / base: the median of all pairs' ratios, and its rank-sum interval."""
    ratios = np.sort(np.divide.outer(np.asarray(new, float), np.asarray(base, float)).ravel())
    rank = _interval_rank(len(base), len(new), (1 - confidence) / 2)
    if rank is None:
        return float(np.median(ratios)), None, None
    return float(np.median(ratios)), float(ratios[rank - 1]), float(ratios[len(ratios) - rank])


def smallest_p(base_rounds: int, new_rounds: int) -> float:
    """The least one-sided p that so many rounds can reach: every new one above every base one."""
    return float(stats.mannwhitneyu(
        np.arange(base_rounds, base_rounds + new_rounds), np.arange(base_rounds), alternative="greater",
        method="exact",
    ).pvalue)  # fmt: skip


def _interval_rank(m: int, n: int, tail: float) -> int | None:
    """The largest k for which P(U <= k - 1) <= tail: the k-th smallest pair is the interval's end."""
    counts = _rank_sum_counts(m, n)
    below = np.cumsum(counts) / counts.sum()
    k = int(np.searchsorted(below, tail, side="right"))
    return k if k >= 1 else None


def _rank_sum_counts(m: int, n: int) -> Counts:
    """How many orders of m and n values have U = 0, 1, … mn.

    The coefficients of the Gaussian binomial, the product over i of (1 - x^(m+i)) / (1 - x^i).
    """
    counts = [1]
    for i in range(1, n + 1):
        series = [*counts, *[0] * (m + i)]
        for index, count in enumerate(counts):
            series[index + m + i] -= count
        for index in range(i, len(series)):
            series[index] += series[index - i]
        counts = series[: m * i + 1]
    return np.asarray(counts, dtype=float)


def _p_above(base: _Measured, new: _Measured, threshold: float) -> float:
    scaled = np.asarray(new.cpu_s) / (1 + threshold)
    return float(stats.mannwhitneyu(scaled, base.cpu_s, alternative="greater", method="exact").pvalue)


def _comparison(measured_base: _Measured, measured_new: _Measured, p_holm: float) -> Comparison:
    base, new = measured_base.cell, measured_new.cell
    ratio, low, high = shift_of_logs(measured_base.cpu_s, measured_new.cpu_s)
    has_bytes = base.bytes_out is not None and new.bytes_out is not None
    has_vmaf = base.vmaf_mean is not None and new.vmaf_mean is not None
    return Comparison(
        media=base.media,
        rendition=base.rendition,
        profile=base.profile,
        base_cpu_s=float(np.median(measured_base.cpu_s)),
        new_cpu_s=float(np.median(measured_new.cpu_s)),
        ratio=ratio,
        low=low,
        high=high,
        p_holm=p_holm,
        regressed=p_holm <= ALPHA,
        bytes_ratio=new.bytes_out / base.bytes_out if has_bytes else None,  # type: ignore[operator]
        vmaf_change=new.vmaf_mean - base.vmaf_mean if has_vmaf else None,  # type: ignore[operator]
    )


def _reasons(
    comparisons: Sequence[Comparison],
    before: dict[Key, _Measured],
    after: dict[Key, _Measured],
    threshold: float,
) -> list[str]:
    found = [
        f"{each.media} {each.rendition} {each.profile}: {each.ratio:.3f} times the CPU-seconds"
        for each in comparisons
        if each.regressed
    ]
    for each in comparisons:
        key = (each.media, each.rendition, each.profile)
        rounds = len(before[key].cpu_s), len(after[key].cpu_s)
        reachable = smallest_p(*rounds) * len(comparisons)
        if not each.regressed and each.ratio > 1 + threshold and reachable > ALPHA:
            found.append(
                f"{each.media} {each.rendition} {each.profile}: {each.ratio:.3f} times, but {rounds[0]} and "
                f"{rounds[1]} rounds cannot tell it from chance among {len(comparisons)} cells"
            )
    return found


def _verdict(
    comparisons: Sequence[Comparison], reasons: Sequence[str]
) -> Literal["PASS", "FAIL", "INCONCLUSIVE"]:
    if any(each.regressed for each in comparisons):
        return "FAIL"
    return "INCONCLUSIVE" if reasons else "PASS"


def _measured(bench: Bench) -> dict[Key, _Measured]:
    """The cells that have rounds; those brought in from elsewhere are of another machine.

    A size's Spot twin shares its rounds, and would only be counted twice.
    """
    profiles = {cell.profile for cell in bench.cells}
    return {
        (cell.media, cell.rendition, cell.profile): _Measured(cell=cell, cpu_s=cell.cpu_s_rounds)
        for cell in bench.cells
        if cell.cpu_s_rounds
        and cell.provenance in ("measured", "emulated")
        and not (cell.profile.endswith(SPOT) and cell.profile.removesuffix(SPOT) in profiles)
    }


def _refuse_unlike(base: Bench, new: Bench) -> None:
    for block, keys in MUST_MATCH.items():
        for key in keys:
            ours, theirs = getattr(base, block).get(key), getattr(new, block).get(key)
            if ours is None or ours != theirs:
                raise TidegaugeError(
                    f"the benches are not alike: {block} {key} is {ours!r:.80} and {theirs!r:.80}",
                    "compare benches of one ffmpeg build on one kind of machine",
                )
