"""Ways to make a GIF of a clip: the plain palette, the core, a held palette, gifski and gifsicle.

Each is one setting from mild to severe, so that a way has a rate-quality curve. CPU-seconds are those of all
processes that a way needs, from the source file to the GIF. The held palette is for opaque clips.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra_under_test.transcode import DEFAULT_LIMITS, Ffmpeg, MediaInfo, Rendition, transcode
from infra_under_test.transcode.graph import output_size
from infra_under_test.transcode.process import run_limited

_HELD_PALETTE = Path(__file__).with_name("held_palette.py")
_DEMUXERS = {"gif": "gif", "mp4": "mov"}
_DITHER = "dither=bayer:bayer_scale=5:diff_mode=rectangle"
_HELD_COLOURS = 255


@dataclass(slots=True, kw_only=True)
class Clip:
    """A medium on its way to a GIF; adds up the CPU-seconds of what is run for it."""

    medium: Path
    info: MediaInfo
    rendition: Rendition
    ffmpeg: Ffmpeg
    folder: Path
    cpu_s: float = field(default=0.0, init=False)

    @property
    def fit(self) -> str:
        """The frame rate and size of the rendition, as filters."""
        width, height = output_size(self.info, self.rendition)
        return f"fps={self.rendition.fps},scale={width}:{height}:flags=lanczos"

    def run(self, *argv: str | Path) -> None:
        """One process under the core's limits; raises TranscodeError."""
        used = run_limited(
            [str(part) for part in argv],
            folder=self.folder,
            limits=DEFAULT_LIMITS,
            on_line=lambda _line: None,
        )
        self.cpu_s += used.cpu_s

    def read(self, *options: str) -> None:
        """ffmpeg on the source, with what follows it on the command line."""
        source = ["-f", _DEMUXERS[self.info.kind], "-protocol_whitelist", "file", "-i", f"file:{self.medium}"]
        self.run(self.ffmpeg.path, "-nostdin", "-v", "error", "-y", *source, *options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to make a GIF."""

    name: str
    option: str  # what is varied
    values: tuple[float, ...]
    make: Callable[[Clip, float], Path]
    why_not: str | None = None


def ways(programs: Mapping[str, str | None]) -> list[Way]:
    """All ways; `programs` are the paths of gifski and gifsicle, None where they are not to be found."""
    missing = {name: None if path else "not installed" for name, path in programs.items()}
    gifski, gifsicle = str(programs["gifski"]), str(programs["gifsicle"])
    return [
        Way(name="palette", option="colours", values=(256, 192, 128, 64), make=_palette),
        Way(name="core", option="colours", values=(256, 192, 128, 64), make=_core),
        Way(name="held", option="slack", values=(0, 1.5e-4, 3e-4, 4.5e-4, 7e-4), make=_held),
        Way(
            name="gifski",
            option="quality",
            values=(100, 90, 80, 70),
            make=lambda clip, value: _gifski(clip, value, gifski),
            why_not=missing["gifski"],
        ),
        Way(
            name="palette and gifsicle -O3",
            option="lossy",
            values=(0, 20, 80),
            make=lambda clip, value: _gifsicle(clip, value, gifsicle),
            why_not=missing["gifsicle"],
        ),
    ]


def find_programs(named: Mapping[str, str | None]) -> dict[str, str | None]:
    """Where gifski and gifsicle are: as named, else on PATH."""
    return {name: shutil.which(path or name) for name, path in named.items()}


def _palette(clip: Clip, colours: float) -> Path:
    graph = f"{clip.fit},split[a][b];[a]palettegen=max_colors={colours:g}:stats_mode=diff[p];"
    clip.read("-filter_complex", f"{graph}[b][p]paletteuse={_DITHER}", "-loop", "0", "palette.gif")
    return clip.folder / "palette.gif"


def _core(clip: Clip, colours: float) -> Path:
    variant = dataclasses.replace(clip.rendition, palette_colours=int(colours))
    made = transcode(clip.medium, clip.folder, [variant], ffmpeg=clip.ffmpeg)
    clip.cpu_s += sum(run.cpu_s for run in made.runs)
    return made.results[0].path


def _held(clip: Clip, slack: float) -> Path:
    width, height = output_size(clip.info, clip.rendition)
    # 4:2:0 first: scaling straight to RGB takes three times the CPU, for chroma that video does not have.
    chroma = ",format=yuv420p" if clip.info.kind == "mp4" else ""
    clip.read("-vf", f"{clip.fit}{chroma},format=rgb24", "-f", "rawvideo", "pictures.rgb")
    numbers = [str(width), str(height), str(_HELD_COLOURS), repr(slack)]
    clip.run(sys.executable, "-I", _HELD_PALETTE, "pictures.rgb", *numbers, "held.rgb", "palette.png")
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(clip.rendition.fps)]
    graph = "[0:v][1:v]paletteuse=dither=none:diff_mode=rectangle"
    command: Sequence[str | Path] = [
        clip.ffmpeg.path,
        "-nostdin",
        "-v",
        "error",
        "-y",
        *raw,
        "-i",
        "held.rgb",
    ]
    clip.run(*command, "-i", "palette.png", "-filter_complex", graph, "-loop", "0", "held.gif")
    return clip.folder / "held.gif"


def _gifski(clip: Clip, quality: float, program: str) -> Path:
    # Uncompressed PNG: what gifski is to be measured by is not zlib.
    clip.read("-vf", clip.fit, "-compression_level", "0", "-pred", "none", "frame%05d.png")
    frames = sorted(clip.folder.glob("frame*.png"))
    width, height = output_size(clip.info, clip.rendition)
    size = ["-W", str(width), "-H", str(height), "-r", str(clip.rendition.fps)]
    clip.run(program, "--quiet", "-Q", f"{quality:g}", *size, "-o", "gifski.gif", *frames)
    return clip.folder / "gifski.gif"


def _gifsicle(clip: Clip, lossy: float, program: str) -> Path:
    made = _palette(clip, 256)
    clip.run(program, "-O3", *([f"--lossy={lossy:g}"] if lossy else []), made, "-o", "gifsicle.gif")
    return clip.folder / "gifsicle.gif"
