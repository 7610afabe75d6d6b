"""The load client against servers whose bytes and delays are chosen here."""

from __future__ import annotations

import socket
import ssl
import time
from pathlib import Path

import pytest
from scripted_servers import cause_of, get, pool, read_request, says, self_signed, server

from tidegauge.engine.answer import RequestFailed
from tidegauge.engine.http_client import SharedBody


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
    context.load_cert_chain(self_signed(tmp_path))

    def handshake(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with server(handshake) as url:
        assert cause_of(url.replace("http:", "https:")) == "tls"


def test_a_certificate_that_is_vouched_for_is_verified_by_name_and_timed(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    names: list[str] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    body = b"x" * 300_000  # more than one record, and more than one read

    def serve(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            for _ in range(2):
                read_request(connection)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    trusting = ssl.create_default_context(cafile=str(certificate))
    with server(serve) as url:
        secure = url.replace("http://127.0.0.1", "https://localhost")
        connections = pool(trusting)
        first, second = get(secure, using=connections), get(secure, using=connections)
        connections.close()
    assert first.body == second.body == body
    assert first.tls_s is not None
    assert (second.tls_s, second.connect_s) == (None, None)
    assert names == ["localhost"]


def test_a_certificate_for_another_name_fails_as_tls(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    trusting = pool(ssl.create_default_context(cafile=str(certificate)))

    def handshake(plain: socket.socket) -> None:
        context.wrap_socket(plain, server_side=True).close()

    with server(handshake, host="127.0.0.2") as url, pytest.raises(RequestFailed, match="tls: "):
        get(url.replace("http:", "https:"), using=trusting)


def test_an_ipv6_address_is_reached() -> None:
    with server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), host="::1") as url:
        assert url.startswith("http://[::1]:")
        assert get(url).body == b"ok"


def test_a_streamed_body_goes_out_with_its_length_and_never_as_a_whole() -> None:
    media = SharedBody.of([bytes(range(256)) * 20_000, b"mark", b";"])
    received: list[bytes] = []

    def take(connection: socket.socket) -> None:
        data = connection.recv(65536)
        while len(data.partition(b"\r\n\r\n")[2]) < 4_000_000:
            data += connection.recv(1 << 20)
        received.append(data)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    part = media.part(1_120_005, 5_000_000)
    with server(take) as url:
        exchange = get(url, method="PUT", stream=part)
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 4000000" in head
    assert body == (bytes(range(256)) * 20_000 + b"mark;")[1_120_005:]
    assert exchange.sent_bytes == 4_000_000
    assert max(map(len, part.pieces())) <= 256 * 1024


def test_a_long_body_that_is_refused_in_its_midst_reports_the_refusal() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    with server(refuse) as url:
        assert get(url, method="PUT", body=bytes(20_000_000)).status == 413


def test_silence_is_limited_apart_from_the_whole() -> None:
    def pause(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            time.sleep(0.15)
            connection.sendall(b"x")

    with server(pause) as url:
        assert get(url, read_timeout_s=0.5).received_bytes == 4
    with server(pause) as url:
        assert cause_of(url, read_timeout_s=0.05) == "timeout"


def test_connecting_is_limited_apart_from_the_whole() -> None:
    with socket.socket() as full:  # a listener that takes nothing: further connections are left waiting
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        start = time.perf_counter()
        cause = cause_of(f"http://127.0.0.1:{port}", connect_timeout_s=0.2)
        for one in waiting:
            one.close()
    assert cause == "timeout"
    assert time.perf_counter() - start < 1.5
