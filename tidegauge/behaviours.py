"""Which cache behaviour of a CDN a path falls under."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

OUTSIDE = -1  # no behaviour


def path_matcher(path_patterns: Sequence[str]) -> Callable[[str], int]:
    """A function from a path to the index of the first pattern that it matches; OUTSIDE where none does."""
    patterns = [_compile(pattern) for pattern in path_patterns]

    def match(path: str) -> int:
        return next((index for index, pattern in enumerate(patterns) if pattern.fullmatch(path)), OUTSIDE)

    return match


def _compile(path_pattern: str) -> re.Pattern[str]:
    """CloudFront's rules: case-sensitive, the leading slash optional, `*` also matches slashes.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
    """
    rooted = path_pattern if path_pattern.startswith(("/", "*")) else f"/{path_pattern}"
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(char) or re.escape(char) for char in rooted), re.DOTALL)
