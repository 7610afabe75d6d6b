"""The local stack's own command, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tidegauge.conduct.children import call_json
from tidegauge.house import HOUSE, environment

MODULE = "infra_under_test.local"


def call_stack(arguments: Sequence[str], stdin: int = subprocess.DEVNULL) -> Any:
    """The document that the command prints; its words for people pass through."""
    return call_json(MODULE, arguments, stdin=stdin).document


def stay_with_stack(arguments: Sequence[str]) -> int:
    """Runs the command in the foreground to its end; an interrupt is passed on, so that it can clean up."""
    child = subprocess.Popen([sys.executable, "-m", MODULE, *arguments], cwd=HOUSE, env=environment())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.terminate()


@contextmanager
def held_stack(name: str) -> Iterator[Any]:
    """A stack that lives as long as the block: its supervisor reads a pipe, and takes all down at its end.

    Yields the document of `up`.
    """
    read_end, write_end = os.pipe()
    try:
        started = call_stack(["up", "--name", name, "--hold-stdin"], stdin=read_end)
    finally:
        os.close(read_end)
    try:
        yield started
        call_stack(["down", "--name", name])
    finally:
        os.close(write_end)  # whatever happened: this alone takes the stack down
