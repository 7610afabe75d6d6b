"""Rate-quality curves: BD-rate between two of them, and what an encoder costs at a given quality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import PchipInterpolator

POINTS_MIN = 4  # fewer do not fix a curve's shape (ITU-T VCEG-M33 takes four)

Rated = tuple[float, float]  # (bytes or bits a second, VMAF)


@dataclass(frozen=True, slots=True, kw_only=True)
class BdRate:
    """How many bytes more (+) or less (-) a curve takes than another at equal quality, in per cent."""

    percent: float | None
    vmaf_low: float | None  # the overlap that it is the mean over
    vmaf_high: float | None
    reason: str | None  # why `percent` is null


def bd_rate(anchor: Sequence[Rated], test: Sequence[Rated]) -> BdRate:
    """Mean distance of log rate over the quality that both curves reach (Bjøntegaard, VCEG-M33).

    Interpolated piecewise by PCHIP, as JCTVC-L1100 does, since a single cubic overshoots. Bytes of one medium
    are as good as bitrates: its length cancels out.
    """
    for name, points in (("the anchor", anchor), ("the curve", test)):
        reason = why_not_a_curve(points)
        if reason:
            return BdRate(percent=None, vmaf_low=None, vmaf_high=None, reason=f"{name} {reason}")
    low = max(min(vmaf for _, vmaf in anchor), min(vmaf for _, vmaf in test))
    high = min(max(vmaf for _, vmaf in anchor), max(vmaf for _, vmaf in test))
    if low >= high:
        return BdRate(
            percent=None, vmaf_low=None, vmaf_high=None, reason="the curves share no range of quality"
        )
    areas = [float(_log_rate(points).integrate(low, high)) for points in (anchor, test)]
    factor = math.exp((areas[1] - areas[0]) / (high - low))
    return BdRate(percent=(factor - 1) * 100, vmaf_low=low, vmaf_high=high, reason=None)


def why_not_a_curve(points: Sequence[Rated]) -> str | None:
    """What keeps points from being a rate-quality curve; None where nothing does."""
    if len(points) < POINTS_MIN:
        return f"has {len(points)} of {POINTS_MIN} points"
    ordered = sorted(points)
    if any(better[1] <= worse[1] or better[0] <= worse[0] for worse, better in pairwise(ordered)):
        return "is not monotone: more bytes do not always give more quality"
    return None


def at_quality(points: Sequence[Rated], target: float) -> float | None:
    """The value (bytes, seconds or dollars, above 0) at VMAF `target`, interpolated as for BD-rate.

    None beyond the points, as nothing is extrapolated, with too few of them, or where two have one quality; a
    value need not rise with quality.
    """
    vmafs = {vmaf for _, vmaf in points}
    if not POINTS_MIN <= len(points) == len(vmafs) or not min(vmafs) <= target <= max(vmafs):
        return None
    return math.exp(float(_log_rate(points)(target)))


def _log_rate(points: Sequence[Rated]) -> PchipInterpolator:
    ordered = sorted(points, key=lambda point: point[1])
    return PchipInterpolator(
        np.array([vmaf for _, vmaf in ordered]), np.log([rate for rate, _ in ordered]), extrapolate=False
    )
