"""Becomes one part of the stack: bound to its supervisor's life, niced, inside its CPU quota.

Run as `python -I -S launch.py SUPERVISOR_PID NICE CGROUP_PROCS COMMAND…`. A program of its own, because the
supervisor has threads, and Python code between its fork and exec could deadlock.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
NO_CGROUP = "-"


def main(arguments: list[str]) -> None:
    """Sets the process up and replaces it with the command."""
    supervisor, niceness, cgroup_procs, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(supervisor):  # it died before the signal was armed
            sys.exit(1)
    os.nice(int(niceness))
    if cgroup_procs != NO_CGROUP:
        Path(cgroup_procs).write_text(str(os.getpid()))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    os.execv(command[0], command)  # noqa: S606  # there is no shell, and none is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
