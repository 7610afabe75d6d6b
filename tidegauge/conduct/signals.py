"""Signals that end a verb the way Ctrl-C does: children stopped, what was measured kept and reported."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_as_on_ctrl_c() -> None:
    """SIGTERM, SIGINT and a lost terminal raise KeyboardInterrupt from now on.

    SIGINT too, as shells start background jobs with it ignored; SIGHUP stays ignored under nohup.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)


@contextmanager
def interrupts_as_bytes() -> Iterator[int]:
    """A descriptor that gets a byte for each of these signals, instead of an exception anywhere."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)

    def note(_number: int, _frame: object) -> None:
        os.write(write_end, b"!")

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, note)
    try:
        yield read_end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read_end)
        os.close(write_end)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
