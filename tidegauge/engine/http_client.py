"""A lean HTTP/1.1 client on gevent's event loop: every phase timed, every failure classified."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gevent

from tidegauge.engine.answer import Exchange, Limits, RequestFailed
from tidegauge.engine.connection import Connection

PIECE_BYTES = 256 * 1024  # a streamed body is sent in pieces of at most this size
ADDRESSES_KEPT_S = 30.0  # then a name is looked up again

_GENERATOR_ERRNOS = {
    errno.EMFILE: "files_exhausted",
    errno.ENFILE: "files_exhausted",
    errno.EADDRNOTAVAIL: "ports_exhausted",
}


class GeneratorExhausted(RequestFailed):
    """This machine, not the stack, could not send: the run is INVALID. `detail` is the verdict's cause."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where connections go: scheme, host (no brackets) and port. The same object is the same origin."""

    scheme: str
    host: str
    port: int


class StreamedBody(Protocol):
    """A body that is never in memory as a whole; each request reads it from its beginning."""

    @property
    def length(self) -> int:
        """Its length in bytes, sent as Content-Length."""

    def pieces(self) -> Iterable[bytes]:
        """The whole body, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBody:
    """The bytes from `start` to `stop` of segments that many requests share: none holds a copy."""

    segments: Sequence[bytes]
    start: int
    stop: int

    @classmethod
    def of(cls, segments: Sequence[bytes]) -> SharedBody:
        """All of `segments`, one after another."""
        return cls(segments=segments, start=0, stop=sum(map(len, segments)))

    @property
    def length(self) -> int:
        """Its length in bytes."""
        return self.stop - self.start

    def part(self, start: int, length: int) -> SharedBody:
        """`length` bytes from `start` on, or as many as there are."""
        first = min(self.start + start, self.stop)
        return SharedBody(segments=self.segments, start=first, stop=min(first + length, self.stop))

    def pieces(self) -> Iterator[bytes]:
        """The whole body, in order, at most PIECE_BYTES at a time."""
        before = 0
        for segment in self.segments:
            begin, end = max(self.start - before, 0), min(self.stop - before, len(segment))
            for at in range(begin, end, PIECE_BYTES):
                yield segment[at : min(at + PIECE_BYTES, end)]
            before += len(segment)


@dataclass(slots=True, kw_only=True)  # not frozen: that would double the time to make one
class WireRequest:
    """A request as it goes over the wire, and how its answer is taken."""

    method: str
    origin: Origin
    message: bytes  # the head, and the body unless that is streamed
    body_bytes: int  # in the message
    stream: StreamedBody | None
    keep_body: bool
    hash_body: bool
    limits: Limits


class AddressBook:
    """Addresses of names, kept for a short while and used in turn, as separate clients would be given."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[float, list[Any], int]] = {}

    def next_address(self, host: str, port: int, left_s: float) -> tuple[int, Any]:
        """(family, sockaddr) of the next address of `host`; TimeoutError after `left_s`."""
        key = (host, port)
        expires, found, turn = self._known.get(key, (0.0, [], 0))
        now = time.monotonic()
        if now >= expires:
            expires = now + ADDRESSES_KEPT_S
            if found:  # greenlets that ask meanwhile use the old addresses
                self._known[key] = (expires, found, turn)
            found = _look_up(host, port, left_s)
        self._known[key] = (expires, found, turn + 1)
        family, address = found[turn % len(found)]
        return family, address


def _look_up(host: str, port: int, left_s: float) -> list[tuple[int, Any]]:
    try:
        with gevent.Timeout(left_s, TimeoutError):
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise
    except (OSError, UnicodeError) as error:
        raise RequestFailed("connect", f"no address for {host}: {error}") from None
    return list(dict.fromkeys((int(info[0]), info[4]) for info in infos))


class ConnectionPool:
    """Idle connections by origin: of one session, or of the whole process when pooled."""

    def __init__(self, addresses: AddressBook, tls: ssl.SSLContext) -> None:
        self._idle: dict[Origin, list[Connection]] = {}
        self._addresses, self._tls = addresses, tls

    def exchange(self, request: WireRequest, now: Callable[[], float], exchange: Exchange) -> None:
        """Sends `request` and reads its answer into `exchange`; raises RequestFailed with the cause."""
        deadline = exchange.sent + request.limits.timeout_s
        connection: Connection | None = None
        try:
            connection = self._reuse(request.origin) or self._connect(request, exchange, now, deadline)
            if _converse(connection, request, exchange, now, deadline):
                idle = self._idle.get(request.origin)
                if idle is None:
                    self._idle[request.origin] = [connection]
                else:
                    idle.append(connection)
                connection = None
        except TimeoutError:
            raise RequestFailed(
                "timeout", f"no complete answer within {request.limits.timeout_s:g} s"
            ) from None
        except ssl.SSLError as error:
            raise RequestFailed("tls", str(error)) from None
        except ConnectionError as error:
            raise RequestFailed("reset", str(error)) from None
        except OSError as error:
            raise _from_os_error(error, "reset") from None
        finally:
            if exchange.done is None:
                exchange.done = now()
            if connection is not None:
                connection.close()

    def close(self) -> None:
        """Closes all idle connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _reuse(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_idle():
                return connection
            connection.close()
        return None

    def _connect(
        self, request: WireRequest, exchange: Exchange, now: Callable[[], float], deadline: float
    ) -> Connection:
        origin, start = request.origin, now()
        if request.limits.connect_timeout_s is not None:
            deadline = min(deadline, start + request.limits.connect_timeout_s)
        family, address = self._addresses.next_address(origin.host, origin.port, max(deadline - start, 0.0))
        connection: Connection | None = None
        try:
            connection = Connection(family, now)
            connection.connect(address, deadline)
            exchange.connect_s = now() - start
            if origin.scheme == "https":
                self._start_tls(connection, origin.host, exchange, now, deadline)
        except BaseException as error:  # a greenlet killed in mid-connect must not leak its socket
            if connection is not None:
                connection.close()
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise _from_os_error(error, "connect") from None
            raise
        return connection

    def _start_tls(
        self,
        connection: Connection,
        host: str,
        exchange: Exchange,
        now: Callable[[], float],
        deadline: float,
    ) -> None:
        start = now()
        try:
            connection.start_tls(self._tls, host, deadline)
        except (ssl.SSLError, ConnectionError) as error:
            raise RequestFailed("tls", str(error)) from None
        exchange.tls_s = now() - start


def _converse(
    connection: Connection,
    request: WireRequest,
    exchange: Exchange,
    now: Callable[[], float],
    deadline: float,
) -> bool:
    """Request out, answer in; returns whether the connection can serve another request."""
    sent = _send(connection, request, exchange, deadline)
    exchange.expect(request)
    silence_s = request.limits.read_timeout_s
    try:
        while not exchange.complete:
            data = connection.receive(deadline if silence_s is None else min(deadline, now() + silence_s))
            if data:
                if exchange.first_byte is None:
                    exchange.first_byte = now()
                exchange.feed(data)
            else:
                exchange.end_of_stream(truncated=connection.ended_badly)
        exchange.done = now()
        return exchange.finish() and sent
    finally:
        exchange.release()


def _send(connection: Connection, request: WireRequest, exchange: Exchange, deadline: float) -> bool:
    """Whether all went out: a server may refuse a long body half-way, and its answer says why."""
    try:
        connection.send(request.message, deadline)
        exchange.sent_bytes = request.body_bytes
        if request.stream is not None:
            for piece in request.stream.pieces():
                connection.send(piece, deadline)
                exchange.sent_bytes += len(piece)
    except ConnectionError:
        return False
    return True


def tls_context() -> ssl.SSLContext:
    """Certificates and host names are verified."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _from_os_error(error: OSError, cause: str) -> RequestFailed:
    if error.errno in _GENERATOR_ERRNOS:
        return GeneratorExhausted("connect", _GENERATOR_ERRNOS[error.errno])
    return RequestFailed(cause, str(error))
