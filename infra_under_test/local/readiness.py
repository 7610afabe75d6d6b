"""When a part is really ready: it did its work once, not merely opened its port."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Ready = Callable[[], Mapping[str, str]]  # raises while it is not; returns settings for the parts that follow
CONNECT_S = 2.0


def by_connection(port: int, then: Ready) -> Ready:
    """`then`, once something listens: spares a client's long retries against a closed port."""

    def ready() -> Mapping[str, str]:
        socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S).close()
        return then()

    return ready


def with_client(make: Callable[[], Any], then: Callable[[Any], Mapping[str, str]]) -> Ready:
    """`then` with a client that is built once, as building one takes longer than asking."""
    clients: list[Any] = []

    def ready() -> Mapping[str, str]:
        if not clients:
            clients.append(make())
        return then(clients[0])

    return ready


def by_redis(port: int) -> Ready:
    """A SET that Redis acknowledged (RESP by hand: `redis` need not be imported in the supervisor)."""

    def ready() -> Mapping[str, str]:
        with socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S) as connection:
            connection.sendall(b"SET readiness 1 EX 1\r\n")
            answer = connection.recv(64)
        if not answer.startswith(b"+OK"):
            raise OSError(f"Redis answered {answer!r} to a SET")
        return {}

    return ready


def by_http(url: str, expect_status: int, expect_header: tuple[str, str] | None = None) -> Ready:
    """An answer with the status, and where asked the header."""
    parts = urlsplit(url)

    def ready() -> Mapping[str, str]:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=CONNECT_S)
        try:
            connection.request("GET", parts.path)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status != expect_status:
            raise OSError(f"{url} answered {answer.status}, not {expect_status}")
        if expect_header is not None and answer.getheader(expect_header[0]) != expect_header[1]:
            raise OSError(f"{url} answered without '{expect_header[0]}: {expect_header[1]}'")
        return {}

    return ready


def by_log(path: Path, event: str) -> Ready:
    """An event that a part without a port wrote once its loops run."""

    def ready() -> Mapping[str, str]:
        if f'"{event}"' not in path.read_text(errors="replace"):
            raise OSError(f"no {event} in {path.name} yet")
        return {}

    return ready
