"""Runs one command under limits in a small process of its own and reports what it used.

Started as a script, standard library only. It stands between us and ffmpeg for two reasons. The kernel
carries the parent's peak memory over into `ru_maxrss` of a child that it starts, so ffmpeg has to be started
by something small. And limits can be set here without running Python between fork and exec of a process that
has threads.

The command dies with whoever holds the other end of `lifeline_fd`, and when it holds more memory than it may:
each allocation of ffmpeg is limited by ffmpeg itself, but only the sum of all hurts the machine.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any

_WATCH_MS = 20
_PAGE_BYTES = resource.getpagesize()


def main() -> None:
    """Obeys argv[1]: {"argv", "joins", limits by their names in `Limits`, "lifeline_fd", "report_fd"}."""
    order = json.loads(sys.argv[1])
    for name in ("lifeline_fd", "report_fd"):
        os.set_inheritable(order[name], False)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(order)
    poll = select.poll()  # select(2) cannot watch descriptors above 1023, and ours come from a server
    poll.register(wake_read, select.POLLIN)
    poll.register(order["lifeline_fd"], select.POLLIN)
    while not (ready := poll.poll(_WATCH_MS)):
        if _rss_bytes(pid) > order["rss_bytes_max"]:
            break
    too_large = not ready
    if too_large or any(descriptor == order["lifeline_fd"] for descriptor, _ in ready):
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so the id is still the command's
    _, status, used = os.wait4(pid, 0)
    _report(order["report_fd"], status, used, time.monotonic() - started, too_large=too_large)


def _rss_bytes(pid: int) -> int:
    """What the command holds; 0 where the system has no /proc."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - no pathlib: it starts slowly
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _become(order: dict[str, Any]) -> None:
    try:
        for procs in order["joins"]:  # before the command's first allocation, and without this Python's start
            with open(procs, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(str(os.getpid()))
        _limit(resource.RLIMIT_CPU, order["cpu_s_max"])
        _limit(resource.RLIMIT_FSIZE, order["output_bytes_max"])
        _limit(resource.RLIMIT_NOFILE, order["open_files_max"])
        _limit(resource.RLIMIT_CORE, 0)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and exec would pass that on
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execv(order["argv"][0], order["argv"])  # noqa: S606 - the argv is ours
    except (OSError, ValueError) as error:
        print(f"cannot start {order['argv'][0]}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - it is read
    finally:
        os._exit(127)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)  # raising it takes root
    resource.setrlimit(which, (lowered, hard))


def _report(
    report_fd: int, status: int, used: resource.struct_rusage, wall_s: float, *, too_large: bool
) -> None:
    rss_unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB elsewhere
    report = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": wall_s,
        "rss_peak_bytes": used.ru_maxrss * rss_unit,
        "too_large": too_large,
    }
    os.write(report_fd, json.dumps(report).encode())


if __name__ == "__main__":
    main()
