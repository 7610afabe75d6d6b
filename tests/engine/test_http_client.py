"""The load client against servers whose bytes and delays are chosen here."""

from __future__ import annotations

import datetime as dt
import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tidegauge.engine.answer import Exchange, RequestFailed
from tidegauge.engine.http_client import AddressBook, ConnectionPool, Request, tls_context
from tidegauge.engine.targets import Targets
from tidegauge.stack import Stack

Script = Callable[[socket.socket], None]


@contextmanager
def server(*scripts: Script) -> Iterator[str]:
    """Serves each accepted connection with the next script; the last one serves all further."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve() -> None:
        for number in range(100):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=run, args=(connection, scripts[min(number, len(scripts) - 1)]))
            threads.append(thread)
            thread.start()

    def run(connection: socket.socket, script: Script) -> None:
        with connection:
            try:
                script(connection)
            except OSError:
                return

    acceptor = threading.Thread(target=serve)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise OSError("closed")
        data += more
    return data


def says(*answers: bytes, then: Script | None = None) -> Script:
    """Answers one request after another with the given bytes."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            read_request(connection)
            connection.sendall(answer)
        if then is not None:
            then(connection)

    return script


@functools.cache
def targets(url: str) -> Targets:
    return Targets(Stack(api_url=url, allowed_hosts=("127.0.0.1",)))


def pool() -> ConnectionPool:
    return ConnectionPool(AddressBook(), tls_context())


def get(
    url: str, *, method: str = "GET", using: ConnectionPool | None = None, timeout_s: float = 5.0,
    max_body_bytes: int = 1 << 20, body: bytes = b"",
) -> Exchange:  # fmt: skip
    connections = using or pool()
    exchange = Exchange(sent=time.perf_counter())
    prepared = targets(url).prepare(method, "api", "/", ())
    request = Request(
        method=method,
        origin=prepared.target.place.origin,
        message=prepared.message(method, "", body, len(body)),
        body_bytes=len(body),
        stream=None,
        keep_body=True,
        hash_body=False,
        timeout_s=timeout_s,
        connect_timeout_s=None,
        read_timeout_s=None,
        max_body_bytes=max_body_bytes,
    )
    try:
        connections.exchange(request, time.perf_counter, exchange)
    finally:
        if using is None:
            connections.close()
    return exchange


def cause_of(url: str, **options: object) -> str:
    with pytest.raises(RequestFailed) as failure:
        get(url, **options)  # type: ignore[arg-type]
    return failure.value.cause


def test_a_body_of_stated_length_is_read_whole_and_both_times_are_taken() -> None:
    with server(
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Cache: Hit from cloudfront\r\n\r\nhello")
    ) as url:
        exchange = get(url)
    assert (exchange.status, exchange.body, exchange.received_bytes) == (200, b"hello", 5)
    assert exchange.headers["x-cache"] == "Hit from cloudfront"
    assert exchange.first_byte is not None
    assert exchange.done is not None
    assert exchange.sent <= exchange.first_byte <= exchange.done


def test_a_chunked_body_counts_without_its_framing() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with server(says(answer)) as url:
        exchange = get(url)
    assert (exchange.body, exchange.received_bytes) == (b"abcde", 5)


def test_a_body_without_a_length_lasts_until_the_server_closes() -> None:
    with server(says(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")) as url:
        assert get(url).body == b"until the end"


def test_the_first_byte_is_timed_apart_from_the_last() -> None:
    def slow(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        time.sleep(0.2)
        connection.sendall(b"b")

    with server(slow) as url:
        exchange = get(url)
    assert exchange.done is not None
    assert exchange.first_byte is not None
    assert 0.18 < exchange.done - exchange.first_byte < 1.0


def test_an_interim_answer_is_passed_over() -> None:
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx"
    with server(says(answer)) as url:
        assert get(url, method="POST", body=b"y").status == 201


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: x\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
def test_an_answer_that_has_no_body_ends_with_its_headers(method: str, answer: bytes) -> None:
    with server(says(answer, answer)) as url:
        connections = pool()
        assert get(url, method=method, using=connections).received_bytes == 0
        assert (
            get(url, method=method, using=connections).connect_s is None
        )  # and leaves the connection usable
        connections.close()


def test_a_connection_is_used_again_and_then_has_no_connect_time() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with server(says(answer, answer)) as url:
        connections = pool()
        first, second = get(url, using=connections), get(url, using=connections)
        connections.close()
    assert first.connect_s is not None
    assert second.connect_s is None


def test_a_connection_that_the_server_closed_while_idle_is_replaced_without_a_failure() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with server(says(answer)) as url:  # closes after one answer, without saying so
        connections = pool()
        get(url, using=connections)
        time.sleep(0.1)
        assert get(url, using=connections).connect_s is not None
        connections.close()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", "protocol"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ntoo long", "body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\ntoo long", "body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "body"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000_000, "body"),
    ],
)
def test_a_bad_answer_fails_by_its_cause(answer: bytes, cause: str) -> None:
    with server(says(answer)) as url:
        assert cause_of(url) == cause


def test_headers_that_never_end_fail_as_protocol_after_64_kib() -> None:
    def endless(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            connection.sendall(b"X-%d: y\r\n" % number)

    with server(endless) as url:
        assert cause_of(url) == "protocol"


def test_a_body_that_trickles_for_ever_ends_at_the_time_out_of_the_whole_request() -> None:
    def trickle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.02)

    with server(trickle) as url:
        start = time.perf_counter()
        assert cause_of(url, timeout_s=0.3) == "timeout"
        assert time.perf_counter() - start < 1.5


def test_a_silent_server_times_out() -> None:
    with server(lambda connection: (read_request(connection), time.sleep(0.5))[0] and None) as url:
        assert cause_of(url, timeout_s=0.2) == "timeout"


def test_nobody_listening_fails_as_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert cause_of(f"http://127.0.0.1:{port}") == "connect"


def test_a_name_that_does_not_exist_fails_as_connect() -> None:
    assert cause_of("http://no-such-host.invalid") == "connect"


def test_a_reset_in_the_middle_fails_as_reset() -> None:
    def reset(connection: socket.socket) -> None:
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with server(reset) as url:
        assert cause_of(url) == "reset"


def test_a_certificate_that_nobody_vouches_for_fails_as_tls(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))

    def handshake(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with server(handshake) as url:
        assert cause_of(url.replace("http:", "https:")) == "tls"


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
