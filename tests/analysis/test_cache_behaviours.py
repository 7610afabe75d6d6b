from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from analysis_frames import SEED, Rule, arrivals, health, traffic

from tidegauge.analysis.cache import match_behaviours, result_codes
from tidegauge.analysis.observed import observe
from tidegauge.analysis.summary import summarise
from tidegauge.behaviours import OUTSIDE
from tidegauge.stored import document_of


def cache_of(rows: list[dict[str, object]], behaviours: list[Rule]) -> tuple[Any, Any]:
    summary = summarise(
        observe(traffic(rows, behaviours=behaviours), [arrivals([])]),
        flows=[],
        endpoints=[],
        behaviours=behaviours,
        health=health([]),
        lag_ms_p99_max=10.0,
    )
    return document_of(summary.total.cache), document_of(summary.behaviours)


def edge(path: str, result: str, size: int = 100) -> dict[str, object]:
    return {"base": "cdn", "url_path": path, "cache": result, "received_bytes": size}


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/api/v1/s/x", "/api/*"),
        ("/assets/a.gif", "/assets/*.gif"),
        ("/assets/deep/er/a.gif", "/assets/*.gif"),
        ("/assets/a.GIF", "/*"),
        ("/assets/a.gifx", "/*"),
        ("/ASSETS/a.gif", "/*"),
        ("/assets/axgif", "/*"),
        ("/cache/", "/cache/*"),
        ("/cache", "/*"),
        ("/", "/*"),
    ],
)
def test_the_first_behaviour_whose_pattern_matches_the_path_wins(path: str, pattern: str) -> None:
    found = match_behaviours(pd.Series([path]), SEED)
    assert SEED[found[0]].path_pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a?.gif", "/ab.gif", True),
        ("/a?.gif", "/a.gif", False),
        ("images/*.jpg", "/images/x.jpg", True),
        ("*", "/anything", True),
        ("*.gif", "/x/y.gif", True),
        ("/a[b]*", "/a[b]c", True),
        ("/a[b]*", "/abc", False),
        ("/a*b*c", "/a-b-b-c", True),
    ],
)
def test_wildcards_are_cloudfront_s(pattern: str, path: str, matches: bool) -> None:
    found = match_behaviours(pd.Series([path]), [Rule(path_pattern=pattern)])
    assert bool(found[0] != OUTSIDE) is matches


def test_without_behaviours_every_response_with_x_cache_counts() -> None:
    rows = [
        edge("/a", "hit", 300),
        edge("/b", "refresh_hit", 100),
        edge("/c", "miss", 500),
        edge("/d", "error", 100),
    ]
    cache, behaviours = cache_of([*rows, {"cache": "none", "received_bytes": 9999}], [])
    assert cache == {
        "hit": 1,
        "refresh_hit": 1,
        "miss": 1,
        "error": 1,
        "none": 1,
        "hit_ratio_by_request": 0.5,
        "hit_ratio_by_byte": 0.4,
    }
    assert behaviours == []


def test_the_ratio_leaves_out_behaviours_that_cache_nothing() -> None:
    rows = (
        [edge("/assets/a.gif", "hit")] * 3 + [edge("/assets/a.gif", "miss")] + [edge("/api/v1", "miss")] * 4
    )
    cache, behaviours = cache_of(rows, SEED)
    assert cache["hit_ratio_by_request"] == 0.75
    assert (cache["hit"], cache["miss"], cache["none"]) == (3, 1, 4)
    api, gif = behaviours[0], behaviours[1]
    assert (api["path_pattern"], api["cache"]["miss"], api["cache"]["hit_ratio_by_request"]) == (
        "/api/*",
        4,
        None,
    )
    assert gif["cache"]["hit_ratio_by_request"] == 0.75
    assert behaviours[5]["cache"]["hit_ratio_by_byte"] is None  # nothing fell to the default


def test_an_answer_past_the_edge_belongs_to_no_behaviour() -> None:
    rows: list[dict[str, object]] = [
        {"base": "api", "url_path": "/v1/s/x", "cache": "none"},
        {"base": "other", "url_path": "/bucket/x", "cache": "hit"},
    ]
    cache, behaviours = cache_of(rows, SEED)
    assert cache["none"] == 2
    assert cache["hit_ratio_by_request"] is None
    assert sum(row["cache"][name] for row in behaviours for name in ("hit", "miss", "none")) == 0


def test_an_api_behind_the_edge_is_known_by_its_x_cache() -> None:
    rows: list[dict[str, object]] = [{"base": "api", "url_path": "/static/x", "cache": "hit"}]
    cache, _ = cache_of(rows, [Rule(path_pattern="/static/*")])
    assert cache["hit_ratio_by_request"] == 1.0


def test_a_request_without_an_answer_has_no_cache_result() -> None:
    rows: list[dict[str, object]] = [
        {"base": "cdn", "status": 0, "cause": "connect", "cache": None, "received_bytes": 0},
        {"base": "cdn", "status": 403, "cause": "waf_403", "cache": "error"},
    ]
    cache, _ = cache_of(rows, [])
    assert (cache["error"], cache["none"]) == (1, 0)
    assert cache["hit_ratio_by_request"] == 0.0


def test_hits_without_a_byte_have_no_ratio_by_byte() -> None:
    cache, _ = cache_of([edge("/a", "hit", 0)], [])
    assert (cache["hit_ratio_by_request"], cache["hit_ratio_by_byte"]) == (1.0, None)


def test_a_missing_header_counts_as_none_and_an_unknown_word_is_an_error() -> None:
    assert result_codes(pd.Series([None, "hit"], dtype=object)).tolist() == [4, 0]
    with pytest.raises(ValueError, match="'stale' is not a cache result"):
        result_codes(pd.Series(["stale"]))
