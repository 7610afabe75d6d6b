"""A cage of a task's size: a CPU quota and a memory limit for the processes that join it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PERIOD_US = 100_000  # the kernel's default period of CFS bandwidth control
VCPU_MIN = 0.01  # the kernel takes no quota below 1 ms a period
_REMOVAL_TRIES = 50
_REMOVAL_WAIT_S = 0.02


class CannotEmulate(Exception):
    """Nothing on this machine can hold a process to a size; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cage:
    """Limits that hold for whatever joins: groups of the kernel, or a command to run under."""

    emulation: str  # what enforces which limits, for people
    groups: tuple[Path, ...] = ()
    prefix: tuple[str, ...] = ()
    peak_file: Path | None = None
    kills_file: Path | None = None

    @property
    def joins(self) -> tuple[Path, ...]:
        """Files that take the id of a process which is to be held to the limits."""
        return tuple(group / "cgroup.procs" for group in self.groups)

    def peak_bytes(self) -> int | None:
        """The most memory that was held at a time, page cache of its files included; None if not counted."""
        if self.peak_file is None or not self.peak_file.exists():  # version 2 counts it from Linux 5.19 on
            return None
        return int(self.peak_file.read_text())

    def memory_kills(self) -> int:
        """How many processes the memory limit has killed so far."""
        if self.kills_file is None:
            return 0
        lines = (line.split() for line in self.kills_file.read_text().splitlines())
        return next((int(count) for name, count in lines if name == "oom_kill"), 0)

    def remove(self) -> None:
        """Removes the groups once their last process is gone (the kernel needs a moment for that)."""
        for group in self.groups:
            for _ in range(_REMOVAL_TRIES):
                with contextlib.suppress(OSError):
                    group.rmdir()
                if not group.exists():
                    break
                time.sleep(_REMOVAL_WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.remove()


def make_cage(name: str, vcpu: float, memory_bytes: int | None = None) -> Cage:
    """A cage by the first means that works here: cgroup version 2, version 1, systemd-run.

    `name` tells its groups from others'; a group of that name that a killed process left is used again.
    Raises CannotEmulate.
    """
    mounts, own = Path("/proc/mounts"), Path("/proc/self/cgroup")
    if not mounts.exists() or not own.exists():
        raise CannotEmulate("this system has no control groups (they are Linux's)")
    parents = group_parents(mounts.read_text(), own.read_text(), "cpu")
    memories = group_parents(mounts.read_text(), own.read_text(), "memory")
    folder = f"tidegauge-{name}"
    quota_us = round(vcpu * PERIOD_US)
    for parent in (path for kind, path in parents if kind == "v2"):
        cage = _in_v2(parent / folder, quota_us, memory_bytes)
        if cage is not None:
            return cage
    first = [path / folder for kind, path in parents if kind == "v1"]
    second = [path / folder for kind, path in memories if kind == "v1"]
    cage = _in_v1(first, second, quota_us, memory_bytes) or _by_systemd(vcpu, memory_bytes)
    if cage is None:
        raise CannotEmulate("no control group can be written here (as root it can), and there is no systemd")
    return cage


def group_parents(mounts: str, own: str, controller: str) -> list[tuple[str, Path]]:
    """Groups that may take a child, version 2 first: our own group, then the root of its hierarchy."""
    groups = dict(line.split(":", 2)[1:] for line in own.splitlines() if line.count(":") >= 2)
    found: list[tuple[str, Path]] = []
    for line in mounts.splitlines():
        _, mount, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found += [("v2", Path(mount + groups.get("", "/"))), ("v2", Path(mount))]
        elif kind == "cgroup" and controller in options.split(","):
            path = next((path for names, path in groups.items() if controller in names.split(",")), "/")
            found += [("v1", Path(mount + path)), ("v1", Path(mount))]
    return sorted(found, key=lambda item: item[0], reverse=True)


def _in_v2(group: Path, quota_us: int, memory_bytes: int | None) -> Cage | None:
    limits = {"cpu.max": f"{quota_us} {PERIOD_US}"}
    if memory_bytes is not None:
        limits |= {"memory.max": str(memory_bytes)}
    if not _make(group, limits, optional={"memory.swap.max": "0"} if memory_bytes else {}):
        return None
    counted = memory_bytes is not None
    return Cage(
        emulation=f"cgroup v2: {_shown(limits)}",
        groups=(group,),
        peak_file=group / "memory.peak" if counted else None,
        kills_file=group / "memory.events" if counted else None,
    )


def _in_v1(
    cpu_groups: Iterable[Path], memory_groups: Iterable[Path], quota_us: int, memory_bytes: int | None
) -> Cage | None:
    limits = {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(quota_us)}
    cpu = next((group for group in cpu_groups if _make(group, limits)), None)
    if cpu is None or memory_bytes is None:
        return None if cpu is None else Cage(emulation=f"cgroup v1: {_shown(limits)}", groups=(cpu,))
    memory_limits = {"memory.limit_in_bytes": str(memory_bytes)}
    # Memory and swap together: the same limit leaves no swap.
    no_swap = {"memory.memsw.limit_in_bytes": str(memory_bytes)}
    memory = next((group for group in memory_groups if _make(group, memory_limits, no_swap)), None)
    if memory is None:
        cpu.rmdir()
        return None
    return Cage(
        emulation=f"cgroup v1: {_shown(limits | memory_limits)}",
        groups=(cpu, memory),
        peak_file=memory / "memory.max_usage_in_bytes",
        kills_file=memory / "memory.oom_control",
    )


def _make(group: Path, limits: Mapping[str, str], optional: Mapping[str, str] | None = None) -> bool:
    """Makes `group` with `limits`; returns whether it now exists and takes processes."""
    try:
        group.mkdir(exist_ok=True)
    except OSError:
        return False
    try:
        for file, value in limits.items():
            if not (group / file).exists():  # the controller is not delegated here
                raise FileNotFoundError(file)
            (group / file).write_text(value)
        for file, value in (optional or {}).items():
            if (group / file).exists():
                (group / file).write_text(value)
        if not os.access(group / "cgroup.procs", os.W_OK):
            raise PermissionError(group)
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        return False
    return True


def _shown(limits: Mapping[str, str]) -> str:
    return ", ".join(f"{file} = {value}" for file, value in limits.items())


def _by_systemd(vcpu: float, memory_bytes: int | None) -> Cage | None:
    program = shutil.which("systemd-run")
    if program is None:
        return None
    limits = [f"CPUQuota={vcpu * 100:g}%"]
    if memory_bytes is not None:
        limits += [f"MemoryMax={memory_bytes}", "MemorySwapMax=0"]
    user = () if os.geteuid() == 0 else ("--user",)
    properties = [word for limit in limits for word in ("-p", limit)]
    prefix = (program, *user, "--scope", "--quiet", "--collect", *properties)
    try:
        tried = subprocess.run([*prefix, "/bin/true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if tried.returncode != 0:
        return None
    return Cage(emulation=f"systemd scope: {', '.join(limits)}", prefix=prefix)
