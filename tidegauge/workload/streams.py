"""Independent random streams of a run's one seed."""

from __future__ import annotations

import numpy as np

TIMES, FLOWS, ASSETS, SESSIONS, JITTER, USERS = range(6)


def stream(seed: int, number: int) -> np.random.Generator:
    """The generator of one purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))


def user_seed(seed: int, process: int, user: int) -> int:
    """128 bits for the stream of one closed user, which no other user of any process or seed gets."""
    state = np.random.SeedSequence(seed, spawn_key=(USERS, process, user)).generate_state(4, np.uint32)
    return int.from_bytes(state.tobytes(), "little")
