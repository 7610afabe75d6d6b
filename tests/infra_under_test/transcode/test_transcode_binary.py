"""The ffmpeg that runs is found in a stated order and identified."""

from __future__ import annotations

import hashlib
from pathlib import Path

import imageio_ffmpeg
import pytest

from infra_under_test.transcode import find_ffmpeg
from infra_under_test.transcode.errors import FfmpegMissing


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A script that answers like an ffmpeg."""
    path = tmp_path / "bin" / "ffmpeg"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho 'ffmpeg version 7.7-x Copyright'\necho 'configuration: --enable-y'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose imageio-ffmpeg brought no executable, as on systems without a wheel."""
    monkeypatch.setattr(imageio_ffmpeg, "__file__", str(tmp_path / "imageio_ffmpeg" / "__init__.py"))


def test_an_argument_comes_before_the_environment(fake: Path) -> None:
    found = find_ffmpeg(fake, {"FFMPEG": "/nonexistent"})
    assert (found.path, found.origin) == (fake, "argument")


@pytest.mark.parametrize("variable", ["FFMPEG", "TIDEGAUGE_FFMPEG"])
def test_the_environment_comes_before_the_pinned_one(fake: Path, variable: str) -> None:
    found = find_ffmpeg(environ={variable: str(fake)})
    assert (found.path, found.origin) == (fake, "environment")


def test_the_pinned_one_comes_before_the_path(fake: Path) -> None:
    assert find_ffmpeg(environ={"PATH": str(fake.parent)}).origin == "pinned"


@pytest.mark.usefixtures("no_wheel")
def test_one_from_the_path_is_marked_as_unpinned(fake: Path) -> None:
    found = find_ffmpeg(environ={"PATH": str(fake.parent)})
    assert (found.path, found.origin) == (fake, "unpinned")


@pytest.mark.usefixtures("no_wheel")
def test_none_at_all_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FfmpegMissing, match=r"install the 'local' extra or name one in \$FFMPEG"):
        find_ffmpeg(environ={"PATH": str(tmp_path)})


def test_a_named_one_that_does_not_exist_is_an_error_that_names_it() -> None:
    with pytest.raises(FfmpegMissing, match=r"\$FFMPEG is /nonexistent"):
        find_ffmpeg(environ={"FFMPEG": "/nonexistent"})


def test_another_program_is_not_taken_for_ffmpeg() -> None:
    with pytest.raises(FfmpegMissing, match="is not ffmpeg"):
        find_ffmpeg("/bin/true")


def test_version_configuration_and_hash_are_recorded(fake: Path) -> None:
    found = find_ffmpeg(fake)
    assert (found.version, found.configuration) == ("7.7-x", "--enable-y")
    assert found.sha256 == hashlib.sha256(fake.read_bytes()).hexdigest()
