"""Profile and preset of each rendition in a sentence, and what that saves against today's worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tidegauge.analysis.transcode.pareto import ON_DEMAND, Front, Group, Point
from tidegauge.analysis.transcode.seed import Seed
from tidegauge.analysis.transcode.words import counted, seconds
from tidegauge.dollars import usd

SUREST_FIRST = ("measured", "imported", "emulated")
NOTHING_COMPARED = "only this machine was measured: no profile can be recommended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A profile's mean over the media that all compared profiles have."""

    profile: str
    cost_usd: Decimal
    cost_usd_low: Decimal
    cost_usd_high: Decimal
    wall_s: float
    unstable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """The cheapest profile of a rendition; without `profile`, the sentence says why there is none."""

    rendition: str
    sentence: str
    profile: str | None = None
    provenance: str | None = None
    compared: int = 0  # how many profiles were compared
    media: int = 0
    cost_usd_per_asset: Decimal | None = None
    wall_s: float | None = None
    tied_with: tuple[str, ...] = ()  # profiles whose cost interval overlaps that of the chosen one
    saving_usd_per_month: Decimal | None = None
    saving_reason: str | None = None
    seed_wall_s: float | None = None  # today's worker's, for the same media


def recommend(rendition: str, fronts: Sequence[Front], seed: Seed) -> Recommended:
    """The cheapest on-demand profile of those compared, known in the surest way that compares any two."""
    best = _surest(fronts)
    if best is None:
        only = {point.profile for front in fronts for point in front.points}
        reason = f"only {', '.join(sorted(only))} has a price" if len(only) == 1 else NOTHING_COMPARED
        if len(only) > 1:
            reason = "no two profiles on demand were compared on the same media"
        return Recommended(rendition=rendition, sentence=f"{rendition}: {reason}.")
    group, totals, media = best
    chosen, *others = sorted(totals, key=lambda total: (total.cost_usd, total.wall_s, total.profile))
    tied = tuple(other.profile for other in others if other.cost_usd_low <= chosen.cost_usd_high)
    of_seed = next((total for total in totals if total.profile == seed.profile), None)
    saving, why = _saving(chosen, of_seed, seed)
    head = (
        f"{rendition}: {chosen.profile} is the cheapest of {len(totals)} profiles on demand"
        f" ({group.provenance}), {usd(chosen.cost_usd)} and {seconds(chosen.wall_s)} an asset"
        f" (mean of {counted(media, 'medium', 'media')})"
    )
    return Recommended(
        rendition=rendition,
        sentence=f"{head}; {_saving_words(saving, why, of_seed, chosen, seed)}{_doubts(chosen, tied)}.",
        profile=chosen.profile,
        provenance=group.provenance,
        compared=len(totals),
        media=media,
        cost_usd_per_asset=chosen.cost_usd,
        wall_s=chosen.wall_s,
        tied_with=tied,
        saving_usd_per_month=saving,
        saving_reason=why,
        seed_wall_s=None if of_seed is None else of_seed.wall_s,
    )


def _surest(fronts: Sequence[Front]) -> tuple[Group, list[Total], int] | None:
    grouped: dict[Group, list[Front]] = defaultdict(list)
    for front in fronts:
        grouped[front.group].append(front)
    ordered = sorted(grouped, key=lambda group: SUREST_FIRST.index(group.provenance))
    for group in ordered:
        totals = _totals(grouped[group])
        if len(totals) >= 2:
            return group, totals, len(grouped[group])
    return None


def _totals(fronts: Sequence[Front]) -> list[Total]:
    """Means of the on-demand profiles that every medium was made on: those of unlike media say nothing."""
    by_profile: dict[str, dict[int, Point]] = defaultdict(dict)
    for number, front in enumerate(fronts):
        for point in front.points:
            if point.capacity == ON_DEMAND:
                by_profile[point.profile][number] = point
    return [_total(list(points.values())) for points in by_profile.values() if len(points) == len(fronts)]


def _total(points: Sequence[Point]) -> Total:
    n = len(points)
    return Total(
        profile=points[0].profile,
        cost_usd=sum((point.cost_usd for point in points), Decimal(0)) / n,
        cost_usd_low=_scaled([(point, point.wall_s_low) for point in points]),
        cost_usd_high=_scaled([(point, point.wall_s_high) for point in points]),
        wall_s=sum(point.wall_s for point in points) / n,
        unstable=any(point.unstable for point in points),
    )


def _scaled(bounds: Sequence[tuple[Point, float]]) -> Decimal:
    """The mean cost if each asset took its bound: cost goes with time."""
    costs = [point.cost_usd * Decimal(str(bound / point.wall_s)) for point, bound in bounds]
    return sum(costs, Decimal(0)) / len(costs)


def _saving(chosen: Total, of_seed: Total | None, seed: Seed) -> tuple[Decimal | None, str | None]:
    if seed.profile is None:
        return None, "the document has no price for a worker of today's size"
    if of_seed is None:
        return None, f"{seed.profile}, the size of today, is not among them"
    if seed.assets_per_month is None:
        return None, "the document's task_use states no assets a month"
    return (of_seed.cost_usd - chosen.cost_usd) * seed.assets_per_month, None


def _saving_words(
    saving: Decimal | None, why: str | None, of_seed: Total | None, chosen: Total, seed: Seed
) -> str:
    if saving is None or of_seed is None or seed.assets_per_month is None:
        return f"what it saves is n/a: {why}"
    if of_seed.profile == chosen.profile:
        return f"that is the size of today ({seed.size}), so nothing is to be saved"
    share = 100 * (1 - chosen.cost_usd / of_seed.cost_usd)
    return (
        f"against today's {seed.size} it saves {usd(saving)} a month"
        f" ({share:.0f} %) at {seed.assets_per_month:,.0f} assets"
    )


def _doubts(chosen: Total, tied: Sequence[str]) -> str:
    doubts = f"; these rounds do not tell it from {', '.join(tied)}" if tied else ""
    return doubts + ("; its timing was unstable" if chosen.unstable else "")
