"""One request as a flow asks for it, and the next hop where an answer redirects it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urljoin

from tidegauge.engine.answer import Limits
from tidegauge.engine.http_client import StreamedBody
from tidegauge.engine.response import BodyCheck, Response
from tidegauge.engine.targets import Target

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_HEADERS_OF_ONE_ORIGIN = ("authorization", "cookie", "host")  # these must not follow a redirect elsewhere
_HEADERS_OF_A_BODY = ("content-type", "content-length", "content-encoding")


class Request(NamedTuple):  # one is made for each request: a frozen dataclass would take four times as long
    """What to ask for, and what a good answer to it is."""

    method: str
    target: str  # a path under the stack's `base` URL, or a whole URL (a presigned or signed one)
    endpoint: str  # its name in the results: method and path template
    base: str = "api"
    headers: Mapping[str, str] = _NO_HEADERS
    body: bytes | StreamedBody = b""
    expect_status: Collection[int] | None = None  # None: any 2xx or 3xx
    think_time_s: float = 0.0  # waited before it is sent
    check: BodyCheck | None = None  # returns what is wrong with the answer, or None
    keep_body: bool = True  # a check gets the body in any case
    hash_body: bool = False
    follow_redirects: bool = False  # otherwise a redirect is an answer like others
    timeout_s: float | None = None  # None: the plan's
    max_body_bytes: int | None = None  # None: the plan's

    def limits(self, plans: Limits) -> Limits:
        """The limits of this request: its own, or else the plan's."""
        if self.timeout_s is None and self.max_body_bytes is None:
            return plans
        own_max = self.max_body_bytes
        return replace(
            plans,
            timeout_s=self.timeout_s or plans.timeout_s,
            max_body_bytes=plans.max_body_bytes if own_max is None else own_max,
        )

    def redirected(self, response: Response, here: Target, endpoint: str) -> Request:
        """The next hop, as browsers take it: after 303, and after a POST, with GET."""
        to_get = (response.status == 303 and self.method != "HEAD") or (
            response.status in (301, 302) and self.method == "POST"
        )
        url = urljoin(here.url, response.headers["location"])
        moved = _authority(url) != _authority(here.url)
        dropped = {*(_HEADERS_OF_A_BODY if to_get else ()), *(_HEADERS_OF_ONE_ORIGIN if moved else ())}
        return self._replace(
            target=url,
            endpoint=endpoint,
            method="GET" if to_get else self.method,
            headers={name: value for name, value in self.headers.items() if name.lower() not in dropped},
            body=b"" if to_get else self.body,
        )


def is_redirect(response: Response) -> bool:
    """Whether the answer says where else to go."""
    return 300 <= response.status < 400 and "location" in response.headers


def _authority(url: str) -> str:
    """`http://host:port` of a URL."""
    return "/".join(url.split("/", 3)[:3]).lower()
