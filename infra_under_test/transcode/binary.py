"""Which ffmpeg runs: found in a stated order, and identified so that figures can be compared."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

from infra_under_test.transcode.errors import FfmpegMissing

Origin = Literal["argument", "environment", "pinned", "unpinned"]
_VARIABLES = ("FFMPEG", "TIDEGAUGE_FFMPEG")
_VERSION_S_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ffmpeg:
    """One ffmpeg executable. Figures of two are comparable only when `sha256` is the same."""

    path: Path
    origin: Origin  # "pinned": the locked imageio-ffmpeg wheel; "unpinned": whatever PATH had
    version: str
    configuration: str
    sha256: str


def find_ffmpeg(path: str | Path | None = None, environ: Mapping[str, str] = os.environ) -> Ffmpeg:
    """`path`, else $FFMPEG or $TIDEGAUGE_FFMPEG, else the pinned one, else PATH's; raises FfmpegMissing."""
    if path is not None:
        return _named(str(path), "argument", "the ffmpeg that was asked for")
    for variable in _VARIABLES:
        if environ.get(variable):
            return _named(environ[variable], "environment", f"${variable}")
    for bundled in sorted((Path(imageio_ffmpeg.__file__).parent / "binaries").glob("ffmpeg-*")):
        return _identify(bundled, "pinned")
    on_path = shutil.which("ffmpeg", path=environ.get("PATH"))
    if on_path:
        return _identify(Path(on_path), "unpinned")
    raise FfmpegMissing("no ffmpeg was found: install the 'local' extra or name one in $FFMPEG")


def _named(name: str, origin: Origin, what: str) -> Ffmpeg:
    found = shutil.which(name)
    if found is None:
        raise FfmpegMissing(f"{what} is {name}, which is not an executable file")
    return _identify(Path(found).resolve(), origin)


def _identify(path: Path, origin: Origin) -> Ffmpeg:
    stat = path.stat()
    version, configuration, sha256 = _identity(path, stat.st_size, stat.st_mtime_ns)
    return Ffmpeg(path=path, origin=origin, version=version, configuration=configuration, sha256=sha256)


@functools.lru_cache(maxsize=8)
def _identity(path: Path, _size: int, _mtime_ns: int) -> tuple[str, str, str]:
    """(version, configuration, sha256), kept while the file's size and time stay: it is 80 MB to hash."""
    try:
        said = subprocess.run(
            [path, "-version"], capture_output=True, text=True, timeout=_VERSION_S_MAX, check=True
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError) as error:
        raise FfmpegMissing(f"{path} does not run: {error}") from None
    if not said or not said[0].startswith("ffmpeg version "):
        raise FfmpegMissing(f"{path} is not ffmpeg")
    configuration = next((line for line in said if line.startswith("configuration:")), "")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return said[0].split()[2], configuration.removeprefix("configuration:").strip(), sha256
