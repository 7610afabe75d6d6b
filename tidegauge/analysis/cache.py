"""Cache results as the client saw them, by CloudFront cache behaviour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidegauge.analysis.blocks import Blocks
from tidegauge.analysis.shares import NO_SHARE, share_bounds
from tidegauge.behaviours import OUTSIDE, path_matcher
from tidegauge.summary import BehaviourFigures, CacheTally, ShareBounds

RESULTS = ("hit", "refresh_hit", "miss", "error", "none")
NONE = RESULTS.index("none")
HITS = RESULTS.index("miss")  # the results before it came from the cache

Codes = NDArray[np.int64]
Amounts = NDArray[np.integer] | NDArray[np.float64]


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
    """Parallel arrays, an entry for each `count` responses, which received `received_bytes` together.

    `x_cache` indexes RESULTS as the header says; `counted` too, but is `none` where the response does not
    count towards a hit ratio; `behaviour` indexes the behaviours, or is OUTSIDE; `block`: of the window, by
    the intended time.
    """

    x_cache: Codes
    counted: Codes
    behaviour: Codes
    received_bytes: Codes
    count: Codes
    block: Codes

    def tally(self, chosen: NDArray[np.bool_]) -> CacheTally:
        """Counts and ratios of the chosen responses, as they count."""
        return tally(self.counted[chosen], self.received_bytes[chosen], self.count[chosen])

    def hit_ratio(self, chosen: NDArray[np.bool_], blocks: Blocks) -> ShareBounds:
        """The share of the chosen responses that count which the cache answered, with its interval."""
        return self._ratio(self.counted, chosen, blocks)

    def behaviour_hit_ratio(self, index: int, blocks: Blocks) -> ShareBounds:
        """The same for the responses of a behaviour."""
        return self._ratio(self.x_cache, self.behaviour == index, blocks)

    def _ratio(self, codes: Codes, chosen: NDArray[np.bool_], blocks: Blocks) -> ShareBounds:
        asked = chosen & (codes != NONE)
        hits = asked & (codes < HITS)
        return share_bounds(self._in_blocks(hits, blocks), self._in_blocks(asked, blocks), blocks)

    def _in_blocks(self, chosen: NDArray[np.bool_], blocks: Blocks) -> Codes:
        weights = self.count[chosen]
        return np.bincount(self.block[chosen], weights=weights, minlength=blocks.count).astype(np.int64)


def record_cache(answers: pd.DataFrame, behaviours: Sequence[Behaviour]) -> CacheRecord:
    """The cache results of `answers`: rows of Traffic's requests that all were answered."""
    x_cache = result_codes(answers["cache"])
    behaviour = np.full(len(answers), OUTSIDE, dtype=np.int64)
    counted = x_cache
    if behaviours:
        base = answers["base"].to_numpy(dtype=object)
        # An API that is itself reached through the edge shows it by its X-Cache.
        through_edge = (base == "cdn") | ((base == "api") & (x_cache != NONE))
        behaviour[through_edge] = answers["behaviour"].to_numpy(dtype=np.int64)[through_edge]
        counted = np.where(cacheable(behaviour, behaviours), x_cache, NONE)
    received = answers["received_bytes"].to_numpy(dtype=np.int64)
    return CacheRecord(
        x_cache=x_cache,
        counted=counted,
        behaviour=behaviour,
        received_bytes=received,
        count=answers["count"].to_numpy(dtype=np.int64),
        block=answers["block"].to_numpy(dtype=np.int64),
    )


def tally(codes: Codes, received_bytes: Codes, count: Codes) -> CacheTally:
    """Responses by result, and the share of them, and of their bytes, that the cache answered.

    Each code stands for `count` responses, with `received_bytes` of them together.
    Hit ratio = (hit + refresh_hit) / (hit + refresh_hit + miss + error); null where that is 0/0.
    """
    counts: Amounts = np.bincount(codes, weights=count, minlength=len(RESULTS))
    volumes: Amounts = np.bincount(codes, weights=received_bytes, minlength=len(RESULTS))
    return CacheTally(
        **{name: int(counts[code]) for code, name in enumerate(RESULTS)},
        hit_ratio_by_request=_hit_ratio(counts),
        hit_ratio_by_byte=_hit_ratio(volumes),
    )


def behaviour_rows(
    record: CacheRecord, behaviours: Sequence[Behaviour], blocks: Blocks
) -> list[BehaviourFigures]:
    """A row a behaviour. One with a TTL of 0 shows its X-Cache counts, but has no hit ratio."""
    rows: list[BehaviourFigures] = []
    for index, behaviour in enumerate(behaviours):
        own = record.behaviour == index
        cache = tally(record.x_cache[own], record.received_bytes[own], record.count[own])
        ratio = record.behaviour_hit_ratio(index, blocks)
        if behaviour.ttl_s <= 0:
            cache = replace(cache, hit_ratio_by_request=None, hit_ratio_by_byte=None)
            ratio = NO_SHARE
        rows.append(
            BehaviourFigures(
                path_pattern=behaviour.path_pattern,
                ttl_s=float(behaviour.ttl_s),
                cache=cache,
                hit_ratio=ratio,
            )
        )
    return rows


def result_codes(results: pd.Series) -> Codes:
    """Indexes into RESULTS; null means that there was no X-Cache. ValueError for an unknown word."""
    names, levels = pd.factorize(results)
    lookup = np.array([_code(str(level)) for level in levels] + [NONE], dtype=np.int64)
    return lookup[names]  # pd.factorize gives null the code -1: the last entry


def match_behaviours(url_paths: pd.Series, behaviours: Sequence[Behaviour]) -> Codes:
    """The first behaviour that matches each path, in the order given; OUTSIDE where none does."""
    match = path_matcher([behaviour.path_pattern for behaviour in behaviours])
    codes, paths = pd.factorize(url_paths)
    return np.array([*(match(str(path)) for path in paths), OUTSIDE], dtype=np.int64)[codes]


def cacheable(behaviour: Codes, behaviours: Sequence[Behaviour]) -> NDArray[np.bool_]:
    """Which responses belong to a behaviour with a TTL above 0."""
    caches = np.array([item.ttl_s > 0 for item in behaviours] + [False], dtype=np.bool_)
    return caches[behaviour]


def _hit_ratio(amounts: Amounts) -> float | None:
    asked = float(amounts[:NONE].sum())
    return float(amounts[:2].sum()) / asked if asked else None


def _code(result: str) -> int:
    if result not in RESULTS:
        raise ValueError(f"'{result}' is not a cache result; known: {', '.join(RESULTS)}")
    return RESULTS.index(result)
