"""What is seen of a run while it goes: a panel in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tidegauge.cli.output import people, say
from tidegauge.conduct.figures import Figures

LINE_EVERY_S = 5.0
PANEL_WIDTH_MAX = 78


class LiveView:
    """Shows what the generator says. A context manager; `on_event` takes the events."""

    def __init__(self, figures: Figures, clock: Callable[[], float] = time.monotonic) -> None:
        self._figures, self._clock = figures, clock
        self._panel: Live | None = None
        if people.is_terminal and not people.is_dumb_terminal:
            self._panel = Live(console=people, transient=True, auto_refresh=False)
        self._next_line = 0.0

    def __enter__(self) -> LiveView:
        if self._panel is not None:
            self._panel.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._panel is not None:
            self._panel.stop()

    def on_event(self, event: dict[str, Any]) -> None:
        """Takes what the generator says, and shows it when it is time to."""
        figures = self._figures
        figures.take(event)
        words = figures.announcement(event)
        if words is not None:
            say(words)
        if self._panel is not None:
            if event["event"] in ("live", "progress", "waiting", "stopping"):
                self._panel.update(panel(figures, min(people.width, PANEL_WIDTH_MAX)), refresh=True)
        elif event["event"] in ("progress", "waiting") and self._clock() >= self._next_line:
            self._next_line = self._clock() + LINE_EVERY_S
            say(figures.line())


def panel(figures: Figures, width: int) -> Panel:
    """The figures as a table of `width` columns."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(style="bold", no_wrap=True, width=10)
    table.add_column(overflow="fold")
    for name, value in figures.rows():
        table.add_row(name, Text(value))
    return Panel(table, title=Text(figures.title()), title_align="left", width=width)
