"""How far a bench is: a line a finished cell, on a terminal a bar with the time left below them."""

from __future__ import annotations

from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tidegauge.cli.output import people, say


class CellProgress:
    """A context manager; `take` takes what the bench says."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("transcode bench"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=people,
            transient=True,
            disable=not people.is_terminal,
        )
        self._task = self._bar.add_task("cells", total=None, left="", visible=False)

    def __enter__(self) -> CellProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def take(self, event: Any) -> None:
        """One JSON line of the bench."""
        left = "" if event["left_s"] is None else f"about {_minutes(event['left_s'])} left"
        self._bar.update(self._task, total=event["steps"], completed=event["done"], left=left, visible=True)
        if event["line"] is not None:
            # In one go: the bar is drawn anew behind whatever is printed.
            say(f"[{event['done']}/{event['steps']}] {event['line']}")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
