"""What a logged request becomes: one to the stack's own hosts, a flow, or nothing and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tidegauge.replay import Replay
from tidegauge.workload.replay.assets import AssetMap, parse_asset_path
from tidegauge.workload.replay.endpoints import path_template
from tidegauge.workload.replay.lines import any_glob

WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")
SIGNATURE = frozenset({"signature", "key-pair-id", "policy", "expires", "hash-algorithm"})
_UNSENDABLE = re.compile(r"[^!-~]")


class Logged(NamedTuple):
    """The parts of a line that decide what is sent."""

    method: str
    scheme: str
    path: str
    query: str  # without the ?


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to send in a line's place."""

    endpoint: str
    method: str
    base: Literal["api", "cdn"]
    path: str  # with its query
    asset_rank: int | None
    sign: bool  # anew, when it is sent


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStart:
    """A session of another flow to start in a line's place."""

    flow: str


class NotReplayable(NamedTuple):
    """Why nothing is sent in a line's place."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFacts:
    """What the mapping has to know about the stack under test."""

    has_cdn: bool
    unsigned_because: str | None  # why URLs cannot be signed; None when they can


class Mapper:
    """Maps requests by the plan's `[replay]`."""

    def __init__(self, replay: Replay, stack: StackFacts, assets: AssetMap | None) -> None:
        """`assets` is None where paths are kept as logged."""
        self._replay, self._stack, self._assets = replay, stack, assets
        self._flows = _rules(replay.flows)
        self._prefixes = sorted(replay.bases, key=len, reverse=True)

    def map(self, logged: Logged) -> Request | FlowStart | NotReplayable:
        """What to send for a line."""
        for method, matches, flow in self._flows:
            if logged.method == method and matches(logged.path):
                return FlowStart(flow=flow)
        if logged.method in WITH_BODY:
            return NotReplayable(f"{logged.method} without a flow in replay.flows: a log has no bodies")
        if logged.method not in WITHOUT_BODY:
            return NotReplayable(f"method {logged.method}")
        if logged.scheme in ("ws", "wss"):
            return NotReplayable("a WebSocket")
        if not logged.path.startswith("/") or _UNSENDABLE.search(logged.path + logged.query):
            return NotReplayable("a path that cannot be sent")
        return self._request(logged)

    def base(self, path: str) -> Literal["api", "cdn"]:
        """Where a path goes: by the longest prefix that fits, else to the CDN where there is one."""
        for prefix in self._prefixes:
            if path.startswith(prefix):
                wanted = self._replay.bases[prefix]
                return wanted if self._stack.has_cdn else "api"
        return "cdn" if self._stack.has_cdn else "api"

    def _request(self, logged: Logged) -> Request | NotReplayable:
        base = self.base(logged.path)
        query, sign = logged.query, False
        if base == "cdn" and self._replay.resign and is_signed(query):
            if self._stack.unsigned_because is not None:
                return NotReplayable(f"a signed URL: {self._stack.unsigned_because}")
            query, sign = without_signature(query), True
        path, rank = logged.path, None
        named = parse_asset_path(path) if self._assets is not None else None
        if named is not None and self._assets is not None:
            mapped = self._assets.path(named)
            if mapped is None:
                return NotReplayable("more assets in the log, or other renditions, than in the catalogue")
            path, rank = mapped, self._assets.rank(named)
        return Request(
            endpoint=f"{logged.method} {path_template(path)}",
            method=logged.method,
            base=base,
            path=f"{path}?{query}" if query else path,
            asset_rank=rank,
            sign=sign,
        )


def is_signed(query: str) -> bool:
    """Whether a query has what every CloudFront signed URL has."""
    names = {_name(part) for part in query.split("&")}
    return {"signature", "key-pair-id"} <= names


def without_signature(query: str) -> str:
    """The query without a signed URL's parameters; the others keep their order."""
    return "&".join(part for part in query.split("&") if part and _name(part) not in SIGNATURE)


def _name(part: str) -> str:
    return part.partition("=")[0].lower()


def _rules(flows: Mapping[str, str]) -> Sequence[tuple[str, Callable[[str], bool], str]]:
    rules = []
    for rule, flow in flows.items():
        method, _, pattern = rule.partition(" ")
        rules.append((method, any_glob((pattern,)), flow))
    return rules
