"""The best quality that fits a size, with few encodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

V = TypeVar("V")


def mildest_that_fits(variants: Sequence[V], encode: Callable[[V], int], bytes_max: int) -> int | None:
    """The index of the mildest of `variants` (mild to severe) that `encode` brings to `bytes_max` at most.

    Sizes are taken to fall from mild to severe, so that halving finds it in log2(n) encodes; what is returned
    was encoded and did fit. None where even the most severe one that was tried is larger.
    """
    low, high, best = 0, len(variants) - 1, None
    while low <= high:
        middle = (low + high) // 2
        if encode(variants[middle]) <= bytes_max:
            best, high = middle, middle - 1
        else:
            low = middle + 1
    return best
