"""The machine that the figures come from: figures of unlike machines are not compared."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Literal

import psutil

_GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
_CPUINFO = Path("/proc/cpuinfo")
_VENDOR = Path("/sys/class/dmi/id/sys_vendor")
_ARM = ("aarch64", "arm64")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory of the whole machine."""
    return int(psutil.virtual_memory().total)


def arch() -> Literal["x86", "arm", "other"]:
    """The architecture as profiles name it."""
    found = platform.machine().lower()
    if found in _ARM:
        return "arm"
    return "x86" if found in ("x86_64", "amd64") else "other"


def describe_machine() -> dict[str, object]:
    """The machine for bench.json, without the host's name; null where the machine does not say."""
    cpuinfo = _read(_CPUINFO) or ""
    return {
        "os": f"{platform.system()} {platform.release()}",
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpu_model": _cpu_field(cpuinfo, "model name") or platform.processor() or None,
        "cores": cores(),
        "memory_bytes": memory_bytes(),
        "governor": _read(_GOVERNOR),
        "virtualisation": _virtualisation(cpuinfo),
        "python": platform.python_version(),
    }


def _virtualisation(cpuinfo: str) -> str | None:
    """The vendor of the virtual machine, "hypervisor" where it gives none, "none" on bare metal."""
    flags = _cpu_field(cpuinfo, "flags")
    if flags is None:  # ARM's cpuinfo has no such flag
        return None
    if "hypervisor" not in flags.split():
        return "none"
    return _read(_VENDOR) or "hypervisor"


def _cpu_field(cpuinfo: str, name: str) -> str | None:
    found = (line.partition(":") for line in cpuinfo.splitlines())
    return next((value.strip() for key, _, value in found if key.strip() == name), None)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
