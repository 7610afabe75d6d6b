"""What a bench is asked for, checked before minutes are spent on it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benches.transcode.emulation import Host
from benches.transcode.profiles import LOCAL, Profile, choose, load_profiles
from infra_under_test.transcode import (
    MediaRefused,
    Rendition,
    TranscodeError,
    find_ffmpeg,
    inspect_upload,
    load_renditions,
)
from tidegauge.errors import TidegaugeError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The matrix as it was asked for; profiles alike in size are measured once."""

    media: Sequence[Path]
    renditions: Sequence[Rendition]
    profiles: Sequence[Profile]

    def measured_as(self, host: Host, as_is: bool) -> dict[tuple[str, ...], Profile]:
        """By size, the profile under which it is measured here."""
        found: dict[tuple[str, ...], Profile] = {}
        for profile in self.profiles:
            if as_is or host.why_not(profile) is None:
                found.setdefault(profile.size, profile)
        return found


def checked(
    *,
    media: Sequence[Path],
    renditions: Sequence[str],
    profiles: Sequence[str],
    host: Host,
    rounds: int = 1,
    renditions_file: Path | None = None,
) -> Request:
    """The request, or TidegaugeError (exit 2) with what is wrong."""
    if rounds < 1:
        raise TidegaugeError(f"--rounds {rounds}: at least one round is measured")
    known = _renditions(renditions_file)
    for name in renditions:
        if name not in known:
            raise TidegaugeError(f"no rendition is called '{name}'", nearest(name, known))
    if len({path.name for path in media}) < len(media):
        raise TidegaugeError("two media have the same name", "rename one: cells are told apart by it")
    sizes = load_profiles()
    chosen = choose(profiles, sizes, host.emulable(sizes.values()))
    if not chosen:
        raise TidegaugeError(
            f"this machine can emulate no size: {host.no_cage}", "leave --profile out to measure it as it is"
        )
    _check_media(media)
    return Request(
        media=[path.resolve() for path in media],
        renditions=[known[name] for name in dict.fromkeys(renditions)],
        profiles=[{**sizes, LOCAL: host.profile}[name] for name in chosen],
    )


def check_destinations(*, files: Sequence[Path | None], folders: Sequence[Path | None]) -> None:
    """Makes the folders of what will be written after minutes of measuring (exit 2 where it cannot be)."""
    for path in (*files, *folders):
        if path is None:
            continue
        folder = path.parent if path in files else path
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            if path in files and path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        except OSError as error:
            raise TidegaugeError(
                f"{path} cannot be written: {error.strerror}", "name another place"
            ) from None


def _renditions(file: Path | None) -> Mapping[str, Rendition]:
    try:
        return load_renditions(file)
    except TranscodeError as error:
        raise TidegaugeError(error.reason, "docs/transcode.md describes a file of renditions") from None


def _check_media(media: Sequence[Path]) -> None:
    try:
        find_ffmpeg()
    except TranscodeError as error:
        raise TidegaugeError(f"the bench cannot start: {error.reason}") from None
    for path in media:
        try:
            inspect_upload(path)
        except MediaRefused as error:
            raise TidegaugeError(
                f"{path} cannot be benched: {error.reason}", "the worker would refuse it too: leave it out"
            ) from None
        except OSError as error:
            raise TidegaugeError(
                f"{error.filename} cannot be read: {error.strerror}", "check the path"
            ) from None
