"""Servers that misbehave: each ends in a counted failure, soon, and in bounded memory."""

from __future__ import annotations

import gzip
import itertools
import socket
import time
import tracemalloc
import zlib

import pytest
from scripted_servers import Script, cause_of, get, read_request, says, server

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n"
BOMB = gzip.compress(bytes(200 * 2**20))  # 200 MiB of zeros in 200 kB


def for_ever(start: bytes, piece: bytes) -> Script:
    """Begins well and then never stops, until the client has had enough."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            connection.sendall(piece * 500)

    return script


def holds(start: bytes) -> Script:
    """Begins, and then says nothing more."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        connection.settimeout(10)
        connection.recv(1)

    return script


def drip(start: bytes, piece: bytes) -> Script:
    """A piece every 20 ms, for ever."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        for _ in range(500):
            connection.sendall(piece)
            time.sleep(0.02)

    return script


MISBEHAVIOURS: dict[str, tuple[Script, str]] = {
    "closes without a word": (says(), "reset"),
    "closes once asked": (says(b""), "reset"),
    "says nothing": (holds(b""), "timeout"),
    "stops in the status line": (holds(b"HTTP/1.1 2"), "timeout"),
    "stops in the headers": (holds(OK + b"Content-Length: 5\r\n"), "timeout"),
    "stops in the body": (holds(OK + b"Content-Length: 5\r\n\r\nhe"), "timeout"),
    "stops between chunks": (holds(CHUNKED + b"2\r\nhe\r\n"), "timeout"),
    "drips headers": (drip(OK, b"X: y\r\n"), "timeout"),
    "drips a body": (drip(CHUNKED, b"1\r\nx\r\n"), "timeout"),
    "sends headers without end": (for_ever(OK, b"X-Y: z\r\n"), "protocol"),
    "sends one header without end": (for_ever(OK + b"X: ", b"aaaaaaaa"), "protocol"),
    "sends long headers with a long body": (
        says(OK + b"X: " + b"a" * 70_000 + b"\r\nContent-Length: 900000\r\n\r\n" + bytes(900_000)),
        "protocol",
    ),
    "sends interim answers without end": (for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "protocol"),
    "sends a chunk's extension without end": (for_ever(CHUNKED + b"2;", b"aaaaaaaa"), "protocol"),
    "sends a chunk's size without end": (for_ever(CHUNKED, b"00000000"), "protocol"),
    "sends trailers without end": (for_ever(CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"), "protocol"),
    "sends a body without end": (for_ever(OK + b"\r\n", b"aaaaaaaa"), "body"),
    "sends chunks without end": (for_ever(CHUNKED, b"8\r\naaaaaaaa\r\n"), "body"),
    "announces an endless body": (says(OK + b"Content-Length: 18446744073709551615\r\n\r\n"), "body"),
    "announces less than it sends": (says(OK + b"Content-Length: 3\r\n\r\nhello"), "body"),
    "announces more than it sends": (says(OK + b"Content-Length: 9\r\n\r\nhello"), "body"),
    "announces a negative length": (says(OK + b"Content-Length: -1\r\n\r\n"), "protocol"),
    "announces a length and chunks": (
        says(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "protocol",
    ),
    "sends a bad chunk size": (says(CHUNKED + b"zz\r\nhe\r\n"), "protocol"),
    "sends a null in a header": (says(OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n"), "protocol"),
    "speaks another protocol": (says(b"220 ftp.example ready\r\n"), "protocol"),
    "speaks HTTP/9": (says(b"HTTP/9.9 200 OK\r\n\r\n"), "protocol"),
    "sends a decompression bomb": (says(GZIP + b"Content-Length: %d\r\n\r\n" % len(BOMB) + BOMB), "body"),
    "cuts compressed data short": (
        says(GZIP + b"Content-Length: 20\r\n\r\n" + gzip.compress(b"hello" * 100, mtime=0)[:20]),
        "body",
    ),
    "calls plain text compressed": (says(GZIP + b"Content-Length: 5\r\n\r\nhello"), "body"),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_a_server_that_misbehaves_is_a_counted_failure_within_the_time_out(name: str) -> None:
    script, cause = MISBEHAVIOURS[name]
    with server(script) as url:
        start = time.perf_counter()
        assert cause_of(url, timeout_s=0.8, max_body_bytes=1 << 20) == cause
        assert time.perf_counter() - start < 2.5


@pytest.mark.parametrize(
    "name", ["sends a decompression bomb", "sends headers without end", "sends chunks without end"]
)
def test_what_a_hostile_server_sends_does_not_fill_memory(name: str) -> None:
    script, _ = MISBEHAVIOURS[name]
    with server(script) as url:
        tracemalloc.start()
        try:
            cause_of(url, timeout_s=2.0, max_body_bytes=1 << 20)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 16 * 2**20


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(b"hello" * 1000, mtime=0)), ("deflate", zlib.compress(b"hello" * 1000))],
    ids=["gzip", "deflate"],
)
def test_a_compressed_body_is_decoded_and_counted_as_it_came(encoding: str, packed: bytes) -> None:
    head = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding.encode(), len(packed))
    with server(says(head + packed)) as url:
        exchange = get(url)
    assert exchange.body == b"hello" * 1000
    assert exchange.received_bytes == len(packed)


def test_a_compressed_body_may_come_a_byte_at_a_time() -> None:
    packed = gzip.compress(b"hello")
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in packed) + b"0\r\n\r\n"
    with server(says(GZIP + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)) as url:
        assert get(url).body == b"hello"


def test_an_answer_cut_into_single_bytes_is_read_as_one() -> None:
    whole = OK + b"Content-Length: 5\r\nX-Cache: Miss\r\n\r\nhello"

    def slowly(connection: socket.socket) -> None:
        read_request(connection)
        for byte in whole:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)

    with server(slowly) as url:
        exchange = get(url)
    assert (exchange.body, exchange.header(b"x-cache")) == (b"hello", "Miss")


def test_every_prefix_of_an_answer_is_a_failure_and_never_a_hang() -> None:
    whole = OK + b"Content-Length: 2\r\n\r\nok"
    for length in range(0, len(whole), 3):
        with server(says(whole[:length])) as url:
            assert cause_of(url, timeout_s=2.0) in ("reset", "protocol", "body")


def test_addresses_of_a_name_are_used_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegauge.engine.http_client import AddressBook

    found = [(socket.AF_INET, 1, 6, "", (f"192.0.2.{number}", 80)) for number in (1, 2, 3)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    book = AddressBook()
    taken = [book.next_address("cdn.example", 80, 1.0)[1][0] for _ in range(5)]
    assert taken == list(itertools.islice(itertools.cycle(f"192.0.2.{number}" for number in (1, 2, 3)), 5))
