"""The lease on a stack: two runs never load one stack at a time."""

from __future__ import annotations

import datetime as dt
import fcntl
import getpass
import hashlib
import json
import os
import platform
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tidegauge.aws.lease_object import ObjectLease, held_by
from tidegauge.errors import TidegaugeError
from tidegauge.stack import Stack

OBJECT = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,62})/(.+)")


@contextmanager
def held_lease(stack: Stack, run_id: str) -> Iterator[Callable[[], str | None]]:
    """Holds the stack (exit 13 where another run does); yields what says why it is held no more, or None.

    On this machine by a locked file, which ends with the process; between machines by the object that the
    stack file's `lease` names.
    """
    holder = {
        "run_id": run_id,
        "who": f"{_user()}@{platform.node()}, process {os.getpid()}",
        "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    with _locked_file(stack, holder):
        if stack.lease is None:
            yield lambda: None
            return
        match = OBJECT.fullmatch(stack.lease)
        if match is None:
            raise TidegaugeError(f"lease '{stack.lease:.100}' names no object", "s3://BUCKET/KEY")
        held = ObjectLease(match[1], match[2], holder)
        held.take()
        try:
            yield lambda: held.lost
        finally:
            held.give_back()


@contextmanager
def _locked_file(stack: Stack, holder: dict[str, str]) -> Iterator[None]:
    path = _path(stack)
    with _alone(path.parent):
        file = _take(path, holder)
        _remove_left(path.parent)
    try:
        yield
    finally:
        with _alone(path.parent):
            path.unlink(missing_ok=True)
            file.close()
            with suppress(OSError):  # not empty: other stacks are under load
                path.parent.rmdir()


def _take(path: Path, holder: dict[str, str]) -> IO[str]:
    """The file, locked while it is open; exit 13 where another process has it. Call inside `_alone`."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise held_by(_holder(path)) from None
    file.truncate(0)  # what a killed run wrote
    json.dump(holder, file)
    file.flush()
    return file


def _remove_left(folder: Path) -> None:
    """Removes the files of killed runs, which nobody locks. Call inside `_alone`."""
    for path in folder.iterdir():
        with path.open("r") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Leases are taken, given back and removed by one process at a time: no file goes while another opens it.

    The lock is on the folder, which another process may have removed while this one waited: then anew.
    """
    while True:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except (FileExistsError, FileNotFoundError):  # removed between a look and a use
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(folder, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def _is_at(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def _path(stack: Stack) -> Path:
    """One file a stack, whatever the descriptor: a stack is its URLs."""
    urls = "\n".join(url.rstrip("/") for url in (stack.api_url, stack.cdn_url or ""))
    name = hashlib.sha256(urls.encode()).hexdigest()[:32]
    return Path(tempfile.gettempdir()) / f"tidegauge-leases-{os.getuid()}" / name


def _holder(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # no such user on this machine, as in some containers
        return str(os.getuid())
