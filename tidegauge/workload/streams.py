"""Independent random streams of a run's one seed."""

from __future__ import annotations

import numpy as np

TIMES, FLOWS, ASSETS, SESSIONS, JITTER = range(5)


def stream(seed: int, number: int) -> np.random.Generator:
    """The generator of one purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
