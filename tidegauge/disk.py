"""Files written whole or not at all, and what a full disk is called."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from tidegauge.errors import TidegaugeError


class DiskFull(TidegaugeError):
    """No room for a file of the run."""


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """What `write` puts into a file beside `path`, then at `path` in one step (exit 2 where it cannot)."""
    partial = path.with_name(path.name + ".partial")
    try:
        write(partial)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise disk_error(error, path) from None


def disk_error(error: OSError, path: Path) -> TidegaugeError:
    """Why `path` cannot be written, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"disk full: {path} cannot be written", "free space, or name another folder with --out"
        )
    return TidegaugeError(
        f"{path} cannot be written: {os.strerror(error.errno or 0)}", "name another folder with --out"
    )
