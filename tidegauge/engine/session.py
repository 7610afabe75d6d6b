"""One visitor: requests in sequence, each timed from its intended moment, recorded and judged."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urljoin

from tidegauge.catalogue import Asset
from tidegauge.engine.answer import Exchange, RequestFailed
from tidegauge.engine.clock import RunClock
from tidegauge.engine.cookie_jar import CookieJar
from tidegauge.engine.http_client import ConnectionPool, GeneratorExhausted, Request, StreamedBody
from tidegauge.engine.response import BodyCheck, Response, cache_result, judge
from tidegauge.engine.targets import Target, Targets
from tidegauge.records import Sample
from tidegauge.stack import Stack
from tidegauge.workload.schedule import session_seed

REDIRECTS_MAX = 5
_OF_ONE_ORIGIN = ("authorization", "cookie", "host")  # headers that must not follow a redirect elsewhere
_OF_THE_BODY = ("content-type", "content-length", "content-encoding")
_NO_HEADERS: Mapping[str, str] = {}


class StepFailed(Exception):  # it is how a session ends, and no error of the program
    """A failed request ends its session; the sample is recorded already."""


class DrainCut(BaseException):
    """Raised inside a session that is still under way when the drain is over."""


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
    timeout_s: float
    connect_timeout_s: float | None
    read_timeout_s: float | None
    max_body_bytes: int
    new_pool: Callable[[], ConnectionPool]
    pooled: ConnectionPool | None  # set when connections are shared
    on_exhausted: Callable[[str], None]


@dataclass(slots=True)
class _Ask:
    """A request as the flow asked for it; written to by nobody once it is sent."""

    method: str
    where: str
    base: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes | StreamedBody
    expect_status: Collection[int] | None
    check: BodyCheck | None
    keep_body: bool
    hash_body: bool
    redirects_left: int | None  # None: redirects are answers like others
    timeout_s: float
    max_body_bytes: int

    def is_redirect(self, response: Response) -> bool:
        """Whether to follow: asked for, and there is somewhere to go."""
        return (
            self.redirects_left is not None
            and 300 <= response.status < 400
            and "location" in response.headers
        )

    def redirected(self, response: Response, here: Target, endpoint: str) -> _Ask:
        """The next hop, as browsers take it: after 303, and after a POST, with GET."""
        assert self.redirects_left is not None
        to_get = (response.status == 303 and self.method != "HEAD") or (
            response.status in (301, 302) and self.method == "POST"
        )
        hop = REDIRECTS_MAX - self.redirects_left + 1
        url = urljoin(here.url, response.headers["location"])
        moved = _authority(url) != _authority(here.url)
        left_behind = {*(_OF_THE_BODY if to_get else ()), *(_OF_ONE_ORIGIN if moved else ())}
        return replace(
            self,
            where=url,
            endpoint=f"{endpoint} (redirect {hop})",
            method="GET" if to_get else self.method,
            headers={name: value for name, value in self.headers.items() if name.lower() not in left_behind},
            body=b"" if to_get else self.body,
            redirects_left=self.redirects_left - 1,
        )


class Session:
    """The requests of one session of one flow."""

    __slots__ = (
        "_cookies", "_intended_s", "_pool", "_rng", "_step", "_target", "_world", "asset", "done_s", "failed",
        "flow", "index",
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
        self.failed = False
        self.done_s = intended_s  # of the last request recorded
        self._world = world
        self._rng = rng
        self._pool = world.pooled or world.new_pool()
        self._intended_s = intended_s
        self._step = 0
        self._cookies: CookieJar | None = None
        self._target: Target | None = None  # of the request under way or just done

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
        """Another asset, by popularity."""
        cumulative = self._world.asset_cumulative
        rank = bisect_right(cumulative, self.rng.random() * cumulative[-1])
        return self._world.assets[min(rank, len(cumulative) - 1)]

    def request(
        self,
        method: str,
        target: str,
        *,
        endpoint: str,
        base: str = "api",
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | StreamedBody = b"",
        expect_status: Collection[int] | None = None,
        think_time_s: float = 0.0,
        check: BodyCheck | None = None,
        keep_body: bool = True,
        hash_body: bool = False,
        follow_redirects: bool = False,
        timeout_s: float | None = None,
        max_body_bytes: int | None = None,
    ) -> Response:
        """Sends one request and records it; StepFailed when it did not go well.

        `target` is a path under the stack's `base` URL, or a whole URL (a presigned or signed one).
        `expect_status` defaults to any 2xx or 3xx. `check` returns what is wrong with the body, or None.
        """
        world = self._world
        ask = _Ask(
            method,
            target,
            base,
            endpoint,
            headers,
            body,
            expect_status,
            check,
            keep_body or check is not None,
            hash_body,
            REDIRECTS_MAX if follow_redirects else None,
            timeout_s or world.timeout_s,
            world.max_body_bytes if max_body_bytes is None else max_body_bytes,
        )
        self._intended_s += think_time_s
        if think_time_s or not self._step:  # otherwise the moment is that of the answer before
            self._wait(ask)
        response = self._send(ask)
        if follow_redirects:
            while ask.is_redirect(response):
                assert self._target is not None
                ask = ask.redirected(response, self._target, endpoint)
                response = self._send(ask)
        return response

    def close(self) -> None:
        """Closes the session's own connections."""
        if self._world.pooled is None:
            self._pool.close()

    def _wait(self, ask: _Ask) -> None:
        """Until the request is due; a session that is cut before has failed, by the request it owed."""
        try:
            self._world.clock.wait_until(self._intended_s)
        except DrainCut:
            self._intended_s = self._world.clock.now()
            self._record(Exchange(self._intended_s), ask, "timeout")
            raise

    def _send(self, ask: _Ask) -> Response:
        exchange = Exchange(self._world.clock.now())
        response = Response(exchange)
        cause: str | None = None
        try:
            self._exchange(ask, exchange)
            cause = self._judge(response, ask)
        except RequestFailed as failure:
            cause = failure.cause
            if isinstance(failure, GeneratorExhausted):
                self._world.on_exhausted(failure.detail)
        except DrainCut:
            self._record(exchange, ask, "timeout")
            raise
        self._record(exchange, ask, cause)
        if cause is not None:
            raise StepFailed(cause)
        return response

    def _exchange(self, ask: _Ask, exchange: Exchange) -> None:
        world = self._world
        self._target = None
        headers = tuple(ask.headers.items()) if ask.headers else ()
        prepared = world.targets.prepare(ask.method, ask.base, ask.where, headers)
        self._target = prepared.target
        place = prepared.target.place
        if not place.allowed:
            raise RequestFailed("not_allowed", f"host {place.netloc} is not in allowed_hosts")
        cookies = self._cookies.header(place.netloc) if self._cookies is not None else ""
        body = ask.body if isinstance(ask.body, bytes) else b""
        stream = None if isinstance(ask.body, bytes) else ask.body
        if body or stream is not None or cookies:
            length = len(body) if stream is None else stream.length
            message = prepared.message(ask.method, cookies, body, length)
        else:
            message = prepared.plain
        request = Request(
            ask.method,
            place.origin,
            message,
            len(body),
            stream,
            ask.keep_body,
            ask.hash_body,
            ask.timeout_s,
            world.connect_timeout_s,
            world.read_timeout_s,
            ask.max_body_bytes,
        )
        self._pool.exchange(request, world.clock.now, exchange)
        if exchange.set_cookies:
            if self._cookies is None:
                self._cookies = CookieJar()
            self._cookies.keep(place.netloc, exchange.set_cookies)

    def _judge(self, response: Response, ask: _Ask) -> str | None:
        if ask.redirects_left is not None and ask.is_redirect(response):
            if not ask.redirects_left:
                return "status"
            assert self._target is not None
            return None if _is_url(self._target.url, response.headers["location"]) else "protocol"
        return judge(response, ask.expect_status, ask.check)

    def _record(self, exchange: Exchange, ask: _Ask, cause: str | None) -> None:
        world, target, raw = self._world, self._target, exchange.raw_headers
        done_s = exchange.done if exchange.done is not None else world.clock.now()
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
            ask.endpoint,
            exchange.status,
            cause,
            exchange.sent_bytes,
            exchange.received_bytes,
            cache_result(raw.get(b"x-cache")) if exchange.status else None,
            _age(raw.get(b"age")),
            _text(raw.get(b"x-amz-cf-pop")),
            _text(raw.get(b"x-amz-cf-id")),
            target.bare_path if target is not None else "",
            target.base if target is not None else "other",
        )
        world.sink.add_sample(Sample._make(row))  # by position: by name, it takes three times as long
        self._step += 1
        self._intended_s = self.done_s = done_s
        self.failed = self.failed or cause is not None


def _is_url(base: str, location: str) -> bool:
    try:
        urljoin(base, location)
    except ValueError:
        return False
    return True


def _authority(url: str) -> str:
    """`http://host:port` of a URL."""
    return "/".join(url.split("/", 3)[:3]).lower()


def _age(value: bytes | None) -> float | None:
    return float(value) if value is not None and value.isdigit() else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
