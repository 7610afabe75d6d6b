"""One visitor: requests in sequence, each timed from its intended moment, recorded and judged."""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any, Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

from tidegauge.engine.clock import RunClock
from tidegauge.engine.http_client import (
    ConnectionPool,
    Exchange,
    GeneratorExhausted,
    Request,
    RequestFailed,
    split_url,
)
from tidegauge.records import Sample
from tidegauge.stack import Stack, is_allowed

REDIRECTS_MAX = 5
USER_AGENT = "tidegauge/0.1"
_OF_ONE_ORIGIN = ("authorization", "cookie", "host")  # headers that must not follow a redirect elsewhere
_OF_THE_BODY = ("content-type", "content-length", "content-encoding")
_CACHE_RESULTS = {"hit": "hit", "refreshhit": "refresh_hit", "miss": "miss"}

BodyCheck = Callable[["Response"], str | None]


class StepFailed(Exception):  # it is how a session ends, and no error of the program
    """A failed request ends its session; the sample is recorded already."""


class DrainCut(BaseException):
    """Raised inside a session that is still under way when the drain is over."""


class SampleSink(Protocol):
    """Where samples go."""

    def add_sample(self, row: Sample) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A row of the catalogue; without one, only a number."""

    rank: int  # counted from 0
    asset_id: str
    short_code: str
    renditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A good answer, as a flow sees it."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    head: bytes  # the first 64 bytes
    body: bytes  # empty where it was not kept
    sha256: str | None
    received_bytes: int

    def json(self) -> Any:
        """The body as JSON; ValueError when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all sessions of a process share."""

    stack: Stack
    clock: RunClock
    sink: SampleSink
    process: int
    assets: Sequence[Asset]
    asset_cumulative: Sequence[float]  # cumulative probabilities by rank
    timeout_s: float
    max_body_bytes: int
    new_pool: Callable[[], ConnectionPool]
    pooled: ConnectionPool | None  # set when connections are shared
    on_exhausted: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """A request as the flow asked for it."""

    method: str
    url: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
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

    def redirected(self, response: Response, endpoint: str) -> _Ask:
        """The next hop, as browsers take it: after 303, and after a POST, with GET."""
        assert self.redirects_left is not None
        to_get = (response.status == 303 and self.method != "HEAD") or (
            response.status in (301, 302) and self.method == "POST"
        )
        hop = REDIRECTS_MAX - self.redirects_left + 1
        url = urljoin(self.url, response.headers["location"])
        left_behind = {
            *(_OF_THE_BODY if to_get else ()),
            *(() if _same_origin(url, self.url) else _OF_ONE_ORIGIN),
        }
        return replace(
            self,
            url=url,
            endpoint=f"{endpoint} (redirect {hop})",
            method="GET" if to_get else self.method,
            headers={name: value for name, value in self.headers.items() if name.lower() not in left_behind},
            body=b"" if to_get else self.body,
            redirects_left=self.redirects_left - 1,
        )


class Session:
    """The requests of one session of one flow."""

    def __init__(
        self,
        world: World,
        *,
        index: int,
        flow: str,
        intended_s: float,
        asset: Asset | None,
        rng: random.Random,
    ) -> None:
        self.index, self.flow, self.asset, self.rng = index, flow, asset, rng
        self.stack = world.stack
        self._world = world
        self._pool = world.pooled or world.new_pool()
        self._intended_s = intended_s
        self._step = 0
        self._cookies: dict[str, dict[str, str]] = {}

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
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
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
        url = target if target.startswith(("http://", "https://")) else self.stack.url(base) + target
        ask = _Ask(
            method=method,
            url=url,
            endpoint=endpoint,
            headers=headers or {},
            body=body,
            expect_status=expect_status,
            check=check,
            keep_body=keep_body or check is not None,
            hash_body=hash_body,
            redirects_left=REDIRECTS_MAX if follow_redirects else None,
            timeout_s=timeout_s or self._world.timeout_s,
            max_body_bytes=self._world.max_body_bytes if max_body_bytes is None else max_body_bytes,
        )
        self._intended_s += think_time_s
        self._world.clock.wait_until(self._intended_s)
        response = self._send(ask)
        while ask.is_redirect(response):
            ask = ask.redirected(response, endpoint)
            response = self._send(ask)
        return response

    def close(self) -> None:
        """Closes the session's own connections."""
        if self._world.pooled is None:
            self._pool.close()

    def _send(self, ask: _Ask) -> Response:
        clock = self._world.clock
        exchange = Exchange(sent=clock.now())
        cause: str | None = None
        response: Response | None = None
        try:
            self._exchange(ask, exchange)
            response = _response(exchange)
            cause = judge(response, ask)
        except RequestFailed as failure:
            cause = failure.cause
            if isinstance(failure, GeneratorExhausted):
                self._world.on_exhausted(failure.detail)
        except DrainCut:
            self._record(exchange, ask, "timeout")
            raise
        self._record(exchange, ask, cause)
        if cause is not None or response is None:
            raise StepFailed(cause)
        return response

    def _exchange(self, ask: _Ask, exchange: Exchange) -> None:
        parts = split_url(ask.url)
        if not is_allowed(ask.url, self.stack.allowed_hosts):
            raise RequestFailed("not_allowed", f"host {parts.netloc} is not in allowed_hosts")
        request = Request(
            method=ask.method,
            url=parts,
            headers=self._headers(parts, ask.headers),
            body=ask.body,
            timeout_s=ask.timeout_s,
            max_body_bytes=ask.max_body_bytes,
            keep_body=ask.keep_body,
            hash_body=ask.hash_body,
        )
        self._pool.exchange(request, self._world.clock.now, exchange)
        self._keep_cookies(parts, exchange)

    def _record(self, exchange: Exchange, ask: _Ask, cause: str | None) -> None:
        headers = exchange.headers
        done_s = exchange.done if exchange.done is not None else self._world.clock.now()
        self._world.sink.add_sample(
            Sample(
                intended_s=self._intended_s,
                sent_s=exchange.sent,
                first_byte_s=exchange.first_byte,
                done_s=done_s,
                connect_s=exchange.connect_s,
                tls_s=exchange.tls_s,
                process=self._world.process,
                session=self.index,
                step=self._step,
                flow=self.flow,
                endpoint=ask.endpoint,
                status=exchange.status,
                cause=cause,
                sent_bytes=exchange.sent_bytes,
                received_bytes=exchange.received_bytes,
                cache=cache_result(headers.get("x-cache")) if exchange.status else None,
                age_s=_age(headers.get("age")),
                pop=headers.get("x-amz-cf-pop"),
                request_id=headers.get("x-amz-cf-id"),
                url_path=_path(ask.url),
                base=self._base_of(ask.url),
            )
        )
        self._step += 1
        self._intended_s = done_s

    def _base_of(self, url: str) -> str:
        for base, root in (("cdn", self.stack.cdn_url), ("api", self.stack.api_url)):
            if root and url.startswith(root.rstrip("/") + "/"):
                return base
        return "other"

    def _headers(self, url: SplitResult, headers: Mapping[str, str]) -> dict[str, str]:
        full = {"User-Agent": USER_AGENT, "Accept": "*/*", **headers}
        jar = self._cookies.get(url.netloc)
        if jar:
            full["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        return full

    def _keep_cookies(self, url: SplitResult, exchange: Exchange) -> None:
        for text in exchange.set_cookies:
            try:
                parsed = SimpleCookie(text)
            except CookieError:
                continue  # a browser ignores what it cannot read
            jar = self._cookies.setdefault(url.netloc, {})
            for name, morsel in parsed.items():
                if morsel["max-age"] == "0":
                    jar.pop(name, None)
                else:
                    jar[name] = morsel.coded_value


def judge(response: Response, ask: _Ask) -> str | None:
    """The cause of failure, or None for a good answer."""
    status = response.status
    if ask.is_redirect(response):
        if not ask.redirects_left:
            return "status"
        return None if _is_url(ask.url, response.headers["location"]) else "protocol"
    good = status in ask.expect_status if ask.expect_status is not None else 200 <= status < 400
    if not good:
        if status == 403 and is_waf_block(response):
            return "waf_403"
        return {429: "throttled_429", 503: "throttled_503"}.get(status, "status")
    try:
        wrong = ask.check(response) if ask.check is not None else None
    except (ValueError, LookupError, TypeError) as error:  # a body that the check cannot even read
        wrong = str(error)
    return "body" if wrong is not None else None


def _is_url(base: str, location: str) -> bool:
    try:
        urljoin(base, location)
    except ValueError:
        return False
    return True


def _same_origin(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def is_waf_block(response: Response) -> bool:
    """Whether a 403 comes from AWS WAF: its action header, CloudFront's block page or the ALB's.

    The WAF's page on CloudFront says "Request blocked."; a refused signature answers in XML instead.
    """
    server = response.headers.get("server", "").lower()
    if "x-amzn-waf-action" in response.headers or server.startswith("awselb"):
        return True
    return "cloudfront" in server and b"Request blocked" in response.head


def cache_result(x_cache: str | None) -> str:
    """CloudFront's X-Cache as hit, refresh_hit, miss or error; none without the header.

    A function's own answer never asked the cache, and counts as none.
    """
    word = (x_cache or "").split(" ", 1)[0].lower()
    if not word or word == "functiongeneratedresponse":
        return "none"
    return _CACHE_RESULTS.get(word, "error")


def _response(exchange: Exchange) -> Response:
    return Response(
        status=exchange.status,
        headers=exchange.headers,
        head=exchange.head,
        body=exchange.body,
        sha256=exchange.sha256,
        received_bytes=exchange.received_bytes,
    )


def _age(value: str | None) -> float | None:
    return float(value) if value is not None and value.isdigit() else None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
