"""Which profiles this machine can stand for, and how: by a CPU quota and a memory limit."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from benches.transcode import machine
from benches.transcode.profiles import BYTES_PER_GB, LOCAL, Profile
from infra_under_test.cgroup import Cage, CannotEmulate, make_cage
from infra_under_test.transcode import Rendition, find_ffmpeg
from infra_under_test.transcode.graph import Encoder
from infra_under_test.transcode.nvenc import can_encode, probe

CANNOT = "cannot emulate"
_PROBED_VCPU, _PROBED_BYTES = 0.25, BYTES_PER_GB // 2  # Fargate's smallest task
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """What trying to encode with NVENC said."""

    available: bool
    reason: str  # why not, in a sentence
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """This machine as a place to measure."""

    profile: Profile  # itself
    no_cage: str | None  # why no process can be held to a size here
    gpu: Gpu

    def why_not(self, profile: Profile) -> str | None:
        """Why `profile` cannot be measured here; None where it can."""
        if profile.kind == "local":
            return None
        if profile.gpu is not None:
            here = "a GPU is here" if self.gpu.available else self.gpu.reason
            return f"{here}: a GPU is not emulated; measure on a {profile.instance_type} with --as-profile"
        if profile.arch != self.profile.arch:
            return f"{profile.arch} on this machine's {self.profile.arch}: no processor is emulated"
        if profile.vcpu > self.profile.vcpu:
            return (
                f"{profile.vcpu} vCPU on this machine's {self.profile.vcpu} cores: "
                "larger sizes are not extrapolated"
            )
        if profile.memory_gb > self.profile.memory_gb:
            return f"{profile.memory_gb} GB on this machine's {self.profile.memory_gb:.1f}"
        return None if self.no_cage is None else f"{CANNOT}: {self.no_cage}"

    def emulable(self, profiles: Iterable[Profile]) -> list[Profile]:
        """The profiles that can be emulated here."""
        return [profile for profile in profiles if self.why_not(profile) is None]


@contextmanager
def cage_of(profile: Profile, *, as_is: bool) -> Iterator[Cage | None]:
    """What ffmpeg is to run in: None on a machine that is of the profile's size itself."""
    if as_is or profile.kind == "local":
        yield None
        return
    name = f"bench-{os.getpid()}-{next(_numbers)}"  # one a cell: its peak memory is the cell's
    with make_cage(name, float(profile.vcpu), int(profile.memory_gb * BYTES_PER_GB)) as cage:
        yield cage


def encoder_of(profile: Profile, rendition: Rendition, *, as_is: bool) -> Encoder:
    """NVENC on a GPU instance for what it can make; its GIF, WebP and JPEG come from its CPU."""
    return "nvenc" if as_is and profile.gpu is not None and can_encode(rendition) else "cpu"


@cache
def this_host() -> Host:
    """This machine; it is probed once."""
    memory_gb = Decimal(machine.memory_bytes()) / BYTES_PER_GB
    itself = Profile(
        name=LOCAL, kind="local", arch=machine.arch(), vcpu=Decimal(machine.cores()), memory_gb=memory_gb
    )
    tried = probe(find_ffmpeg())
    gpu = Gpu(available=tried.available, reason=tried.reason, detail=tried.detail)
    return Host(profile=itself, no_cage=_why_no_cage(), gpu=gpu)


def _why_no_cage() -> str | None:
    try:
        make_cage(f"probe-{os.getpid()}", _PROBED_VCPU, _PROBED_BYTES).remove()
    except CannotEmulate as error:
        return str(error)
    return None
