"""Cache results as the client saw them, by CloudFront cache behaviour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RESULTS = ("hit", "refresh_hit", "miss", "error", "none")
NONE = RESULTS.index("none")
OUTSIDE = -1  # no behaviour

Codes = NDArray[np.int64]


class Behaviour(Protocol):
    """A cache behaviour of the CDN: a path pattern and its default TTL in seconds."""

    @property
    def path_pattern(self) -> str:
        """`/assets/*.gif`; `*` is any run of characters, `?` any one of them."""

    @property
    def ttl_s(self) -> float:
        """0 where nothing is cached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRecord:
    """Parallel arrays, an entry a response.

    `x_cache` indexes RESULTS as the header says; `counted` too, but is `none` where the response does not
    count towards a hit ratio; `behaviour` indexes the behaviours, or is OUTSIDE.
    """

    x_cache: Codes
    counted: Codes
    behaviour: Codes
    received_bytes: Codes

    def tally(self, chosen: NDArray[np.bool_]) -> dict[str, object]:
        """Counts and ratios of the chosen responses, as they count."""
        return tally(self.counted[chosen], self.received_bytes[chosen])


def record_cache(answers: pd.DataFrame, behaviours: Sequence[Behaviour]) -> CacheRecord:
    """The cache results of `answers` (sample rows that all have a status above 0)."""
    x_cache = result_codes(answers["cache"])
    behaviour = np.full(len(answers), OUTSIDE, dtype=np.int64)
    counted = x_cache
    if behaviours:
        base = answers["base"].to_numpy(dtype=object)
        # An API that is itself reached through the edge shows it by its X-Cache.
        through_edge = (base == "cdn") | ((base == "api") & (x_cache != NONE))
        behaviour[through_edge] = match_behaviours(answers.loc[through_edge, "url_path"], behaviours)
        counted = np.where(cacheable(behaviour, behaviours), x_cache, NONE)
    received = answers["received_bytes"].to_numpy(dtype=np.int64)
    return CacheRecord(x_cache=x_cache, counted=counted, behaviour=behaviour, received_bytes=received)


def tally(codes: Codes, received_bytes: Codes) -> dict[str, object]:
    """Responses by result, and the share of them, and of their bytes, that the cache answered.

    Hit ratio = (hit + refresh_hit) / (hit + refresh_hit + miss + error); null where that is 0/0.
    """
    counts = np.bincount(codes, minlength=len(RESULTS))
    volumes = np.bincount(codes, weights=received_bytes, minlength=len(RESULTS))
    return {name: int(counts[code]) for code, name in enumerate(RESULTS)} | {
        "hit_ratio_by_request": _hit_ratio(counts),
        "hit_ratio_by_byte": _hit_ratio(volumes),
    }


def behaviour_rows(record: CacheRecord, behaviours: Sequence[Behaviour]) -> list[dict[str, object]]:
    """A row a behaviour. One with a TTL of 0 shows its X-Cache counts, but has no hit ratio."""
    rows: list[dict[str, object]] = []
    for index, behaviour in enumerate(behaviours):
        own = record.behaviour == index
        cache = tally(record.x_cache[own], record.received_bytes[own])
        if behaviour.ttl_s <= 0:
            cache |= {"hit_ratio_by_request": None, "hit_ratio_by_byte": None}
        rows.append({"path_pattern": behaviour.path_pattern, "ttl_s": float(behaviour.ttl_s), "cache": cache})
    return rows


def result_codes(results: pd.Series) -> Codes:
    """Indexes into RESULTS; null means that there was no X-Cache. ValueError for an unknown word."""
    names, levels = pd.factorize(results)
    lookup = np.array([_code(str(level)) for level in levels] + [NONE], dtype=np.int64)
    return lookup[names]  # pd.factorize gives null the code -1: the last entry


def match_behaviours(url_paths: pd.Series, behaviours: Sequence[Behaviour]) -> Codes:
    """The first behaviour that matches each path, in the order given; OUTSIDE where none does."""
    patterns = [_compile(behaviour.path_pattern) for behaviour in behaviours]
    codes, paths = pd.factorize(url_paths)
    first = [
        next((index for index, pattern in enumerate(patterns) if pattern.fullmatch(str(path))), OUTSIDE)
        for path in paths
    ]
    return np.array([*first, OUTSIDE], dtype=np.int64)[codes]


def cacheable(behaviour: Codes, behaviours: Sequence[Behaviour]) -> NDArray[np.bool_]:
    """Which responses belong to a behaviour with a TTL above 0."""
    caches = np.array([item.ttl_s > 0 for item in behaviours] + [False], dtype=np.bool_)
    return caches[behaviour]


def _compile(path_pattern: str) -> re.Pattern[str]:
    """CloudFront's rules: case-sensitive, the leading slash optional, `*` also matches slashes.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
    """
    rooted = path_pattern if path_pattern.startswith(("/", "*")) else f"/{path_pattern}"
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(char) or re.escape(char) for char in rooted), re.DOTALL)


def _hit_ratio(amounts: NDArray[np.int64] | NDArray[np.float64]) -> float | None:
    asked = float(amounts[:NONE].sum())
    return float(amounts[:2].sum()) / asked if asked else None


def _code(result: str) -> int:
    if result not in RESULTS:
        raise ValueError(f"'{result}' is no cache result; known: {', '.join(RESULTS)}")
    return RESULTS.index(result)
