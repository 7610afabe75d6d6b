"""One TCP or TLS connection on the event loop, with no more system calls than it takes.

gevent's own sockets try a read before every wait and set up a timer for each; here the wait comes first and
one timer a connection is moved along. The reading side stays registered for the connection's life.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import ssl
from collections.abc import Callable
from typing import Any

import gevent.monkey
from greenlet import getcurrent, greenlet

RECEIVE_BYTES = 256 * 1024
NEVER = float("inf")
_READABLE, _WRITABLE = 1, 2

# gevent's sockets bring their own way of waiting.
_plain_socket = gevent.monkey.get_original("socket", "socket")
_plain_poll = gevent.monkey.get_original("select", "poll")
_switch_to = greenlet.switch  # gevent's own checks first: a third of a microsecond a wait
_received = memoryview(bytearray(RECEIVE_BYTES))  # shared: no greenlet waits while it uses what it read


class Connection:
    """A non-blocking socket that one greenlet at a time waits for.

    Deadlines are on the clock `now`; a wait beyond one ends in TimeoutError.
    """

    __slots__ = (
        "_deadline", "_for_reading", "_hub", "_now", "_poll", "_reader", "_reading", "_socket", "_timer",
        "_timer_due", "_tls", "_waiter", "ended_badly",
    )  # fmt: skip

    def __init__(self, family: int, now: Callable[[], float]) -> None:
        """An unconnected socket of the address `family`; OSError when the system gives none."""
        self._socket = _plain_socket(family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._hub = gevent.get_hub()
        self._reader = self._hub.loop.io(self._socket.fileno(), _READABLE)
        self._timer: Any = None
        self._reading = self._for_reading = False
        self._waiter: Any = None
        self._deadline = 0.0
        self._timer_due = NEVER
        self._now = now
        self._tls: _Tls | None = None
        self._poll: Any = None
        self.ended_badly = False  # TLS: closed without close_notify, so the answer may be cut short

    def connect(self, address: Any, deadline: float) -> None:
        """Returns when the connection stands; OSError or TimeoutError otherwise."""
        failure = self._socket.connect_ex(address)
        if failure == errno.EINPROGRESS:
            self._wait_writable(deadline)
            failure = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        """The handshake, with `host` for SNI and the certificate's name; ssl.SSLError, OSError."""
        tls = self._tls = _Tls(context, host)
        while not tls.shake_hands():
            self._send_plain(tls.outgoing(), deadline)
            tls.take(self._receive_plain(deadline))
        self._send_plain(tls.outgoing(), deadline)

    def send(self, data: bytes, deadline: float) -> None:
        """All of `data`; OSError, TimeoutError."""
        self._send_plain(data if self._tls is None else self._tls.encrypted(data), deadline)

    def receive(self, deadline: float) -> memoryview | bytes:
        """What has come, to be used before the next wait; empty when the other side has closed."""
        if self._tls is None:
            return self._receive_plain(deadline)
        while True:
            data = self._tls.decrypted()
            if data is not None:
                self.ended_badly = self._tls.ended_badly
                return data
            self._send_plain(self._tls.outgoing(), deadline)
            self._tls.take(self._receive_plain(deadline))

    def is_idle(self) -> bool:
        """Whether it can take another request: no unasked-for data has come, and no end."""
        if self._poll is None:
            self._poll = _plain_poll()
            self._poll.register(self._socket.fileno(), select.POLLIN)
        return not self._poll.poll(0)

    def close(self) -> None:
        """Closes at once, even while a greenlet waits."""
        self._reader.close()
        if self._timer is not None:
            self._timer.close()
        self._socket.close()

    def _send_plain(self, data: bytes, deadline: float) -> None:
        rest: Any = data
        while rest:
            try:
                sent = self._socket.send(rest)
            except BlockingIOError:
                self._wait_writable(deadline)
                continue
            if sent == len(rest):
                return
            rest = memoryview(rest)[sent:]

    def _receive_plain(self, deadline: float) -> memoryview:
        while True:
            self._wait_readable(deadline)
            try:
                return _received[: self._socket.recv_into(_received)]
            except BlockingIOError:
                continue  # a spurious wake-up

    def _wait_readable(self, deadline: float) -> None:
        if not self._reading:
            self._reading = True
            self._reader.start(self._on_readable)
        self._for_reading = True
        self._wait(deadline)

    def _wait_writable(self, deadline: float) -> None:
        writer = self._hub.loop.io(self._socket.fileno(), _WRITABLE)
        writer.start(getcurrent().switch)
        self._for_reading = False
        try:
            self._wait(deadline)
        finally:
            writer.close()

    def _wait(self, deadline: float) -> None:
        self._deadline = deadline
        if deadline < self._timer_due:
            self._set_timer(deadline)
        self._waiter = getcurrent()
        try:
            _switch_to(self._hub)
        finally:
            self._waiter = None

    def _on_readable(self) -> None:
        if self._waiter is not None and self._for_reading:
            self._waiter.switch()
        else:  # closed while idle, or answered before the request is out: the next read sees it
            self._reading = False
            self._reader.stop()

    def _set_timer(self, due: float) -> None:
        if self._timer is not None:
            self._timer.close()
        self._timer_due = due
        self._timer = self._hub.loop.timer(max(due - self._now(), 0.0))
        self._timer.start(self._on_timer)

    def _on_timer(self) -> None:
        """One timer serves many waits: when it fires, the wait under way may well be a later one."""
        self._timer_due = NEVER
        if self._waiter is None:
            return
        if self._deadline > self._now():
            self._set_timer(self._deadline)
        else:
            self._waiter.throw(TimeoutError())


class _Tls:
    """TLS between two buffers: what came in, and what is to go out."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._layer = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.ended_badly = False

    def shake_hands(self) -> bool:
        """Whether the handshake is complete; if not, send what is outgoing and take what comes."""
        try:
            self._layer.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def take(self, data: memoryview) -> None:
        """Takes what was received; empty for the end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def outgoing(self) -> bytes:
        """What is to be sent, empty when there is nothing."""
        return self._outgoing.read()

    def encrypted(self, data: bytes) -> bytes:
        """`data` as it goes over the wire."""
        self._layer.write(data)
        return self._outgoing.read()

    def decrypted(self) -> bytes | None:
        """What was received in the clear; empty at the end, None when more has to come first."""
        try:
            return self._layer.read(RECEIVE_BYTES)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLEOFError:
            self.ended_badly = True
            return b""
