"""Who is told what happens while a run is conducted: a terminal's display, a log, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tidegauge.conduct.figures import Figures

Event = Mapping[str, Any]  # a JSON line of the generator; `event` names its kind


class Listener(Protocol):
    """Takes what is said; it is never asked anything, and the run does not wait for it."""

    def say(self, text: str) -> None:
        """A sentence for people."""

    def begin(self, figures: Figures) -> None:
        """The generator is about to start; `figures` hold where the run stands, from now on."""

    def hear(self, event: Event) -> None:
        """One event of the generator; the figures have taken it."""

    def end(self) -> None:
        """The generator has ended, however it did."""


class Silence:
    """A listener that keeps quiet."""

    def say(self, text: str) -> None:
        """Says nothing."""

    def begin(self, figures: Figures) -> None:
        """Shows nothing."""

    def hear(self, event: Event) -> None:
        """Shows nothing."""

    def end(self) -> None:
        """Shows nothing."""
