"""Runs one command under limits in a small process of its own and reports what it used.

Started as a script, standard library only. It stands between us and ffmpeg for two reasons. The kernel
carries the parent's peak memory over into `ru_maxrss` of a child that it starts, so ffmpeg has to be started
by something small. And limits can be set here without running Python between fork and exec of a process that
has threads.

The command comes by stdin, so that this can start before anybody knows it. It dies with whoever holds the
other end of stdin, and when it holds more memory than it may: each allocation of ffmpeg is limited by ffmpeg
itself, but only the sum of all hurts the machine.

Its start is paid by every rendition: json, typing and signal, which imports enum, would double it.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # what `signal` wraps in enums; typeshed leaves it out
import marshal
import os
import resource
import select
import sys
import time

_WATCH_MS = 20
_PAGE_BYTES = resource.getpagesize()


def main() -> None:
    """Obeys stdin: most rss bytes, CPU-seconds, output bytes, open files; the cgroup.procs files to join; the
    command. Reports to the descriptor that argv names.
    """
    report = int(sys.argv[1])
    os.set_inheritable(report, False)
    lifeline = sys.stdin.buffer
    try:
        rss_bytes_max, *limits, joins, command = marshal.load(lifeline)  # noqa: S302 - of who started us
    except EOFError:
        return  # who started us has nothing to run, or is dead
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    _signal.set_wakeup_fd(wake_write)
    _signal.signal(_signal.SIGCHLD, lambda _number, _frame: None)
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _become(command, joins, limits)
    poll = select.poll()  # select(2) cannot watch descriptors above 1023, and ours come from a server
    poll.register(wake_read, select.POLLIN)
    poll.register(lifeline.fileno(), select.POLLIN)
    while not (ready := poll.poll(_WATCH_MS)):
        if _rss_bytes(pid) > rss_bytes_max:
            break
    too_large = not ready
    if too_large or any(descriptor == lifeline.fileno() for descriptor, _ in ready):
        os.kill(pid, _signal.SIGKILL)  # not reaped yet, so the id is still the command's
    _, status, used = os.wait4(pid, 0)
    rss_unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB elsewhere
    said = (
        os.waitstatus_to_exitcode(status),
        used.ru_utime + used.ru_stime,
        time.monotonic() - started,
        used.ru_maxrss * rss_unit,
        int(too_large),
    )
    os.write(report, " ".join(str(each) for each in said).encode())
    os._exit(0)  # nothing is left to tidy up, and tidying takes milliseconds


def _rss_bytes(pid: int) -> int:
    """What the command holds; 0 where the system has no /proc."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - no pathlib: it starts slowly
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _become(command: list[str], joins: list[str], limits: list[int]) -> None:
    try:
        for procs in joins:  # before the command's first allocation, and without this Python's start
            with open(procs, "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(str(os.getpid()))
        cpu_s_max, output_bytes_max, open_files_max = limits
        _limit(resource.RLIMIT_CPU, cpu_s_max)
        _limit(resource.RLIMIT_FSIZE, output_bytes_max)
        _limit(resource.RLIMIT_NOFILE, open_files_max)
        _limit(resource.RLIMIT_CORE, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (_signal.SIGXFSZ, _signal.SIGPIPE):  # Python ignores them; exec would pass that on
            _signal.signal(number, _signal.SIG_DFL)
        os.execv(command[0], command)  # noqa: S606 - the argv is ours
    except (OSError, ValueError) as error:
        print(f"cannot start {command[0]}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - it is read
    finally:
        os._exit(127)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    lowered = value if hard == resource.RLIM_INFINITY else min(value, hard)  # raising it takes root
    resource.setrlimit(which, (lowered, hard))


if __name__ == "__main__":
    main()
