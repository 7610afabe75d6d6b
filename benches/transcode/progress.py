"""Tells how far a bench is: a line for each step on stderr, or JSON lines for a program that shows them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Progress:
    """Counts finished steps; time left is the mean time of a step times those to come."""

    steps: int
    events_fd: int | None = None  # JSON lines go there instead of text to stderr
    _done: int = 0
    _began: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Tells how many steps there are, before the first."""
        if self.events_fd is not None:
            self._emit(None, None)

    def on_cell(self, cell: Mapping[str, Any]) -> None:
        """One cell is measured, or has failed."""
        self.on_step(line(cell))

    def on_step(self, words: str) -> None:
        """One more is done."""
        self._done += 1
        left_s = (time.monotonic() - self._began) / self._done * (self.steps - self._done)
        if self.events_fd is not None:
            self._emit(left_s, words)
        else:
            print(f"[{self._done}/{self.steps}] {words}", file=sys.stderr, flush=True)  # noqa: T201

    def _emit(self, left_s: float | None, words: str | None) -> None:
        assert self.events_fd is not None
        event = {"done": self._done, "steps": self.steps, "left_s": left_s, "line": words}
        os.write(self.events_fd, json.dumps(event).encode() + b"\n")


def line(cell: Mapping[str, Any]) -> str:
    """A finished cell in words."""
    what = f"{cell['profile']}  {cell['media']} → {cell['rendition']}"
    if cell["wall_s"] is None:
        return f"{what}: {cell['reason']}"
    return (
        f"{what}: {cell['wall_s']:.2f} s, {cell['cpu_s']:.2f} CPU-s, {cell['rss_peak_mb']:.0f} MB "
        f"({cell['provenance']})"
    )
