"""Hit ratios of caches: simulated on a sequence of objects, and from theory."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]
Objects = NDArray[np.int64]


def lru_hit_ratio(objects: Objects, size: int) -> float:
    """Share of the requests that a cache of `size` objects answers, which drops the least recently used."""
    held: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for one in objects.tolist():
        if one in held:
            hits += 1
            held.move_to_end(one)
        else:
            held[one] = None
            if len(held) > size:
                held.popitem(last=False)
    return hits / len(objects)


def ttl_hit_ratio(objects: Objects, times_s: Floats, ttl_s: float) -> float:
    """Share of the requests answered by a cache without a size limit that keeps an object `ttl_s`.

    The time counts from the fetch and a hit does not renew it, as in CloudFront. Times ascend.
    """
    fetched: dict[int, float] = {}
    hits = 0
    for one, t_s in zip(objects.tolist(), times_s.tolist(), strict=True):
        if t_s < fetched.get(one, -np.inf) + ttl_s:
            hits += 1
        else:
            fetched[one] = t_s
    return hits / len(objects)


def che_hit_ratio(weights: Floats, size: int) -> float:
    """Hit ratio of an LRU cache under independent requests, by Che's approximation.

    The characteristic time T solves sum(1 - exp(-p T)) = size; an object then hits with 1 - exp(-p T)
    (Che, Tung and Wang, IEEE JSAC 2002). 1 where everything fits.
    """
    if size >= np.count_nonzero(weights):
        return 1.0

    def excess(log_time: float) -> float:
        return float(-np.expm1(-weights * np.exp(log_time)).sum()) - size

    time = np.exp(brentq(excess, 0.0, 700.0 - np.log(weights.max())))
    return float(weights @ -np.expm1(-weights * time))
