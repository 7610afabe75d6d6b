"""Which media, renditions, profiles and rounds the transcode bench measures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benches.transcode.cells import media_classes
from benches.transcode.emulation import this_host
from benches.transcode.judging import Judge
from benches.transcode.profiles import LOCAL, choose, load_profiles
from benches.transcode.recorder import KEY, Matrix, Recorder
from infra_under_test.transcode import RENDITIONS, Ffmpeg, find_ffmpeg
from tidegauge.conduct.bench.child import DEFAULT_MEDIA, DEFAULT_RENDITIONS

DEFAULT_ROUNDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `python -m pytest benches/transcode`."""
    group = parser.getgroup("transcode bench")
    group.addoption("--bench-media", action="append", type=Path, metavar="FILE", help="a source; repeatable")
    group.addoption(
        "--bench-rendition", action="append", choices=[*RENDITIONS], metavar="NAME", help="repeatable"
    )
    group.addoption("--bench-profile", action="append", metavar="NAME", help="a size; repeatable")
    group.addoption("--bench-rounds", type=int, default=DEFAULT_ROUNDS, metavar="N", help="measured rounds")
    group.addoption("--bench-keep", type=Path, metavar="DIR", help="keep each output there")


def pytest_configure(config: pytest.Config) -> None:
    """The matrix of the command line, where no program brought its own."""
    if KEY not in config.stash:
        config.stash[KEY] = Recorder(matrix=_matrix(config), on_cell=lambda _cell: None)


def _matrix(config: pytest.Config) -> Matrix:
    host, profiles = this_host(), load_profiles()
    wanted = config.getoption("bench_profile", default=None) or [LOCAL]
    known = {**profiles, LOCAL: host.profile}
    return Matrix(
        media=config.getoption("bench_media", default=None) or DEFAULT_MEDIA,
        renditions=[
            RENDITIONS[name]
            for name in config.getoption("bench_rendition", default=None) or DEFAULT_RENDITIONS
        ],
        profiles=[known[name] for name in choose(wanted, profiles, host.emulable(profiles.values()))],
        rounds=config.getoption("bench_rounds", default=DEFAULT_ROUNDS),
        keep=config.getoption("bench_keep", default=None),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test a profile, medium and rendition."""
    if {"medium", "rendition", "profile"} <= set(metafunc.fixturenames):
        matrix = metafunc.config.stash[KEY].matrix
        metafunc.parametrize("profile", matrix.profiles, ids=lambda each: each.name)
        metafunc.parametrize("medium", matrix.media, ids=lambda path: path.name)
        metafunc.parametrize("rendition", matrix.renditions, ids=lambda each: each.name)


@pytest.fixture(scope="session")
def recorder(pytestconfig: pytest.Config) -> Recorder:
    """Where cells go."""
    return pytestconfig.stash[KEY]


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """The one ffmpeg of the session, identified before anything is timed."""
    return find_ffmpeg()


@pytest.fixture(scope="session")
def judge(ffmpeg: Ffmpeg, recorder: Recorder) -> Judge:
    """Of quality, once an output."""
    return Judge(ffmpeg=ffmpeg, wanted=recorder.matrix.quality)


@pytest.fixture(scope="session")
def classes() -> dict[str, str]:
    """Media classes by sha256."""
    return media_classes()
