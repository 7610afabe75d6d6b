"""How many of so many are done: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from rich.progress import Progress

from tidegauge.cli.output import people


class Counter:
    """A context manager; `update` takes the count."""

    def __init__(self, what: str, total: int) -> None:
        self._progress = Progress(console=people, transient=True, disable=not people.is_terminal)
        self._task = self._progress.add_task(what, total=total)

    def __enter__(self) -> Counter:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, count: int) -> None:
        """So many are done."""
        self._progress.update(self._task, completed=count)
