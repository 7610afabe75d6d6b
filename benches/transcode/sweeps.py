"""The encoders whose rate-quality curves are measured, as data."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.transcode import Ffmpeg, Rendition
from infra_under_test.transcode import nvenc as hardware

SWEEPS_FILE = Path(__file__).with_name("sweeps.toml")
NVENC = "h264_nvenc"
POINTS_MIN = 4  # a cubic through fewer points says little between them
_RATE_CAPS = ("maxrate", "bufsize")
_OF_H264_ALONE = ("profile:v", "level:v")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One encoder at one preset over its quality option."""

    container: str
    encoder: str
    option: str  # "colours" are a palette's; else an option of ffmpeg's encoder
    values: tuple[int, ...]
    preset: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    needs: str | None = None  # a part that ffmpeg must have been built with
    platforms: tuple[str, ...] = ()  # platforms that take it; empty: all

    def variant(self, rendition: Rendition, value: int) -> Rendition:
        """`rendition` at one point of the sweep, without a limit on its size."""
        free = dataclasses.replace(rendition, bytes_max=None, search=())
        if self.option == "colours":
            return dataclasses.replace(free, palette_colours=value)
        chosen = {self.option: str(value), **dict(self.options)}
        if self.container == "webp":
            chosen |= {"compression_level": str(self.preset)}
            return dataclasses.replace(free, encoder=tuple((dict(free.encoder) | chosen).items()))
        # NVENC's options are made by the core, out of libx264's.
        codec = "libx264" if self.encoder == NVENC else self.encoder
        dropped = _RATE_CAPS if codec == "libx264" else (*_RATE_CAPS, *_OF_H264_ALONE)
        kept = {name: set_to for name, set_to in rendition.encoder if name not in dropped}
        chosen |= {"c:v": codec, "preset": str(self.preset)}
        return dataclasses.replace(free, encoder=tuple((kept | chosen).items()))

    def shown_preset(self, rendition: Rendition) -> str | None:
        """The preset as the document names it."""
        if self.container == "webp":
            return f"compression_level {self.preset}"
        if self.encoder == NVENC:
            return dict(hardware.options(self.variant(rendition, self.values[0])))["preset"]
        return self.preset

    def why_not(self, rendition: Rendition, ffmpeg: Ffmpeg, nvenc: hardware.NvencProbe) -> str | None:
        """Why `rendition` has no such curve here; None where it has."""
        if self.needs is not None and self.needs not in ffmpeg.configuration.split():
            return f"ffmpeg {ffmpeg.version} was built without {self.encoder}"
        if self.platforms and rendition.platform not in self.platforms:
            return f"{rendition.platform} is not known to play what {self.encoder} makes"
        if self.encoder == NVENC and not nvenc.available:
            return nvenc.reason
        return None


def load_sweeps(path: Path = SWEEPS_FILE) -> tuple[Sweep, ...]:
    """The sweeps in the file's order; ValueError for one of too few points."""
    found = tuple(
        Sweep(
            **row
            | {
                "values": tuple(row["values"]),
                "options": tuple(row.get("options", {}).items()),
                "platforms": tuple(row.get("platforms", ())),
            }
        )
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["sweep"]
    )
    for sweep in found:
        if len(set(sweep.values)) < POINTS_MIN:
            raise ValueError(f"{path.name}: {sweep.encoder} has fewer than {POINTS_MIN} points")
    return found


def sweeps_of(rendition: Rendition, known: Sequence[Sweep]) -> list[Sweep]:
    """The sweeps for its container; first the way it is made today, which the others are compared with."""
    options: Mapping[str, str] = dict(rendition.encoder)
    today = options.get("c:v", rendition.container), options.get("preset", options.get("compression_level"))
    fitting = [sweep for sweep in known if sweep.container == rendition.container]
    return sorted(fitting, key=lambda sweep: (sweep.encoder, sweep.preset) != today)
