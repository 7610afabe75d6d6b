"""One visitor: requests in sequence, each timed from its intended moment, recorded and judged."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin

from greenlet import GreenletExit

from tidegauge.catalogue import Asset
from tidegauge.engine.answer import Exchange, Limits, RequestFailed
from tidegauge.engine.clock import RunClock
from tidegauge.engine.cookie_jar import CookieJar
from tidegauge.engine.http_client import ConnectionPool, GeneratorExhausted, WireRequest
from tidegauge.engine.request import Request, is_redirect
from tidegauge.engine.response import Response, cache_result, judge
from tidegauge.engine.targets import Prepared, Target, Targets
from tidegauge.records import CUT, Sample
from tidegauge.stack import Stack
from tidegauge.workload.schedule import session_seed

REDIRECTS_MAX = 5
DRAINED, ABANDONED = "timeout", "cut"  # causes of what is still under way when the drain, or the run, ends


class StepFailed(Exception):  # how a session ends, not an error of the program
    """A failed request ends its session; the sample is recorded already."""


class SessionCut(BaseException):
    """Raised inside a session that is still under way when it must end; `cause` is DRAINED or ABANDONED."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class SampleSink(Protocol):
    """Where samples go."""

    def add_sample(self, row: Sample) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all sessions of a process share."""

    stack: Stack
    targets: Targets
    clock: RunClock
    sink: SampleSink
    process: int
    seed: int
    assets: Sequence[Asset]
    asset_cumulative: Sequence[float]  # cumulative probabilities by rank
    limits: Limits  # the plan's; a request may have its own
    new_pool: Callable[[], ConnectionPool]
    pooled: ConnectionPool | None  # set when connections are shared
    on_exhausted: Callable[[str], None]


class Session:
    """The requests of one session of one flow."""

    __slots__ = (
        "_cookies", "_intended_s", "_pool", "_rng", "_scheduled", "_step", "_target", "_world", "answered",
        "asset", "cut", "done_s", "failed", "flow", "index", "lag_s",
    )  # fmt: skip

    def __init__(
        self,
        world: World,
        *,
        index: int,
        flow: str,
        intended_s: float,
        asset: Asset | None,
        rng: random.Random | None = None,
    ) -> None:
        """`rng` defaults to the session's own, by the run's seed and `index`."""
        self.index, self.flow, self.asset = index, flow, asset
        self.failed = self.cut = False  # cut: failed by that, and by nothing before
        self.answered = True  # whether each request so far got an answer, good or not
        self.lag_s = 0.0  # by how much its scheduled requests were sent late, together
        self.done_s = intended_s  # when the last recorded request was done
        self._world = world
        self._rng = rng
        self._pool = world.pooled or world.new_pool()
        self._intended_s = intended_s
        self._step = 0
        self._scheduled = False  # whether the request under way is due by the clock
        self._cookies: CookieJar | None = None
        self._target: Target | None = None  # where the request under way, or the last one, went

    @property
    def stack(self) -> Stack:
        """What is being tested."""
        return self._world.stack

    @property
    def rng(self) -> random.Random:
        """The session's own random generator; made when first asked for, as many sessions need none."""
        if self._rng is None:
            self._rng = random.Random(session_seed(self._world.seed, self.index))
        return self._rng

    @property
    def requests(self) -> int:
        """How many requests were recorded so far."""
        return self._step

    def draw_asset(self) -> Asset:
        """Draws another asset, by popularity."""
        cumulative = self._world.asset_cumulative
        rank = bisect_right(cumulative, self.rng.random() * cumulative[-1])
        return self._world.assets[min(rank, len(cumulative) - 1)]

    def send(self, request: Request) -> Response:
        """Sends one request and records it; StepFailed when it did not go well."""
        self._intended_s += request.think_time_s
        self._scheduled = bool(request.think_time_s) or not self._step
        if self._scheduled:  # otherwise it is due with the answer before it
            self._wait(request)
        response = self._send(request, REDIRECTS_MAX)
        if request.follow_redirects:
            endpoint, hop = request.endpoint, 0
            while is_redirect(response):
                assert self._target is not None
                hop += 1
                request = request.redirected(response, self._target, f"{endpoint} (redirect {hop})")
                response = self._send(request, REDIRECTS_MAX - hop)
        return response

    def close(self) -> None:
        """Closes the session's own connections."""
        if self._world.pooled is None:
            self._pool.close()

    def _wait(self, request: Request) -> None:
        """Waits until the request is due; a session that is cut before then fails with that request."""
        try:
            self._world.clock.wait_until(self._intended_s)
        except SessionCut as cut:
            self._intended_s = self._world.clock.now()
            self._scheduled = False  # its moment has not come
            self._record(Exchange(self._intended_s), request, cut.cause)
            raise

    def _send(self, request: Request, redirects_left: int) -> Response:
        exchange = Exchange(self._world.clock.now())
        response = Response(exchange)
        cause: str | None = None
        try:
            self._exchange(request, exchange)
            cause = self._judge(response, request, redirects_left)
        except RequestFailed as failure:
            cause = failure.cause
            if isinstance(failure, GeneratorExhausted):
                self._world.on_exhausted(failure.detail)
        except SessionCut as cut:
            self._record(exchange, request, cut.cause)
            raise
        except GreenletExit:  # Locust ends its users so
            self._record(exchange, request, ABANDONED)
            raise
        self._record(exchange, request, cause)
        if cause is not None:
            raise StepFailed(cause)
        return response

    def _exchange(self, request: Request, exchange: Exchange) -> None:
        world = self._world
        self._target = None
        headers = tuple(request.headers.items()) if request.headers else ()
        prepared = world.targets.prepare(request.method, request.base, request.target, headers)
        self._target = prepared.target
        place = prepared.target.place
        if not place.allowed:
            raise RequestFailed("not_allowed", f"host {place.netloc} is not in allowed_hosts")
        self._pool.exchange(self._on_the_wire(request, prepared), world.clock.now, exchange)
        if exchange.set_cookies:
            if self._cookies is None:
                self._cookies = CookieJar()
            self._cookies.keep(place.netloc, exchange.set_cookies)

    def _on_the_wire(self, request: Request, prepared: Prepared) -> WireRequest:
        place, method = prepared.target.place, request.method
        cookies = self._cookies.header(place.netloc) if self._cookies is not None else ""
        body, stream = (request.body, None) if isinstance(request.body, bytes) else (b"", request.body)
        message = prepared.plain
        if body or stream is not None or cookies:
            message = prepared.message(method, cookies, body, len(body) if stream is None else stream.length)
        return WireRequest(
            method=method,
            origin=place.origin,
            message=message,
            body_bytes=len(body),
            stream=stream,
            keep_body=request.keep_body or request.check is not None,
            hash_body=request.hash_body,
            limits=request.limits(self._world.limits),
        )

    def _judge(self, response: Response, request: Request, redirects_left: int) -> str | None:
        if request.follow_redirects and is_redirect(response):
            if not redirects_left:
                return "status"
            assert self._target is not None
            return None if _is_url(self._target.url, response.headers["location"]) else "protocol"
        return judge(response, request.expect_status, request.check)

    def _record(self, exchange: Exchange, request: Request, cause: str | None) -> None:
        world, target, raw = self._world, self._target, exchange.raw_headers
        done_s = exchange.done if exchange.done is not None else world.clock.now()
        status = exchange.status if cause != ABANDONED else 0  # what had come of its answer is no answer
        row = (
            self._intended_s,
            exchange.sent,
            exchange.first_byte,
            done_s,
            exchange.connect_s,
            exchange.tls_s,
            world.process,
            self.index,
            self._step,
            self.flow,
            request.endpoint,
            status,
            cause,
            exchange.sent_bytes,
            exchange.received_bytes,
            cache_result(raw.get(b"x-cache")) if status else None,
            _age(raw.get(b"age")),
            _text(raw.get(b"x-amz-cf-pop")),
            _text(raw.get(b"x-amz-cf-id")),
            target.bare_path if target is not None else "",
            target.base if target is not None else "other",
            self._scheduled,
        )
        world.sink.add_sample(Sample._make(row))  # by position: by name, it takes three times as long
        if self._scheduled:
            self.lag_s += exchange.sent - self._intended_s
        self._step += 1
        self._intended_s = self.done_s = done_s
        self._scheduled = False  # where a redirect leads is due with the answer that says so
        self.cut = self.cut or (cause == CUT and not self.failed)
        self.failed = self.failed or cause is not None
        self.answered = self.answered and exchange.status > 0


def _is_url(base: str, location: str) -> bool:
    try:
        urljoin(base, location)
    except ValueError:
        return False
    return True


def _age(value: bytes | None) -> float | None:
    return float(value) if value is not None and value.isdigit() else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
