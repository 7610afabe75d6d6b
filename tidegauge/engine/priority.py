"""Who runs first on a shared core: the generator before its writer, both where the system allows it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_GENERATOR, _WRITER = -10, 15
_AUTOGROUP = Path("/proc/self/autogroup")


def go_first() -> None:
    """A higher priority for this process: a generator that is kept waiting sends late."""
    _set(_GENERATOR)


def stand_back() -> None:
    """A lower priority for this process: rows may be written a moment later."""
    _set(_WRITER)


def _set(niceness: int) -> None:
    """Linux may weigh whole sessions against each other (autogroup); niceness then counts within one only."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    with contextlib.suppress(OSError):
        _AUTOGROUP.write_text(str(niceness), encoding="ascii")
