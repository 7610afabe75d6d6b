"""Free loopback ports for the parts of a stack."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Mapping, Sequence

from infra_under_test.errors import StackError

# SeaweedFS listens for gRPC on port + 10000. Both ranges lie below the ephemeral ports of Linux (32768 up)
# and macOS (49152 up), so no outgoing connection takes one between the choice and the part's bind.
FIRST, LAST = 12_000, 22_767
GRPC_OFFSET = 10_000
ATTEMPTS = 400


def choose(
    names: Sequence[str],
    fixed: Mapping[str, int],
    taken: Collection[int],
    pick: random.Random,
) -> dict[str, int]:
    """A port a name: the fixed ones, if free, else any that is free and not among `taken` by other stacks."""
    chosen: dict[str, int] = {}
    for name, port in fixed.items():
        if name not in names:
            raise StackError(f"no part has a port called '{name}'", "known: " + ", ".join(names))
        if port in taken or not is_free(port):
            raise StackError(
                f"port {port} for '{name}' is taken",
                "choose another one, or leave --port out for any free one",
            )
        chosen[name] = port
    for name in names:
        if name not in chosen:
            chosen[name] = _any_free({*taken, *chosen.values()}, pick)
    return chosen


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free(taken: Collection[int], pick: random.Random) -> int:
    for _ in range(ATTEMPTS):
        port = pick.randint(FIRST, LAST)
        if port not in taken and is_free(port) and is_free(port + GRPC_OFFSET):
            return port
    raise StackError(
        f"no free port between {FIRST} and {LAST} after {ATTEMPTS} tries", "stop what holds them"
    )
