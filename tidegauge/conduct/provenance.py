"""Where and with what a run was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from tidegauge.house import HOUSE, is_checkout
from tidegauge.run_record import Machine

PACKAGES = ("tidegauge", "locust", "gevent", "httptools", "numpy", "scipy", "pyarrow", "boto3")


def machine() -> Machine:
    """This machine."""
    return Machine(
        os=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        cpu_model=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        memory_bytes=psutil.virtual_memory().total,
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that measure."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def git_commit() -> str | None:
    """The commit of this checkout, with -dirty for local changes; None of an installation.

    An installation may lie in somebody's repository, whose commit says nothing about us.
    """
    if not is_checkout():
        return None
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],  # noqa: S607
            cwd=HOUSE,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
