"""Signals that end a verb the way Ctrl-C does: children stopped, what was measured kept and reported."""

from __future__ import annotations

import signal
from typing import NoReturn


def stop_as_on_ctrl_c() -> None:
    """SIGTERM, SIGINT and a lost terminal raise KeyboardInterrupt from now on.

    SIGINT too, as shells start background jobs with it ignored; SIGHUP stays ignored under nohup.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
