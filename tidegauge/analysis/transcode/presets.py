"""The encoder and preset that is cheapest to make and to deliver at the target quality."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from tidegauge.analysis.transcode.curves import Matched, Swept
from tidegauge.analysis.transcode.pareto import Group
from tidegauge.analysis.transcode.seed import Seed
from tidegauge.analysis.transcode.words import counted, megabytes
from tidegauge.dollars import usd

Matches = dict[str, dict[str, Matched]]  # encoding: medium: what it comes to


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The cheapest encoding of a rendition; without `encoding`, the sentence says why there is none."""

    rendition: str
    sentence: str
    encoding: str | None = None
    provenance: str | None = None
    media: int = 0
    total_usd_per_asset: float | None = None
    saving_usd_per_month: float | None = None


def recommend_preset(rendition: str, swept: Sequence[Swept], target: float, seed: Seed) -> Preset:
    """Among encodings that reach the target on the same media: compute and delivery of an asset, added."""
    if not swept:
        return Preset(
            rendition=rendition, sentence=f"{rendition}: no encoder was swept, so no preset is compared."
        )
    group, matches = _largest(swept)
    media = set.intersection(*(set(found) for found in matches.values())) if matches else set()
    if len(matches) < 2 or not media:
        reached = f"fewer than two presets reach VMAF {target:g} on the same media and can be priced"
        return Preset(rendition=rendition, sentence=f"{rendition}: {reached}, so none is preferred.")
    totals = {encoding: _mean_usd(found, media) for encoding, found in matches.items()}
    best = min(totals, key=lambda encoding: (totals[encoding], encoding))
    today = next((each.encoding for each in swept if each.is_anchor and each.encoding in totals), None)
    at_best = [matches[best][medium] for medium in media]
    saving = None
    if today is not None and seed.assets_per_month is not None:
        saving = (totals[today] - totals[best]) * float(seed.assets_per_month)
    return Preset(
        rendition=rendition,
        sentence=f"{rendition}: {best} is the cheapest of {len(totals)} encodings at VMAF {target:g}"
        f" ({group.provenance}), {usd(totals[best])} an asset with its delivery"
        f" ({_means(at_best)}; {counted(len(media), 'medium', 'media')});"
        f" {_saving_words(best, today, saving, seed)}.",
        encoding=best,
        provenance=group.provenance,
        media=len(media),
        total_usd_per_asset=totals[best],
        saving_usd_per_month=saving,
    )


def _largest(swept: Sequence[Swept]) -> tuple[Group, Matches]:
    """The group and profile that can compare the most encodings; figures of others stay out."""
    grouped: dict[tuple[Group, str], Matches] = defaultdict(lambda: defaultdict(dict))
    for each in swept:
        if each.matched.total_usd is not None:
            grouped[each.group, each.curve.profile][each.encoding][each.curve.media] = each.matched
    if not grouped:
        return swept[0].group, {}
    (group, _), matches = max(grouped.items(), key=lambda item: len(item[1]))
    return group, _on_the_same_media(matches)


def _on_the_same_media(matches: Matches) -> Matches:
    """Without encodings that miss a medium which others have: means over unlike media say nothing."""
    every = max(len(found) for found in matches.values())
    return {encoding: found for encoding, found in matches.items() if len(found) == every}


def _mean_usd(found: dict[str, Matched], media: set[str]) -> float:
    return fmean(found[medium].total_usd or 0.0 for medium in sorted(media))


def _means(matched: Sequence[Matched]) -> str:
    sizes = megabytes(fmean(each.bytes_out or 0.0 for each in matched))
    known = [each.cpu_s for each in matched if each.cpu_s is not None]
    return sizes + (f" and {fmean(known):.3g} CPU-s" if len(known) == len(matched) else "")


def _saving_words(best: str, today: str | None, saving: float | None, seed: Seed) -> str:
    if today is None:
        return "today's encoding does not reach it on these media, so what that saves is n/a"
    if today == best:
        return "that is the encoding of today"
    if saving is None or seed.assets_per_month is None:
        return "what that saves is n/a: the document's task_use states no assets a month"
    return f"against {today} of today it saves {usd(saving)} a month at {seed.assets_per_month:,.0f} assets"
