"""From what a flow asks for to what goes over the wire; what stays the same is worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from tidegauge.engine.answer import RequestFailed
from tidegauge.engine.http_client import Origin
from tidegauge.stack import Stack, is_allowed

PREPARED_KEPT = 4096  # requests that are sent again and again; signed URLs push each other out
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_NOT_A_TOKEN = re.compile(r"[^A-Za-z0-9._-]")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One URL, ready to be asked for."""

    place: Place
    path: str  # with the query, without a fragment
    bare_path: str  # without either
    base: str  # `cdn`, `api` or `other`, for the results

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.place.origin.scheme}://{self.place.netloc}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request without its cookies and body."""

    target: Target
    head: str  # up to the end of its own headers
    has_length: bool  # a Content-Length is among them
    plain: bytes  # the whole message without cookies and body

    def message(self, method: str, cookies: str, body: bytes, body_length: int) -> bytes:
        """The message; for a body that is streamed after it, `body` is empty and `body_length` is not."""
        lines = [self.head]
        if cookies:
            lines.append(f"Cookie: {cookies}\r\n")
        if (body_length or method in _WITH_BODY) and not self.has_length:
            lines.append(f"Content-Length: {body_length}\r\n")
        lines.append("\r\n")
        return "".join(lines).encode() + body


class Targets:
    """The places of a stack, and any other that a URL names."""

    def __init__(self, stack: Stack, run_id: str) -> None:
        """Requests say `User-Agent: tidegauge/<run id>`, so that a stack's own logs can tell runs apart."""
        self._stack = stack
        self._defaults = {"User-Agent": f"tidegauge/{_NOT_A_TOKEN.sub('-', run_id)}", "Accept": "*/*"}
        self._places: dict[tuple[str, str], Place] = {}
        self._bases: dict[str, tuple[Place, str]] = {}
        self.prepare = lru_cache(maxsize=PREPARED_KEPT)(self._prepare)

    def _prepare(self, method: str, base: str, where: str, headers: tuple[tuple[str, str], ...]) -> Prepared:
        """`where` is a path under the stack's `base` URL, or a URL; RequestFailed `protocol` when neither."""
        target = self.under(base, where) if where.startswith("/") else self.at(where)
        given = {name.lower() for name, _ in headers}
        lines = [] if "host" in given else [("Host", target.place.netloc)]
        lines += [(name, value) for name, value in self._defaults.items() if name.lower() not in given]
        fields = "".join(f"{name}: {value}\r\n" for name, value in (*lines, *headers))
        head, has_length = f"{method} {target.path} HTTP/1.1\r\n{fields}", "content-length" in given
        ending = "Content-Length: 0\r\n\r\n" if method in _WITH_BODY and not has_length else "\r\n"
        return Prepared(target=target, head=head, has_length=has_length, plain=(head + ending).encode())

    def under(self, base: str, path: str) -> Target:
        """`path` under the stack's `base` URL (RequestFailed `protocol` when it cannot be sent)."""
        known = self._bases.get(base)
        if known is None:
            root = self.at(self._stack.url(base))
            known = self._bases[base] = (root.place, root.path.rstrip("/"))
        place, prefix = known
        return _target(place, prefix + path)

    def at(self, url: str) -> Target:
        """A whole URL (RequestFailed `protocol` when it is not a URL)."""
        match = _URL.match(url)
        if match is None:
            raise RequestFailed("protocol", f"'{url[:80]}' is not http or https")
        scheme, netloc, path = match[1].lower(), match[2], match[3]
        place = self._places.get((scheme, netloc))
        if place is None:
            place = self._places[scheme, netloc] = self._place(scheme, netloc)
        return _target(place, path if path.startswith("/") else "/" + path)

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


def _target(place: Place, path: str) -> Target:
    if _UNSAFE.search(path):
        raise RequestFailed("protocol", "a URL with a space or control character")
    path = path.partition("#")[0]
    bare = path.partition("?")[0]
    base = next((base for base, prefix in place.bases if bare.startswith(prefix)), "other")
    return Target(place=place, path=path, bare_path=bare, base=base)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # the property raises on a port out of range
    except ValueError as error:
        raise RequestFailed("protocol", f"not a URL: {error}") from None
    if not parts.hostname:
        raise RequestFailed("protocol", f"'{url[:80]}' has no host")
    return parts
