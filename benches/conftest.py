"""Which media, renditions and rounds the transcode bench measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_under_test.transcode import RENDITIONS, Ffmpeg, find_ffmpeg

MEDIA = Path(__file__).parents[1] / "fixtures" / "media"
DEFAULT_MEDIA = (MEDIA / "anim_bbb.gif", MEDIA / "city.gif")
DEFAULT_RENDITIONS = ("preview_mp4", "slack_gif", "webp")
DEFAULT_ROUNDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `python -m pytest benches`."""
    group = parser.getgroup("transcode bench")
    group.addoption("--bench-media", action="append", type=Path, metavar="FILE", help="a source; repeatable")
    group.addoption(
        "--bench-rendition", action="append", choices=[*RENDITIONS], metavar="NAME", help="repeatable"
    )
    group.addoption("--bench-rounds", type=int, default=DEFAULT_ROUNDS, metavar="N", help="measured rounds")
    group.addoption("--bench-keep", type=Path, metavar="DIR", help="keep each output there")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test a medium and rendition."""
    if {"medium", "rendition"} <= set(metafunc.fixturenames):
        media = metafunc.config.getoption("bench_media") or DEFAULT_MEDIA
        names = metafunc.config.getoption("bench_rendition") or DEFAULT_RENDITIONS
        metafunc.parametrize("medium", media, ids=lambda path: path.name)
        metafunc.parametrize("rendition", [RENDITIONS[name] for name in names], ids=lambda each: each.name)


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """The one ffmpeg of the session, identified before anything is timed."""
    return find_ffmpeg()


@pytest.fixture(scope="session")
def classes() -> dict[str, str]:
    """The media class of each fixture, by sha256: a renamed copy keeps its class, a namesake has none."""
    manifest = json.loads((MEDIA / "manifest.json").read_text(encoding="utf-8"))
    return {entry["sha256"]: entry["class"] for entry in manifest["media"]}
