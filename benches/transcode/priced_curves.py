"""The rate-quality curves of a bench, on the profiles that it measures, each point with its cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benches.transcode.curves import Place, measure_curves
from benches.transcode.emulation import cage_of
from benches.transcode.outcome import Costing
from benches.transcode.profiles import Profile
from infra_under_test.cgroup import CannotEmulate
from infra_under_test.transcode import Ffmpeg, Rendition


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMatrix:
    """Curves of every medium in every rendition on every profile of `sizes`."""

    media: Sequence[Path]
    renditions: Sequence[Rendition]
    sizes: Mapping[tuple[str, ...], Profile]
    as_is: bool
    ffmpeg: Ffmpeg

    @property
    def steps(self) -> int:
        """How many steps `measure` reports."""
        return len(self.media) * len(self.renditions) * len(self.sizes)


@dataclass(slots=True)
class Curves:
    """The measured curves by size; those that are done stay when the rest is interrupted."""

    found: list[tuple[tuple[str, ...], dict[str, Any]]] = field(default_factory=list)
    interrupted: bool = False

    def measure(self, matrix: CurveMatrix, on_step: Callable[[str], None]) -> None:
        """Blocks for tens of seconds a medium and rendition; Ctrl-C ends it early."""
        try:
            for size, profile in matrix.sizes.items():
                for medium in matrix.media:
                    for rendition in matrix.renditions:
                        self.found += [(size, curve) for curve in _on(profile, medium, rendition, matrix)]
                        on_step(f"{profile.name}  {medium.name} → {rendition.name}: curves")
        except KeyboardInterrupt:
            self.interrupted = True

    def priced(self, profiles: Sequence[Profile], costing: Costing) -> list[dict[str, Any]]:
        """A curve for every profile of its size."""
        return [
            {
                **curve,
                "profile": profile.name,
                "points": [costing.costed_point(point, profile) for point in curve["points"]],
            }
            for profile in profiles
            for size, curve in self.found
            if size == profile.size
        ]


def _on(profile: Profile, medium: Path, rendition: Rendition, matrix: CurveMatrix) -> list[dict[str, Any]]:
    try:
        with cage_of(profile, as_is=matrix.as_is) as cage:
            provenance = "measured" if cage is None else "emulated"
            place = Place(profile=profile.name, provenance=provenance, cage=cage)
            return measure_curves([medium], [rendition], matrix.ffmpeg, place=place)
    except CannotEmulate:
        return []  # the cells of this size say why
