"""Directories of running stacks: claimed by name, found again, swept when their supervisor is gone."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from infra_under_test.errors import StackError

STATE_FILE = "state.json"
LOCK_FILE = "lock"
DIRECTORY_VARIABLE = "TIDEGAUGE_STACK_DIRECTORY"  # in every part's environment, to recognise its descendants
FREE_BYTES_MIN = 512 * 1024 * 1024
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack as other processes find it; the lock file tells whether it is alive."""

    name: str
    directory: str
    supervisor_pid: int
    supervisor_started_s: float  # epoch
    ports: dict[str, int]
    ready: bool = False
    control_url: str = ""
    cgroup: str | None = None
    strays: tuple[str, ...] = ()  # files that parts leave outside the directory
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A directory that is ours as long as the lock file stays open (the kernel frees it on any death)."""

    directory: Path
    lock: IO[str]


def state_root() -> Path:
    """The user's own folder of stacks, mode 0700.

    Under the temporary directory and not XDG_RUNTIME_DIR: that is a small memory file system, and a stack
    stores media.
    """
    root = Path(
        os.environ.get("TIDEGAUGE_STATE_DIR") or Path(tempfile.gettempdir()) / f"tidegauge-{os.getuid()}"
    )
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StackError(
            f"{root} is not a private directory of yours",
            "set TIDEGAUGE_STATE_DIR to a directory of mode 0700",
        )
    return root


@contextlib.contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Claims, sweeps and the removal of an empty root happen one at a time.

    The lock is on the directory itself, which another holder may have removed meanwhile: then once more.
    """
    while True:
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        except (FileExistsError, FileNotFoundError):  # removed between a look and a use
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(root, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def _is_at(root: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), root.stat())
    except FileNotFoundError:
        return False


def forget_empty(root: Path) -> None:
    """Removes the root with its last stack; call outside `exclusive`."""
    with exclusive(root), contextlib.suppress(OSError):  # stays while other stacks are up: not empty then
        root.rmdir()


def claim(root: Path, name: str) -> Claim:
    """A fresh private directory for a stack called `name`; call inside `exclusive`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise StackError(f"'{name}' cannot be the name of a stack", "use up to 40 of a-z, 0-9 and -")
    if any(state.name == name for state in running(root)):
        raise StackError(
            f"a stack named '{name}' is already up",
            f"take it down first, or choose another --name than {name}",
        )
    free = shutil.disk_usage(root).free
    if free < FREE_BYTES_MIN:
        raise StackError(
            f"{root} has {free // 2**20} MiB free; a stack needs {FREE_BYTES_MIN // 2**20}",
            "free some space, or set TIDEGAUGE_STATE_DIR to a directory on another disk",
        )
    directory = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=root))
    lock = (directory / LOCK_FILE).open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return Claim(directory=directory, lock=lock)


def write_state(state: StackState) -> None:
    """Replaces the state file at once, so that no reader sees half of one."""
    target = Path(state.directory) / STATE_FILE
    draft = target.with_suffix(".new")
    draft.write_text(json.dumps(asdict(state), indent=1))
    draft.replace(target)


def running(root: Path) -> list[StackState]:
    """The stacks whose supervisor lives."""
    return [
        state
        for directory in _directories(root)
        if _is_held(directory) and (state := _read_state(directory)) is not None
    ]


def sweep(root: Path, say: Callable[[str], None]) -> None:
    """Removes what killed supervisors left, and says so; call inside `exclusive`."""
    for directory in _directories(root):
        if _is_held(directory):
            continue
        state = _read_state(directory)
        killed = kill_descendants(directory)
        remove(directory, state)
        say(
            f"removed what a killed supervisor of '{state.name if state else directory.name}' left: "
            f"{directory} and {killed} process(es)"
        )


def remove(directory: Path, state: StackState | None) -> None:
    """Removes a stack's files, the lock last: until then `sweep` finds a half-removed directory."""
    for stray in state.strays if state else ():
        Path(stray).unlink(missing_ok=True)
    if state is not None and state.cgroup is not None:
        with contextlib.suppress(OSError):
            Path(state.cgroup).rmdir()
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != LOCK_FILE:
            entry.unlink(missing_ok=True)
    (directory / LOCK_FILE).unlink(missing_ok=True)
    directory.rmdir()


def kill_descendants(directory: Path) -> int:
    """Kills every process of ours that belongs to the stack in `directory`; how many there were."""
    doomed = [process for process in psutil.process_iter() if _belongs(process, directory)]
    for process in doomed:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(doomed, timeout=3)
    return len(doomed)


def _belongs(process: psutil.Process, directory: Path) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        if process.uids().real != os.getuid() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.environ().get(DIRECTORY_VARIABLE) == str(directory):
            return True
        inside = f"{directory}/"
        return any(inside in argument for argument in process.cmdline()) or process.cwd().startswith(inside)
    except (psutil.Error, OSError):  # gone meanwhile, or not ours to look at
        return False


def _directories(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if (path / LOCK_FILE).exists())


def _is_held(directory: Path) -> bool:
    try:
        with (directory / LOCK_FILE).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # its own supervisor is removing it
        return True
    return False


def _read_state(directory: Path) -> StackState | None:
    try:
        return StackState(**json.loads((directory / STATE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
