"""A server that leaves half of its clients without an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.served import Answer, http_server


class HalfHanging:
    """A server that never answers every other request, and counts those."""

    def __init__(self) -> None:
        self.url = ""
        self.hung = self._seen = 0
        self._lock, self._over = threading.Lock(), threading.Event()

    @contextmanager
    def serving(self) -> Iterator[HalfHanging]:
        """Itself, with `url`, while it serves."""
        with http_server(self._answer) as self.url:
            yield self
            self._over.set()

    def _answer(self, _path: str) -> Answer:
        with self._lock:
            self._seen += 1
            hangs = self._seen % 2 == 0
            self.hung += hangs
        if hangs:
            self._over.wait(60)
        return 200, {}, b"ok"
