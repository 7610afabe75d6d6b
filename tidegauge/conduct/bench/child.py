"""The transcode bench in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tidegauge.conduct.children import Answer, call_json
from tidegauge.errors import TidegaugeError
from tidegauge.house import INSTALL_LOCAL, MEDIA

MODULE = "benches.transcode"
DEFAULT_RENDITIONS = ("preview_mp4", "slack_gif", "webp", "poster")
DEFAULT_MEDIA = (MEDIA / "anim_bbb.gif", MEDIA / "city.gif")
# What the transcode core runs on.
PACKAGES = {"av": "av", "imageio_ffmpeg": "imageio-ffmpeg", "PIL": "pillow"}
Hear = Callable[[Any], None]  # takes a JSON line of the bench: how many steps are done, and how long is left


def list_profiles() -> Any:
    """Every profile with its price, and whether this machine can emulate it."""
    return call_bench(MODULE, ["profiles"]).document


def run_bench(
    *, hear: Hear, media: Sequence[Path] = (), rendition: Sequence[str] = (), **asked: Any
) -> Answer:
    """`python -m benches.transcode measure`; `asked` are its other options by name."""
    arguments = ["measure"]
    for path in media or DEFAULT_MEDIA:
        arguments += ["--media", str(path.resolve())]
    for name in rendition or DEFAULT_RENDITIONS:
        arguments += ["--rendition", name]
    for option, value in asked.items():
        arguments += _words(f"--{option.replace('_', '-')}", value)
    return call_bench(MODULE, arguments, hear)


def call_bench(module: str, arguments: Sequence[str], hear: Hear | None = None) -> Answer:
    """The answer of a module of the bench; without the packages that it runs on, an error (exit 2)."""
    missing = [package for name, package in PACKAGES.items() if find_spec(name) is None]
    if missing:
        raise TidegaugeError(f"the transcode bench needs {', '.join(missing)}", INSTALL_LOCAL)
    return call_json(module, arguments, on_event=hear)


def _words(option: str, value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    if isinstance(value, list | tuple):
        return [word for each in value for word in _words(option, each)]
    return [option, str(value.resolve() if isinstance(value, Path) else value)]
