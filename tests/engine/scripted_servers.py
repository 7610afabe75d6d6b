"""Servers whose bytes and delays are chosen by a test, and the load client asking them."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
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

from tidegauge.engine.answer import Exchange, Limits, RequestFailed
from tidegauge.engine.http_client import AddressBook, ConnectionPool, StreamedBody, WireRequest, tls_context
from tidegauge.engine.targets import Targets
from tidegauge.stack import Stack

Script = Callable[[socket.socket], None]


@contextmanager
def server(*scripts: Script, host: str = "127.0.0.1") -> Iterator[str]:
    """Serves each accepted connection with the next script; the last one serves all further."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family)
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
        yield f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
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
    return Targets(Stack(api_url=url, allowed_hosts=("127.0.0.1", "localhost", "::1")), "a-run")


def pool(tls: ssl.SSLContext | None = None) -> ConnectionPool:
    return ConnectionPool(AddressBook(), tls or tls_context())


def get(
    url: str, *, method: str = "GET", using: ConnectionPool | None = None, timeout_s: float = 5.0,
    max_body_bytes: int = 1 << 20, body: bytes = b"", stream: StreamedBody | None = None,
    connect_timeout_s: float | None = None, read_timeout_s: float | None = None,
) -> Exchange:  # fmt: skip
    connections = using or pool()
    exchange = Exchange(sent=time.perf_counter())
    prepared = targets(url).prepare(method, "api", "/", ())
    request = WireRequest(
        method=method,
        origin=prepared.target.place.origin,
        message=prepared.message(method, "", body, stream.length if stream else len(body)),
        body_bytes=len(body),
        stream=stream,
        keep_body=True,
        hash_body=False,
        limits=Limits(
            timeout_s=timeout_s,
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
            max_body_bytes=max_body_bytes,
        ),
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


def self_signed(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 and localhost that nobody vouches for, in one file."""
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
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
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
