"""ffmpeg's `-progress` lines to the share done of a whole job."""

from __future__ import annotations

from collections.abc import Callable


class Progress:
    """The share done over `count` renditions, 0 to 1, told only as it grows."""

    def __init__(self, *, on_progress: Callable[[float], None] | None, count: int, duration_s: float) -> None:
        self._on_progress = on_progress
        self._count = count
        self._begun = 0
        self._told = 0.0
        self.duration_s = duration_s

    def share(self, renditions: int) -> Share:
        """The part of the next `renditions`, made by one run."""
        share = Share(progress=self, first=self._begun, renditions=renditions)
        self._begun += renditions
        return share

    def tell(self, renditions_done: float) -> None:
        """Tells that so many renditions are done."""
        share = renditions_done / self._count
        if self._on_progress is not None and share > self._told:
            self._told = share
            self._on_progress(share)


class Share:
    """The part of a job that one run does."""

    def __init__(self, *, progress: Progress, first: int, renditions: int) -> None:
        self._progress = progress
        self._first = first
        self._renditions = renditions

    def take_line(self, line: str) -> None:
        """`out_time_us=1234567` is how far the output reaches; it reads N/A before the first frame."""
        name, _, value = line.strip().partition("=")
        duration_s = self._progress.duration_s
        if name == "out_time_us" and value.isdecimal() and duration_s > 0:
            self._tell(min(1.0, int(value) / 1e6 / duration_s))

    def done(self) -> None:
        """All renditions of the run are whole."""
        self._tell(1.0)

    def _tell(self, share: float) -> None:
        self._progress.tell(self._first + share * self._renditions)
