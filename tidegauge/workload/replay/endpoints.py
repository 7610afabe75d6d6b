"""Names for the endpoints of logged paths: templates, so that thousands of paths are a few endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping

ENDPOINTS_MAX = 200  # the most frequent; the rest is `(other)`
SEGMENTS_MAX = 12
SEGMENT_CHARS_MAX = 40

_SEED = (  # the paths of GIFDistributor, as its flows name them
    (re.compile(r"/assets/[^/]+\.([A-Za-z0-9]{1,5})"), r"/assets/{asset_id}.\1"),
    (re.compile(r"/(cache|transcode)/[^/]+/([a-z0-9_]{1,40}\.[A-Za-z0-9]{1,5})"), r"/\1/{asset_id}/\2"),
    (re.compile(r"((?:/api)?/v1)/(asset|metrics)/[^/]+"), r"\1/\2/{asset_id}"),
    (re.compile(r"((?:/api)?(?:/v1)?/s)/[^/]+"), r"\1/{short_code}"),
)
_ID = re.compile(
    r"[0-9]+"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[a-f]*[0-9])[0-9a-f]{8,}"
    r"|(?=[A-F]*[0-9])[0-9A-F]{8,}"
    r"|(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}"
    r"|.*%.*"
    rf"|.{{{SEGMENT_CHARS_MAX + 1},}}",
    re.DOTALL,
)


def path_template(path: str) -> str:
    """`path` (without query) with placeholders for what names single things.

    The seed's own paths get the names that its flows use; in others, numbers, UUIDs, hashes, long
    tokens and anything percent-encoded become `{id}`.
    """
    for pattern, template in _SEED:
        if match := pattern.fullmatch(path):
            return match.expand(template)
    segments = path.split("/")
    shown = [_segment(segment) for segment in segments[: SEGMENTS_MAX + 1]]
    return "/".join(shown) + ("/…" if len(segments) > SEGMENTS_MAX + 1 else "")


def bounded_names(requests_by_endpoint: Mapping[str, int]) -> dict[str, str]:
    """The name to report for each endpoint: its own for the most frequent, else `METHOD (other)`."""
    ranked = sorted(requests_by_endpoint, key=lambda name: (-requests_by_endpoint[name], name))
    kept = set(ranked[:ENDPOINTS_MAX])
    return {name: name if name in kept else f"{name.partition(' ')[0]} (other)" for name in ranked}


def _segment(segment: str) -> str:
    if len(segment) > SEGMENT_CHARS_MAX and "." not in segment:
        return "{id}"
    parts = ["{id}" if _ID.fullmatch(part) else part for part in segment.split(".")]
    text = ".".join(parts)
    return text if len(text) <= SEGMENT_CHARS_MAX else "{id}"
