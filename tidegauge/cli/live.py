"""What is seen of a run while it goes: a panel in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tidegauge.cli.live_words import announcement, line, rows, title
from tidegauge.cli.output import people, say
from tidegauge.conduct.figures import Figures
from tidegauge.conduct.listener import Event

LINE_EVERY_S = 5.0
PANEL_WIDTH_MAX = 78
ECHO_WIDTH = 2  # a terminal shows ^C behind the panel; in a line of its own it would push the panel down
SHOWN = ("live", "progress", "waiting", "stopping")


class LiveView:
    """Shows on stderr what a run tells its listener."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._figures: Figures | None = None
        self._panel: Live | None = None
        self._next_line = 0.0

    def say(self, text: str) -> None:
        """A line for people."""
        say(text)

    def begin(self, figures: Figures) -> None:
        """Opens the panel, where there is a terminal."""
        self._figures = figures
        if people.is_terminal and not people.is_dumb_terminal:
            self._panel = Live(console=people, transient=True, auto_refresh=False)
            self._panel.start()

    def hear(self, event: Event) -> None:
        """Shows what is new when it is time to."""
        assert self._figures is not None
        words = announcement(event, self._figures)
        if words is not None:
            say(words)
        if self._panel is not None:
            if event["event"] in SHOWN:
                width = min(people.width - ECHO_WIDTH, PANEL_WIDTH_MAX)
                self._panel.update(panel(self._figures, width), refresh=True)
        elif event["event"] in ("progress", "waiting") and self._clock() >= self._next_line:
            self._next_line = self._clock() + LINE_EVERY_S
            say(line(self._figures))

    def end(self) -> None:
        """Takes the panel away."""
        if self._panel is not None:
            self._panel.stop()
            self._panel = None


def panel(figures: Figures, width: int) -> Panel:
    """The figures as a table of `width` columns."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(style="bold", no_wrap=True, width=10)
    table.add_column(overflow="fold")
    for name, value in rows(figures):
        table.add_row(name, Text(value))
    return Panel(table, title=Text(title(figures)), title_align="left", width=width)
