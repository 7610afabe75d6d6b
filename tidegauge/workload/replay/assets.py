"""Logged paths of assets onto the catalogue's: the asset asked for most onto the first row, and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tidegauge.catalogue import Asset

_ORIGINAL = re.compile(r"(?P<head>/assets/)(?P<key>[^/]+)\.[A-Za-z0-9]+")
_RENDITION = re.compile(r"(?P<head>/(?:cache|transcode)/)(?P<key>[^/]+)/(?P<name>[^/]+)\.[A-Za-z0-9]+")
_ABOUT = re.compile(r"(?P<head>(?:/api)?/v1/(?:asset|metrics)/)(?P<key>[^/]+)")
_SHORT_LINK = re.compile(r"(?P<head>(?:/api)?(?:/v1)?/s/)(?P<key>[^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPath:
    """A logged path that names an asset."""

    kind: Literal["original", "rendition", "about", "short_link"]
    head: str
    key: str  # the logged asset id or short code
    rendition: str | None = None


def parse_asset_path(path: str) -> AssetPath | None:
    """What asset a path of the seed's layout names; None for other paths."""
    if match := _ORIGINAL.fullmatch(path):
        return AssetPath(kind="original", head=match["head"], key=match["key"], rendition="original")
    if match := _RENDITION.fullmatch(path):
        return AssetPath(kind="rendition", head=match["head"], key=match["key"], rendition=match["name"])
    if match := _ABOUT.fullmatch(path):
        return AssetPath(kind="about", head=match["head"], key=match["key"])
    if match := _SHORT_LINK.fullmatch(path):
        return AssetPath(kind="short_link", head=match["head"], key=match["key"])
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetMap:
    """Ranks, counted from 0, of the log's assets and of its short codes, and the assets that they become.

    A log does not tell which code belongs to which asset: both are ranked by themselves.
    """

    asset_ranks: Mapping[str, int]
    code_ranks: Mapping[str, int]
    catalogue: Sequence[Asset]

    def rank(self, logged: AssetPath) -> int:
        """The rank of the asset that takes the place of `logged`."""
        return (self.code_ranks if logged.kind == "short_link" else self.asset_ranks)[logged.key]

    def path(self, logged: AssetPath) -> str | None:
        """The test asset's path of the same kind; None when there is no such asset or rendition."""
        rank = self.rank(logged)
        if rank >= len(self.catalogue):
            return None
        asset = self.catalogue[rank]
        if logged.kind == "short_link":
            return logged.head + asset.short_code
        if logged.kind == "about":
            return logged.head + asset.asset_id
        rendition = asset.renditions.get(logged.rendition or "")
        return None if rendition is None else str(rendition["path"])


def rank_assets(requests_by_path: Mapping[str, int], catalogue: Sequence[Asset]) -> AssetMap:
    """The map for a log with these request counts by path; paths that name no asset have no part in it."""
    assets: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for path, requests in requests_by_path.items():
        logged = parse_asset_path(path)
        if logged is not None:
            (codes if logged.kind == "short_link" else assets)[logged.key] += requests
    return AssetMap(asset_ranks=_ranks(assets), code_ranks=_ranks(codes), catalogue=catalogue)


def _ranks(requests: Mapping[str, int]) -> dict[str, int]:
    """Most requests first; among equals by name, so that the order of the lines does not matter."""
    return {key: rank for rank, key in enumerate(sorted(requests, key=lambda key: (-requests[key], key)))}
