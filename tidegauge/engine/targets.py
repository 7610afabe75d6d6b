"""From what a flow asks for to what goes over the wire; what does not change is worked out once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from tidegauge.engine.answer import RequestFailed
from tidegauge.engine.http_client import Origin
from tidegauge.stack import Stack, is_allowed

USER_AGENT = "tidegauge/0.1"
HEADS_KEPT = 4096  # of requests' constant parts; those with a changing header pass through
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_WITH_BODY = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A scheme and authority that requests go to."""

    origin: Origin
    netloc: str  # as the URL has it: the Host header and the key of the cookie jar
    allowed: bool
    bases: tuple[tuple[str, str], ...]  # (cdn or api, path prefix with its slash), in that order

    def base_of(self, path: str) -> str:
        """`cdn`, `api` or `other`, for the results."""
        for base, prefix in self.bases:
            if path.startswith(prefix):
                return base
        return "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One URL, ready to be asked for."""

    place: Place
    path: str  # with the query, without a fragment

    @property
    def url(self) -> str:
        """The whole of it."""
        return f"{self.place.origin.scheme}://{self.place.netloc}{self.path}"


class Targets:
    """The places of a stack, and any other that a URL names."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._places: dict[tuple[str, str], Place] = {}
        self._bases: dict[str, tuple[Place, str]] = {}

    def under(self, base: str, path: str) -> Target:
        """`path` under the stack's `api` or `cdn` URL (RequestFailed `protocol` when it cannot be sent)."""
        known = self._bases.get(base)
        if known is None:
            root = self.at(self._stack.url(base))
            known = self._bases[base] = (root.place, root.path.rstrip("/"))
        place, prefix = known
        return Target(place=place, path=_sendable(prefix + path if prefix else path))

    def at(self, url: str) -> Target:
        """A whole URL (RequestFailed `protocol` when it is none)."""
        match = _URL.match(url)
        if match is None:
            raise RequestFailed("protocol", f"'{url[:80]}' is not http or https")
        scheme, netloc, path = match[1].lower(), match[2], match[3]
        place = self._places.get((scheme, netloc))
        if place is None:
            place = self._places[scheme, netloc] = self._place(scheme, netloc)
        return Target(place=place, path=_sendable(path if path.startswith("/") else "/" + path))

    def _place(self, scheme: str, netloc: str) -> Place:
        parts = _split(f"{scheme}://{netloc}")
        bases = []
        for base, root in (("cdn", self._stack.cdn_url), ("api", self._stack.api_url)):
            known = urlsplit(root) if root else None
            if known is not None and (known.scheme, known.netloc) == (scheme, netloc):
                bases.append((base, known.path.rstrip("/") + "/"))
        return Place(
            origin=Origin(scheme, parts.hostname or "", parts.port or _PORTS[scheme]),
            netloc=netloc.rpartition("@")[2],
            allowed=is_allowed(f"{scheme}://{netloc}", self._stack.allowed_hosts),
            bases=tuple(bases),
        )


def message(
    method: str,
    target: Target,
    headers: Mapping[str, str],
    cookies: str,
    body: bytes,
    body_length: int | None = None,
) -> bytes:
    """A request's bytes; with `body_length`, its head for a body of that length that follows."""
    start, rest, has_length = _head(method, target.place.netloc, tuple(headers.items()))
    lines = [start, target.path, rest]
    if cookies:
        lines.append(f"Cookie: {cookies}\r\n")
    length = len(body) if body_length is None else body_length
    if (length or method in _WITH_BODY) and not has_length:
        lines.append(f"Content-Length: {length}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode() + body


@lru_cache(maxsize=HEADS_KEPT)
def _head(method: str, netloc: str, headers: tuple[tuple[str, str], ...]) -> tuple[str, str, bool]:
    """What stands before and after the path, and whether a Content-Length is among the headers."""
    given = {name.lower() for name, _ in headers}
    lines = [] if "host" in given else [f"Host: {netloc}"]
    lines += [f"{name}: {value}" for name, value in _DEFAULTS.items() if name.lower() not in given]
    lines += [f"{name}: {value}" for name, value in headers]
    return (
        f"{method} ",
        f" HTTP/1.1\r\n{''.join(line + chr(13) + chr(10) for line in lines)}",
        ("content-length" in given),
    )


_DEFAULTS = {"User-Agent": USER_AGENT, "Accept": "*/*"}


def _sendable(path: str) -> str:
    if _UNSAFE.search(path):
        raise RequestFailed("protocol", "a URL with a space or control character")
    return path.partition("#")[0] if "#" in path else path


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # the property raises on a port out of range
    except ValueError as error:
        raise RequestFailed("protocol", f"no URL: {error}") from None
    if not parts.hostname:
        raise RequestFailed("protocol", f"'{url[:80]}' names no host")
    return parts
