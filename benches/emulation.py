"""Which profiles this machine can stand for, and how: by a CPU quota and a memory limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from benches import machine
from benches.profiles import BYTES_PER_GB, LOCAL, Profile

CANNOT = "cannot emulate"
NO_CAGE = "ffmpeg is not run under a quota yet"


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
        """Those that can be emulated here."""
        return [profile for profile in profiles if self.why_not(profile) is None]

    @contextmanager
    def cage(self, profile: Profile, *, as_is: bool) -> Iterator[None]:  # noqa: ARG002
        """What ffmpeg is to run in."""
        yield None


@cache
def this_host() -> Host:
    """This machine, looked at once."""
    memory_gb = Decimal(machine.memory_bytes()) / BYTES_PER_GB
    itself = Profile(
        name=LOCAL, kind="local", arch=machine.arch(), vcpu=Decimal(machine.cores()), memory_gb=memory_gb
    )
    return Host(profile=itself, no_cage=NO_CAGE, gpu=Gpu(available=False, reason="NVENC is not probed yet"))
