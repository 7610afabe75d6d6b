"""An answer as a flow sees it, and whether it is a good one."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tidegauge.engine.answer import Exchange

_CACHE_RESULTS = {b"hit": "hit", b"refreshhit": "refresh_hit", b"miss": "miss"}
_THROTTLED = {429: "throttled_429", 503: "throttled_503"}


class Response:
    """A complete answer."""

    __slots__ = ("_exchange", "_headers")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._headers: dict[str, str] | None = None

    @property
    def status(self) -> int:
        """The status code."""
        return self._exchange.status

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers, names in lower case; repeats are joined by commas."""
        if self._headers is None:
            self._headers = self._exchange.headers
        return self._headers

    @property
    def head(self) -> bytes:
        """The body's first bytes, kept of every answer."""
        return self._exchange.head

    @property
    def body(self) -> bytes:
        """The body, decoded where it came compressed; empty where it was not kept."""
        return self._exchange.body

    @property
    def sha256(self) -> str | None:
        """The body's hash, where it was asked for."""
        return self._exchange.sha256

    @property
    def received_bytes(self) -> int:
        """Body bytes as received, before decoding."""
        return self._exchange.received_bytes

    def json(self) -> Any:
        """The body as JSON; ValueError when it is not JSON."""
        return json.loads(self.body)


BodyCheck = Callable[[Response], str | None]


def judge(response: Response, expect_status: Collection[int] | None, check: BodyCheck | None) -> str | None:
    """The cause of failure, or None for a good answer; by default any 2xx or 3xx is good."""
    status = response.status
    good = 200 <= status < 400 if expect_status is None else status in expect_status
    if not good:
        if status == 403 and is_waf_block(response):
            return "waf_403"
        return _THROTTLED.get(status, "status")
    if check is None:
        return None
    try:
        wrong = check(response)
    except (ValueError, LookupError, TypeError) as error:  # a body that the check cannot even read
        wrong = str(error)
    return "body" if wrong is not None else None


def is_waf_block(response: Response) -> bool:
    """Whether a 403 comes from AWS WAF: its action header, CloudFront's block page or the ALB's.

    The WAF's page on CloudFront says "Request blocked."; a refused signature answers in XML instead.
    """
    server = response.headers.get("server", "").lower()
    if "x-amzn-waf-action" in response.headers or server.startswith("awselb"):
        return True
    return "cloudfront" in server and b"Request blocked" in response.head


def cache_result(x_cache: bytes | None) -> str:
    """CloudFront's X-Cache as hit, refresh_hit, miss or error; `none` without the header.

    A function's own answer never asked the cache: it counts as `none`.
    """
    if x_cache is None:
        return "none"
    word = x_cache.split(b" ", 1)[0].lower()
    if not word or word == b"functiongeneratedresponse":
        return "none"
    return _CACHE_RESULTS.get(word, "error")
