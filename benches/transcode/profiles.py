"""The task sizes, instances and this machine, as data: what a transcode can be measured or priced for."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from tidegauge.cost.prices import PriceBook
from tidegauge.cost.transcode import (
    Capacity,
    HourlyPrice,
    fargate_hour,
    instance_hour,
    price_fields,
    unpriced,
)
from tidegauge.errors import TidegaugeError, nearest

Kind = Literal["fargate", "ec2-gpu", "ec2-cpu", "local"]
Arch = Literal["x86", "arm", "other"]
PROFILES_FILE = Path(__file__).with_name("profiles.toml")
LOCAL = "local-machine"  # this machine's cores, all of them, as they are
EMULABLE, SMALLEST = "emulable", "emulable-smallest"
GROUPS = {
    EMULABLE: "every size that this machine can emulate",
    SMALLEST: "of each number of vCPUs that it can emulate, the least memory",
}
NO_FARGATE_GPU = "Fargate has no GPU"
BYTES_PER_GB = 2**30  # a Fargate task's GB are 1,024 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One size of machine to transcode on."""

    name: str
    kind: Kind
    arch: Arch
    vcpu: Decimal
    memory_gb: Decimal  # 2^30 bytes each
    capacity: Capacity = "on_demand"
    gpu: str | None = None
    instance_type: str | None = None

    @property
    def size(self) -> tuple[str, ...]:
        """What its speed depends on: profiles of equal size differ by price alone."""
        return (self.arch, str(self.vcpu), str(self.memory_gb), self.gpu or "", self.instance_type or "")

    def price(self, book: PriceBook) -> HourlyPrice:
        """USD an hour, or why not."""
        if self.kind == "fargate":
            return fargate_hour(
                book, arch=self.arch, vcpu=self.vcpu, memory_gb=self.memory_gb, capacity=self.capacity
            )
        if self.instance_type is not None:
            return instance_hour(book, self.instance_type)
        return unpriced("this machine's own cores have no list price")

    def document(self, book: PriceBook, emulation: str | None) -> dict[str, object]:
        """A row of `profiles` in bench.json."""
        price = price_fields(self.price(book))
        if self.gpu is not None:
            price["price_note"] = f"{NO_FARGATE_GPU}: {price['price_note']}"
        return {
            "name": self.name,
            "kind": self.kind,
            "arch": self.arch,
            "vcpu": float(self.vcpu),
            "memory_gb": float(self.memory_gb),
            "gpu": self.gpu,
            "capacity": self.capacity,
            **price,
            "emulation": emulation,
        }


@cache
def load_profiles(path: Path = PROFILES_FILE) -> Mapping[str, Profile]:
    """Profiles by name, smallest Fargate task first; TidegaugeError where the file makes no sense."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        found = [*_fargate(data["fargate"]), *(_instance(row) for row in data["ec2"]["instances"])]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise TidegaugeError(f"{path.name} cannot be read: {error}") from None
    names = [profile.name for profile in found]
    if len(set(names)) < len(names):
        raise TidegaugeError(f"{path.name} lists a profile twice")
    return {profile.name: profile for profile in found}


def worker_profile(vcpu: Fraction, memory_gb: Fraction) -> Profile | None:
    """The x86 Fargate task of that size, on demand; None where AWS has none."""
    sizes = (profile for profile in load_profiles().values() if profile.kind == "fargate")
    alike = (
        profile
        for profile in sizes
        if (profile.arch, profile.capacity) == ("x86", "on_demand")
        and (Fraction(profile.vcpu), Fraction(profile.memory_gb)) == (vcpu, memory_gb)
    )
    return next(alike, None)


def choose(wanted: Sequence[str], known: Iterable[str], emulable: Sequence[Profile]) -> list[str]:
    """Names from names, patterns (`fargate-arm-*`) and GROUPS, each once; exit 2 for an unknown one."""
    names = [LOCAL, *known]
    chosen: list[str] = []
    for word in wanted:
        if word == EMULABLE:
            chosen += [profile.name for profile in emulable]
        elif word == SMALLEST:
            chosen += [profile.name for profile in _smallest(emulable)]
        elif matching := fnmatch.filter(names, word):
            chosen += matching
        else:
            raise TidegaugeError(f"no profile is called '{word}'", _hint(word, names))
    return list(dict.fromkeys(chosen))


def _hint(word: str, names: Sequence[str]) -> str:
    listed = "list them with `tidegauge bench profiles`"
    if "gpu" in word and word.startswith("fargate"):
        return f"{NO_FARGATE_GPU}: the ec2-gpu profiles are instances under ECS; {listed}"
    if set(word) & set("*?["):
        return listed
    return f"{nearest(word, [*names, *GROUPS])} {listed}"


def _smallest(profiles: Sequence[Profile]) -> list[Profile]:
    least: dict[tuple[str, Decimal, str], Profile] = {}
    for profile in sorted(profiles, key=lambda each: (each.capacity, each.vcpu, each.memory_gb)):
        least.setdefault((profile.kind, profile.vcpu, profile.capacity), profile)
    return list(least.values())


def _fargate(data: Mapping[str, Any]) -> list[Profile]:
    return [
        Profile(
            name=f"fargate-{arch}-{vcpu}vcpu-{memory_gb}gb" + ("-spot" if capacity == "spot" else ""),
            kind="fargate",
            arch=_arch(arch),
            vcpu=vcpu,
            memory_gb=memory_gb,
            capacity=_capacity(capacity),
        )
        for arch in data["architectures"]
        for capacity in data["capacities"]
        for size in data["sizes"]
        for vcpu in [_size(size["vcpu"])]
        for memory_gb in _memories(size["memory_gb"])
    ]


def _memories(written: Any) -> list[Decimal]:
    if isinstance(written, list):
        return [_size(each) for each in written]
    return [_size(each) for each in range(written["from"], written["to"] + 1, written["step"])]


def _instance(row: Mapping[str, Any]) -> Profile:
    gpu = row.get("gpu")
    kind: Kind = "ec2-gpu" if gpu else "ec2-cpu"
    return Profile(
        name=f"{kind}-{row['type']}",
        kind=kind,
        arch=_arch(row["arch"]),
        vcpu=_size(row["vcpu"]),
        memory_gb=_size(row["memory_gb"]),
        gpu=gpu,
        instance_type=row["type"],
    )


def _size(written: int | Decimal) -> Decimal:
    value = Decimal(written)
    if value <= 0:
        raise ValueError(f"{written} is not a task size")
    return value


def _arch(written: str) -> Arch:
    if written == "x86":
        return "x86"
    if written == "arm":
        return "arm"
    raise ValueError(f"{written!r} is not an architecture: it is x86 or arm")


def _capacity(written: str) -> Capacity:
    if written == "on_demand":
        return "on_demand"
    if written == "spot":
        return "spot"
    raise ValueError(f"{written!r} is not a capacity: it is on-demand or spot")
