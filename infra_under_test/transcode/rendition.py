"""One rendition as data, and its smaller variants."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Container = Literal["mp4", "gif", "webp", "jpeg"]
Step = tuple[tuple[str, str], ...]  # fields of a rendition, or options of its encoder, with their new values

_SUFFIXES: Mapping[Container, str] = {"mp4": ".mp4", "gif": ".gif", "webp": ".webp", "jpeg": ".jpg"}
_MUXERS: Mapping[Container, str] = {"mp4": "mp4", "gif": "gif", "webp": "webp", "jpeg": "image2"}
_MIME_TYPES: Mapping[Container, str] = {
    "mp4": "video/mp4",
    "gif": "image/gif",
    "webp": "image/webp",
    "jpeg": "image/jpeg",
}
STEP_NUMBERS = ("palette_colours", "width_max", "height_max")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRange:
    """Values of one encoder option from the rendition's own to `worst`, `step` apart."""

    option: str
    worst: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One output of the transcode core."""

    name: str
    platform: str
    source: str  # where the platform's limits are written down
    confidence: str
    container: Container
    width_max: int
    height_max: int
    pad: bool = False  # enlarged and padded with transparency to exactly width_max x height_max
    fps: str | None = None  # as ffmpeg reads it; None: the source's
    duration_s_max: float | None = None  # None: the limits' alone
    frames_max: int | None = None
    bytes_max: int | None = None  # quality is lowered until the file fits
    palette_colours: int | None = None  # a palette made for the clip; GIF only
    audio: bool = False  # the source's first audio track, if it has one
    encoder: tuple[tuple[str, str], ...]  # ffmpeg output options, in order of reading
    search: QualityRange | tuple[Step, ...] = ()  # how to make it smaller, from mild to severe

    @property
    def suffix(self) -> str:
        """The suffix of the file's name, with its dot."""
        return _SUFFIXES[self.container]

    @property
    def muxer(self) -> str:
        """ffmpeg's name of the container."""
        return _MUXERS[self.container]

    @property
    def mime_type(self) -> str:
        """As HTTP names the container."""
        return _MIME_TYPES[self.container]

    @property
    def still(self) -> bool:
        """Whether it is one representative picture instead of a clip."""
        return self.container == "jpeg"

    @property
    def flatten(self) -> bool:
        """Whether transparency is shown on white: H.264 and JPEG have none."""
        return self.container in ("mp4", "jpeg")

    def smaller(self) -> tuple[Rendition, ...]:
        """The variants to try when this one is over `bytes_max`, from mild to severe."""
        if not isinstance(self.search, QualityRange):
            return tuple(self._with(step) for step in self.search)
        option, worst = self.search.option, self.search.worst
        first = int(float(dict(self.encoder)[option]))
        direction = 1 if worst > first else -1
        values = [*range(first, worst, direction * self.search.step)][1:]
        return tuple(self._with(((option, str(value)),)) for value in [*values, worst] if value != first)

    def changes_from(self, original: Rendition) -> dict[str, str]:
        """Fields and encoder options by name whose values here are not the `original`'s."""
        own, others = (
            {key: str(getattr(each, key)) for key in ("fps", *STEP_NUMBERS)} | dict(each.encoder)
            for each in (self, original)
        )
        return {key: value for key, value in own.items() if others.get(key) != value}

    def _with(self, step: Step) -> Rendition:
        changes = dict(step)
        fps = changes.pop("fps", self.fps)
        numbers = {key: int(changes.pop(key)) for key in STEP_NUMBERS if key in changes}
        encoder = tuple((option, changes.get(option, value)) for option, value in self.encoder)
        return dataclasses.replace(self, fps=fps, encoder=encoder, **numbers)  # type: ignore[arg-type]
