"""A worker's rows to the exchange, each file as it is closed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from pathlib import Path

from tidegauge.aws.exchange import Exchange
from tidegauge.errors import TidegaugeError
from tidegauge.store import RunFolder

LOOK_AGAIN_S = 0.5
LAST_TRIES = 5


class Shipper:
    """Copies in a thread of its own: a slow exchange must not keep anything waiting."""

    def __init__(self, folder: RunFolder, exchange: Exchange) -> None:
        self._folder, self._exchange = folder, exchange
        self._shipped: set[Path] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ship_for_ever, daemon=True)
        self._thread.start()

    def finish(self, processes: Iterable[int]) -> None:
        """The last files, then a mark for each process; TidegaugeError when they can't be brought there."""
        self._over.set()
        self._thread.join()
        for attempt in range(LAST_TRIES):
            try:
                self._ship_new()
                for process in processes:
                    self._mark(process)
            except TidegaugeError:
                if attempt == LAST_TRIES - 1:
                    raise
            else:
                return

    def _ship_for_ever(self) -> None:
        while not self._over.wait(LOOK_AGAIN_S):
            with contextlib.suppress(TidegaugeError):  # tried again at the next turn; `finish` says so
                self._ship_new()

    def _ship_new(self) -> None:
        for path in self._folder.closed_parts():
            if path not in self._shipped:
                self._exchange.put(f"rows/{path.parent.name}/{path.name}", path)
                self._shipped.add(path)

    def _mark(self, process: int) -> None:
        mark = self._folder.last_mark(process)
        names = sorted(f"{path.parent.name}/{path.name}" for path in self._shipped)
        own = [name for name in names if name.partition("/")[2].startswith(f"{process}-")]
        self._folder.write_json(mark, {"files": own})
        self._exchange.put(f"closed/{process}.json", mark)
