"""Every sweep beside the rendition's present encoder: BD-rate, and what it costs at the target quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegauge.analysis.transcode.document import Bench, Cell, Curve, CurvePoint
from tidegauge.analysis.transcode.pareto import Group, group_of
from tidegauge.analysis.transcode.rate_quality import BdRate, at_quality, bd_rate, why_not_a_curve

ANOTHER_FFMPEG = "made by another ffmpeg build than the anchor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """One curve at the target quality: medians interpolated between its points, in USD an asset."""

    bytes_out: float | None
    cpu_s: float | None
    wall_s: float | None
    compute_usd: float | None
    compute_basis: str | None  # what `compute_usd` was interpolated from, or priced by
    egress_usd: float | None  # for the views that the task use states
    reason: str | None  # why nothing is known at this quality

    @property
    def total_usd(self) -> float | None:
        """To make it once, and to deliver it as often as the task use says."""
        if self.compute_usd is None or self.egress_usd is None:
            return None
        return self.compute_usd + self.egress_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """A curve with what it comes to."""

    curve: Curve
    group: Group
    is_anchor: bool
    bd_rate: BdRate
    matched: Matched

    @property
    def encoding(self) -> str:
        """Encoder and preset."""
        return f"{self.curve.encoder} {self.curve.preset or ''}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrices:
    """What turns CPU-seconds and bytes into USD an asset where the bench itself does not; null: not known."""

    usd_per_cpu_s: Decimal | None
    cpu_price_of: str
    egress_usd_per_byte: Decimal | None  # times the views of an asset


def sweeps(bench: Bench, target: float, prices: UnitPrices) -> tuple[Swept, ...]:
    """All curves in the document's order, each held against its medium's and rendition's anchor."""
    found = []
    for curve in bench.curves:
        rivals = [
            each for each in bench.curves if (each.media, each.rendition) == (curve.media, curve.rendition)
        ]
        anchor = _anchor(rivals, bench.cells)
        found.append(
            Swept(
                curve=curve,
                group=group_of(curve),
                is_anchor=curve is anchor,
                bd_rate=_against(anchor, curve),
                matched=_matched(curve, target, prices),
            )
        )
    return tuple(found)


def _anchor(rivals: Sequence[Curve], cells: Sequence[Cell]) -> Curve:
    """What the rendition is made with today, by its cells; the first curve with points where none is that."""
    first = rivals[0]
    today = {
        (cell.encoder, cell.preset)
        for cell in cells
        if (cell.media, cell.rendition) == (first.media, first.rendition)
    }
    drawn = [curve for curve in rivals if not why_not_a_curve(rated(curve.points))] or list(rivals)
    return next((curve for curve in drawn if (curve.encoder, curve.preset) in today), drawn[0])


def rated(points: Sequence[CurvePoint]) -> list[tuple[float, float]]:
    """(bytes, VMAF) of the points that have both."""
    return [
        (float(point.bytes_out), point.vmaf_mean)
        for point in points
        if point.bytes_out is not None and point.vmaf_mean is not None
    ]


def _against(anchor: Curve, curve: Curve) -> BdRate:
    if curve.ffmpeg != anchor.ffmpeg:
        return BdRate(percent=None, vmaf_low=None, vmaf_high=None, reason=ANOTHER_FFMPEG)
    if curve.reason and not curve.points:
        return BdRate(percent=None, vmaf_low=None, vmaf_high=None, reason=curve.reason)
    return bd_rate(rated(anchor.points), rated(curve.points))


def _matched(curve: Curve, target: float, prices: UnitPrices) -> Matched:
    known = rated(curve.points)
    bytes_out = None if why_not_a_curve(known) else at_quality(known, target)
    if bytes_out is None:
        return Matched(
            bytes_out=None,
            cpu_s=None,
            wall_s=None,
            compute_usd=None,
            compute_basis=None,
            egress_usd=None,
            reason=_why_unmatched(curve, known, target),
        )
    cpu_s = _value_at(curve.points, "cpu_s", target)
    compute_usd, basis = _value_at(curve.points, "cost_usd_per_asset", target), f"{curve.profile}'s own cost"
    if compute_usd is None and cpu_s is not None and prices.usd_per_cpu_s is not None:
        compute_usd, basis = cpu_s * float(prices.usd_per_cpu_s), prices.cpu_price_of
    egress = prices.egress_usd_per_byte
    return Matched(
        bytes_out=bytes_out,
        cpu_s=cpu_s,
        wall_s=_value_at(curve.points, "wall_s", target),
        compute_usd=compute_usd,
        compute_basis=basis if compute_usd is not None else None,
        egress_usd=None if egress is None else bytes_out * float(egress),
        reason=None,
    )


def _value_at(points: Sequence[CurvePoint], name: str, target: float) -> float | None:
    """A figure at the target; None unless every rated point has it, as a gap would bend the curve."""
    chosen = [point for point in points if point.vmaf_mean is not None and point.bytes_out is not None]
    values = [getattr(point, name) for point in chosen]
    if any(value is None or value <= 0 for value in values):
        return None
    pairs = [(float(value), float(point.vmaf_mean or 0)) for value, point in zip(values, chosen, strict=True)]
    return at_quality(pairs, target)


def _why_unmatched(curve: Curve, known: Sequence[tuple[float, float]], target: float) -> str:
    if curve.reason and not curve.points:
        return curve.reason
    if reason := why_not_a_curve(known):
        return f"the curve {reason}"
    low, high = min(vmaf for _, vmaf in known), max(vmaf for _, vmaf in known)
    return f"VMAF {target:g} is outside the curve's {low:.1f} to {high:.1f}: not extrapolated"
