"""A CPU quota for the worker and its ffmpeg children: how much of a machine a Fargate task would have."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from infra_under_test.local.errors import StackError

PERIOD_US = 100_000  # the kernel's default period of CFS bandwidth control
VCPU_MIN = 0.01  # the kernel takes no quota below 1 ms a period
NOT_EMULATED = "not emulated"
NO_LIMIT = "no limit asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuQuota:
    """How the quota is enforced: a group to join, or a command to run under, or not at all."""

    emulation: str
    group: Path | None = None
    procs: Path | None = None
    prefix: tuple[str, ...] = ()

    def remove(self) -> None:
        """Removes the group once its last process is gone (the kernel needs a moment for that)."""
        if self.group is None:
            return
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.group.rmdir()
            if not self.group.exists():
                return
            time.sleep(0.02)


def check_vcpu(vcpu: float, cores: int) -> None:
    """Refuses a quota that this machine cannot give."""
    if not VCPU_MIN <= vcpu <= cores:
        raise StackError(
            f"--worker-vcpu {vcpu:g} is out of range: this machine has {cores} cores",
            f"choose {VCPU_MIN} to {cores}; more than the machine has cannot be emulated",
        )


def make_quota(name: str, vcpu: float | None) -> CpuQuota:
    """The first means that works here: cgroup v2, cgroup v1, systemd-run, else `not emulated`."""
    if vcpu is None:
        return CpuQuota(emulation=NO_LIMIT)
    quota_us = round(vcpu * PERIOD_US)
    mounts, own = Path("/proc/mounts"), Path("/proc/self/cgroup")
    if mounts.exists() and own.exists():
        parents = group_parents(mounts.read_text(), own.read_text())
        for kind, parent in parents:
            quota = _in_group(kind, parent / f"tidegauge-{name}", quota_us)
            if quota is not None:
                return quota
    return _by_systemd(vcpu) or CpuQuota(emulation=NOT_EMULATED)


def group_parents(mounts: str, own: str) -> list[tuple[str, Path]]:
    """Groups that may take a child, version 2 first: our own group, then the root of its hierarchy."""
    groups = dict(line.split(":", 2)[1:] for line in own.splitlines() if line.count(":") >= 2)
    found: list[tuple[str, Path]] = []
    for line in mounts.splitlines():
        _, mount, kind, options, *_ = line.split()
        if kind == "cgroup2":
            found += [("v2", Path(mount + groups.get("", "/"))), ("v2", Path(mount))]
        elif kind == "cgroup" and "cpu" in options.split(","):
            path = next((path for names, path in groups.items() if "cpu" in names.split(",")), "/")
            found += [("v1", Path(mount + path)), ("v1", Path(mount))]
    return sorted(found, key=lambda item: item[0], reverse=True)


def _in_group(kind: str, group: Path, quota_us: int) -> CpuQuota | None:
    limits = (
        {"cpu.max": f"{quota_us} {PERIOD_US}"}
        if kind == "v2"
        else {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(quota_us)}
    )
    try:
        group.mkdir()
    except OSError:
        return None
    try:
        for file, value in limits.items():
            if not (group / file).exists():  # the cpu controller is not delegated here
                raise FileNotFoundError(file)
            (group / file).write_text(value)
        if not os.access(group / "cgroup.procs", os.W_OK):
            raise PermissionError(group)
    except OSError:
        group.rmdir()
        return None
    shown = ", ".join(f"{file} = {value}" for file, value in limits.items())
    return CpuQuota(emulation=f"cgroup {kind}: {shown}", group=group, procs=group / "cgroup.procs")


def _by_systemd(vcpu: float) -> CpuQuota | None:
    program = shutil.which("systemd-run")
    if program is None:
        return None
    user = () if os.geteuid() == 0 else ("--user",)
    limit = f"CPUQuota={vcpu * 100:g}%"
    prefix = (program, *user, "--scope", "--quiet", "--collect", "-p", limit)
    try:
        tried = subprocess.run([*prefix, "/bin/true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if tried.returncode != 0:
        return None
    return CpuQuota(emulation=f"systemd scope: {limit}", prefix=prefix)
