"""An answer as it arrives: parsed by llhttp, bounded in every direction, decoded where it is compressed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httptools

OVERHEAD_BYTES_MAX = 64 * 1024  # for headers and whatever else is not body
HEAD_BYTES_KEPT = 2048  # enough for every magic number, and for the text of a block page
FRAMING_BYTES_A_BYTE = 8  # chunks of one byte each take six bytes of framing
_DECODED_AT_ONCE = 256 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_BODILESS = (204, 304)


class RequestFailed(Exception):
    """A request without a good answer; `cause` is one of `records.Cause`."""

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a request may take, and how much its answer may bring."""

    timeout_s: float  # for everything, from the look-up of the name to the answer's last byte
    connect_timeout_s: float | None  # within timeout_s: look-up, TCP and TLS
    read_timeout_s: float | None  # the longest silence while an answer is due
    max_body_bytes: int


class Expected(Protocol):
    """What of a request decides how its answer is taken."""

    method: str
    keep_body: bool
    hash_body: bool
    limits: Limits


class Exchange:
    """One request and its answer, as llhttp's callbacks fill it in; bad answers raise RequestFailed.

    Times are on the client's clock; None: not reached. Attributes start as class attributes: an
    object is made for each request, and most never set most of them.
    """

    first_byte: float | None = None
    done: float | None = None
    connect_s: float | None = None
    tls_s: float | None = None
    status: int = 0
    set_cookies: Sequence[bytes] = ()
    head: bytes = b""  # the body's first bytes
    body: bytes = b""  # empty unless kept
    sha256: str | None = None  # when asked for
    sent_bytes: int = 0
    received_bytes: int = 0  # body bytes as received, before any decoding
    complete: bool = False

    _parser: Any = None
    _headers_done = _keep_alive = _until_close = False
    _length: int | None = None
    _failure: RequestFailed | None = None
    _raw_bytes = 0
    _decoder: _Decoder | None = None
    _hash: Any = None

    def __init__(self, sent: float) -> None:
        self.sent = sent
        self.raw_headers: dict[bytes, bytes] = {}  # names in lower case; repeats by ", "

    def header(self, name: bytes) -> str | None:
        """One header's text; `name` in lower case."""
        value = self.raw_headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def headers(self) -> dict[str, str]:
        """All headers as text, names in lower case."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers.items()}

    def expect(self, request: Expected) -> None:
        """Begins to take the answer to `request`."""
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        if request.keep_body:
            self._parts: list[bytes] = []
        if request.hash_body:
            self._hash = hashlib.sha256()

    def feed(self, data: memoryview | bytes) -> None:
        """Parses what came; raises RequestFailed once the answer is known to be bad."""
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.complete = True
        except httptools.HttpParserError as error:
            # a failure that a callback found comes wrapped in the parser's own
            self._fail("body" if self.complete else "protocol", str(error) or type(error).__name__)
        overhead = self._raw_bytes - self.received_bytes
        if overhead > OVERHEAD_BYTES_MAX and overhead > self._overhead_allowed():
            self._fail("protocol", f"headers or framing of {overhead} bytes")
        if self._failure is not None:
            raise self._failure

    def end_of_stream(self, *, truncated: bool) -> None:
        """The server closed: right only for a body that lasts until then (and not if TLS was cut)."""
        if self._until_close and not truncated:
            self.complete = True
        elif self._headers_done:
            wanted = self._length if self._length is not None else "the last chunk"
            received = self.received_bytes
            raise RequestFailed("body", f"closed after {received} bytes, before {wanted}")
        elif self._raw_bytes:
            raise RequestFailed("protocol", "closed in the middle of the headers")
        else:
            raise RequestFailed("reset", "closed without an answer")

    def release(self) -> None:
        """Lets go of the parser, which refers back to this: a cycle would wait for a collection."""
        self._parser = None

    def finish(self) -> bool:
        """Completes body and hash; returns whether the connection can serve another request."""
        if self._decoder is not None and not self._decoder.complete and self.received_bytes:
            raise RequestFailed("body", "the compressed body ends in the middle")
        if self._request.keep_body:
            self.body = b"".join(self._parts)
        if self._hash is not None:
            self.sha256 = self._hash.hexdigest()
        return self._keep_alive

    def on_message_begin(self) -> None:
        if self.complete:
            self._fail("body", "more bytes than the answer's length")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        headers = self.raw_headers
        if name == b"set-cookie":
            self.set_cookies = [*self.set_cookies, value]
        headers[name] = headers[name] + b", " + value if name in headers else value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self.raw_headers.clear()
            self.set_cookies = ()
            return
        self.status = status
        self._headers_done = True
        headers = self.raw_headers
        if self._raw_bytes > OVERHEAD_BYTES_MAX:  # otherwise headers cannot be too long
            length = sum(len(name) + len(value) for name, value in headers.items())
            if length > OVERHEAD_BYTES_MAX:
                self._fail("protocol", f"headers of {length} bytes")
        # asked for now, as the parser forgets it with the end of the message
        self._keep_alive = self._parser.should_keep_alive()
        if self._request.method == "HEAD" or status in _BODILESS:
            self._keep_alive = b"close" not in headers.get(b"connection", b"").lower()
            self.complete = True
            return
        chunked = b"chunked" in headers.get(b"transfer-encoding", b"").lower()
        announced = headers.get(b"content-length")
        if announced is not None and not chunked:
            self._length = int(announced)
            if self._length > self._request.limits.max_body_bytes:
                self._fail("body", f"Content-Length {self._length} is over max_body_bytes")
        self._until_close = not chunked and announced is None
        if b"content-encoding" in headers:
            self._decoder = _decoder(headers[b"content-encoding"])

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self._fail("body", "a body where none may be")
            return
        self.received_bytes += len(data)
        max_bytes = self._request.limits.max_body_bytes
        if self.received_bytes > max_bytes:
            self._fail("body", f"over max_body_bytes ({max_bytes})")
        elif self._decoder is None:
            self._take(data)
        elif self._failure is None:
            self._decode(self._decoder, data)

    def on_message_complete(self) -> None:
        if self._headers_done:
            self.complete = True

    def _take(self, data: bytes) -> None:
        if len(self.head) < HEAD_BYTES_KEPT:
            self.head = (self.head + data)[:HEAD_BYTES_KEPT]
        if self._request.keep_body:
            self._parts.append(data)
        if self._hash is not None:
            self._hash.update(data)

    def _decode(self, decoder: _Decoder, data: bytes) -> None:
        max_bytes = self._request.limits.max_body_bytes
        try:
            for part in decoder.decoded(data):
                if decoder.bytes_out > max_bytes:
                    self._fail("body", f"decodes to more than max_body_bytes ({max_bytes})")
                    return
                self._take(part)
        except zlib.error as error:
            self._fail("body", f"the compressed body is broken: {error}")

    def _overhead_allowed(self) -> int:
        """The most bytes beside the body: headers, trailers, and the framing of chunks, however small."""
        return OVERHEAD_BYTES_MAX + FRAMING_BYTES_A_BYTE * self.received_bytes

    def _fail(self, cause: str, detail: str) -> None:
        if self._failure is None:
            self._failure = RequestFailed(cause, detail)


class _Decoder:
    """gzip and deflate (RFC 1950, 1952), a bounded piece at a time."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self.bytes_out = 0

    @property
    def complete(self) -> bool:
        """Whether the compressed data came to its own end."""
        return self._inflate.eof

    def decoded(self, data: bytes) -> Iterator[bytes]:
        """The next pieces; zlib.error when `data` is not compressed."""
        while True:
            piece = self._inflate.decompress(data, _DECODED_AT_ONCE)
            self.bytes_out += len(piece)
            yield piece
            data = self._inflate.unconsumed_tail
            if not data and len(piece) < _DECODED_AT_ONCE:
                return


def _decoder(encoding: bytes) -> _Decoder | None:
    return _Decoder() if encoding.strip().lower() in (b"gzip", b"x-gzip", b"deflate") else None
