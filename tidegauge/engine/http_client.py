"""A lean HTTP/1.1 client on gevent's sockets: every phase timed, every failure classified."""

from __future__ import annotations

import errno
import hashlib
import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import gevent.monkey
import httptools

HEADER_BYTES_MAX = 64 * 1024
RECEIVE_BYTES = 256 * 1024
HEAD_BYTES_KEPT = 2048  # enough for every magic number, and for the text of a block page
ADDRESSES_KEPT_S = 30.0  # then a name is looked up again

_plain_poll = gevent.monkey.get_original("select", "poll")  # gevent's own would switch greenlets

_GENERATOR_ERRNOS = {
    errno.EMFILE: "files_exhausted",
    errno.ENFILE: "files_exhausted",
    errno.EADDRNOTAVAIL: "ports_exhausted",
}


class RequestFailed(Exception):
    """A request without a good answer; `cause` is one of `records.Cause`."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class GeneratorExhausted(RequestFailed):
    """This machine, not the stack, could not send: the run is INVALID. `detail` is the verdict's cause."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request under way. Times are on the `clock` given to the client; None: not reached."""

    sent: float
    first_byte: float | None = None
    done: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case; repeats joined by ", "
    set_cookies: list[str] = field(default_factory=list)
    head: bytes = b""  # the body's first bytes
    body: bytes = b""  # empty unless kept
    sha256: str | None = None  # when asked for
    sent_bytes: int = 0
    received_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send. `body` goes out with its Content-Length."""

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes = b""
    timeout_s: float
    max_body_bytes: int
    keep_body: bool = True
    hash_body: bool = False


class _Answer:
    """Callbacks of llhttp for one answer; raises RequestFailed from inside the parser."""

    def __init__(self, exchange: Exchange, request: Request) -> None:
        self.exchange, self.request = exchange, request
        self.parser = httptools.HttpResponseParser(self)
        self.headers_done = self.complete = False
        self.length: int | None = None
        self.chunked = self._keep_alive = False
        self.failure: RequestFailed | None = None
        self._header_bytes = self._unparsed = 0
        self._parts: list[bytes] = []
        self._hash = hashlib.sha256() if request.hash_body else None

    def on_message_begin(self) -> None:
        if self.complete:
            self.failure = RequestFailed("body", "more bytes than the answer's length")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        self._check_header_bytes()
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key == "set-cookie":
            self.exchange.set_cookies.append(text)
        headers = self.exchange.headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text

    def _check_header_bytes(self) -> None:
        if self._header_bytes > HEADER_BYTES_MAX and self.failure is None:
            self.failure = RequestFailed("protocol", f"headers above {HEADER_BYTES_MAX} bytes")

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self.exchange.headers.clear()
            return
        self.exchange.status = status
        self.headers_done = True
        headers = self.exchange.headers
        self.chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length")
        self.length = int(length) if length is not None and length.isdigit() and not self.chunked else None
        bodiless = self.request.method == "HEAD" or status in (204, 304)
        # asked for now, as the parser forgets it with the end of the message
        self._keep_alive = bool(self.parser.should_keep_alive()) or (bodiless and not self._says_close())
        if bodiless:
            self.complete = True
        elif self.length is not None and self.length > self.request.max_body_bytes:
            self.failure = RequestFailed("body", f"Content-Length {self.length} is over max_body_bytes")

    def on_body(self, data: bytes) -> None:
        exchange = self.exchange
        if self.complete:
            self.failure = RequestFailed("body", "a body where none may be")
            return
        exchange.received_bytes += len(data)
        if exchange.received_bytes > self.request.max_body_bytes:
            self.failure = RequestFailed("body", f"over max_body_bytes ({self.request.max_body_bytes})")
            return
        if len(exchange.head) < HEAD_BYTES_KEPT:
            exchange.head = (exchange.head + data)[:HEAD_BYTES_KEPT]
        if self.request.keep_body:
            self._parts.append(data)
        if self._hash is not None:
            self._hash.update(data)

    def on_message_complete(self) -> None:
        if self.headers_done:
            self.complete = True

    def feed(self, data: bytes) -> None:
        """Parses what came; raises RequestFailed once the answer is known to be bad."""
        if not self.headers_done:
            self._unparsed += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.complete = True
        except httptools.HttpParserError as error:
            if self.failure is None:
                bad_tail = self.complete
                self.failure = RequestFailed(
                    "body" if bad_tail else "protocol", str(error) or type(error).__name__
                )
        if not self.headers_done and self._unparsed > HEADER_BYTES_MAX and self.failure is None:
            self.failure = RequestFailed("protocol", f"headers above {HEADER_BYTES_MAX} bytes")
        if self.failure is not None:
            raise self.failure

    def end_of_stream(self) -> None:
        """The server closed: right only for a body that lasts until then."""
        if self.headers_done and self.length is None and not self.chunked:
            self.complete = True
        elif self.headers_done:
            wanted = self.length if self.length is not None else "the last chunk"
            raise RequestFailed("body", f"closed after {self.exchange.received_bytes} bytes, before {wanted}")
        elif self.exchange.first_byte is not None:
            raise RequestFailed("protocol", "closed in the middle of the headers")
        else:
            raise RequestFailed("reset", "closed without an answer")

    def finish(self) -> None:
        if self.request.keep_body:
            self.exchange.body = b"".join(self._parts)
        if self._hash is not None:
            self.exchange.sha256 = self._hash.hexdigest()

    @property
    def reusable(self) -> bool:
        """Whether the connection can serve another request."""
        return self._keep_alive and self.failure is None

    def _says_close(self) -> bool:
        return "close" in self.exchange.headers.get("connection", "").lower()


class AddressBook:
    """Addresses of names, kept for a short while and used in turn, as separate clients would be given."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[float, list[Any], int]] = {}

    def next_address(self, host: str, port: int) -> tuple[int, Any]:
        """(family, sockaddr) of the next address of `host`."""
        key = (host, port)
        expires, found, turn = self._known.get(key, (0.0, [], 0))
        if time.monotonic() >= expires:
            try:
                infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                raise RequestFailed("connect", f"no address for {host}: {error}") from None
            found = list(dict.fromkeys((info[0], info[4]) for info in infos))
            expires = time.monotonic() + ADDRESSES_KEPT_S
        self._known[key] = (expires, found, turn + 1)
        family, address = found[turn % len(found)]
        return family, address


class ConnectionPool:
    """Idle connections by origin: of one session, or of the whole process when pooled."""

    def __init__(self, addresses: AddressBook, tls: ssl.SSLContext) -> None:
        self._idle: dict[tuple[str, str, int], list[socket.socket]] = {}
        self._addresses, self._tls = addresses, tls

    def exchange(self, request: Request, now: Callable[[], float], exchange: Exchange) -> None:
        """Sends `request` and reads its answer into `exchange`; raises RequestFailed with the cause."""
        deadline = exchange.sent + request.timeout_s
        origin = _origin(request.url)
        connection: socket.socket | None = None
        try:
            connection = self._reuse(origin) or self._connect(origin, exchange, now, deadline)
            reusable = _converse(connection, request, exchange, now, deadline)
            if reusable:
                self._idle.setdefault(origin, []).append(connection)
                connection = None
        except TimeoutError:
            raise RequestFailed("timeout", f"no complete answer within {request.timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise RequestFailed("tls", str(error)) from None
        except (BrokenPipeError, ConnectionError) as error:
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

    def _reuse(self, origin: tuple[str, str, int]) -> socket.socket | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            # readable while idle: the server has closed it, or sent what nobody asked for
            if not _is_readable(connection):
                return connection
            connection.close()
        return None

    def _connect(
        self, origin: tuple[str, str, int], exchange: Exchange, now: Callable[[], float], deadline: float
    ) -> socket.socket:
        scheme, host, port = origin
        start = now()
        family, address = self._addresses.next_address(host, port)
        connection = None
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_left(deadline, now))
            connection.connect(address)
            exchange.connect_s = now() - start
            if scheme == "https":
                start = now()
                try:
                    connection = self._tls.wrap_socket(connection, server_hostname=host)
                except (ssl.SSLError, ConnectionError) as error:
                    raise RequestFailed("tls", str(error)) from None
                exchange.tls_s = now() - start
            return connection
        except TimeoutError:
            _close(connection)
            raise
        except RequestFailed:
            _close(connection)
            raise
        except OSError as error:
            _close(connection)
            raise _from_os_error(error, "connect") from None
        except BaseException:  # a greenlet killed in mid-connect must not leak its socket
            _close(connection)
            raise


def _converse(
    connection: socket.socket, request: Request, exchange: Exchange, now: Callable[[], float], deadline: float
) -> bool:
    """Request out, answer in; returns whether the connection can serve another request."""
    message = _message(request)
    exchange.sent_bytes = len(request.body)
    connection.settimeout(_left(deadline, now))
    connection.sendall(message)
    answer = _Answer(exchange, request)
    while not answer.complete:
        connection.settimeout(_left(deadline, now))
        data = connection.recv(RECEIVE_BYTES)
        if exchange.first_byte is None and data:
            exchange.first_byte = now()
        if data:
            answer.feed(data)
        else:
            answer.end_of_stream()
    exchange.done = now()
    answer.finish()
    return answer.reusable


def _message(request: Request) -> bytes:
    target = request.url.path or "/"
    if request.url.query:
        target += "?" + request.url.query
    lines = [f"{request.method} {target} HTTP/1.1"]
    given = {name.lower() for name in request.headers}
    if "host" not in given:
        lines.append(f"Host: {request.url.netloc.rpartition('@')[2]}")
    if (request.body or request.method in ("POST", "PUT", "PATCH")) and "content-length" not in given:
        lines.append(f"Content-Length: {len(request.body)}")
    lines.extend(f"{name}: {value}" for name, value in request.headers.items())
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8") + request.body


def tls_context() -> ssl.SSLContext:
    """Certificates and host names are verified."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _origin(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def _left(deadline: float, now: Callable[[], float]) -> float:
    left = deadline - now()
    if left <= 0:
        raise TimeoutError
    return left


def _is_readable(connection: socket.socket) -> bool:
    poller = _plain_poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


def _close(connection: socket.socket | None) -> None:
    if connection is not None:
        connection.close()


def _from_os_error(error: OSError, cause: str) -> RequestFailed:
    if error.errno in _GENERATOR_ERRNOS:
        return GeneratorExhausted("connect", _GENERATOR_ERRNOS[error.errno])
    return RequestFailed(cause, str(error))


def split_url(url: str) -> SplitResult:
    """An http(s) `url` in parts, its path safe to send (RequestFailed `protocol` otherwise)."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # the property raises on a port out of range
    except ValueError as error:
        raise RequestFailed("protocol", f"no URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise RequestFailed("protocol", f"'{parts.scheme}' is not http or https")
    if any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise RequestFailed("protocol", "a URL with a space or control character")
    return parts
