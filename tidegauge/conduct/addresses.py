"""Addresses that processes of this machine listen on, and those of a master elsewhere."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from tidegauge.errors import TidegaugeError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a master listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, default_host: str | None) -> Address:
    """`HOST:PORT`, `[IPV6]:PORT`, or with `default_host` `PORT` alone (exit 2)."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]:|([^:\[\]/\s]+):)?([0-9]{1,5})", text)
    host = (match[1] or match[2] or default_host) if match else None
    if match is None or host is None or not 0 < int(match[3]) < 65536:
        wanted = "HOST:PORT" if default_host is None else "PORT, or HOST:PORT"
        raise TidegaugeError(f"'{text:.60}' is not an address", f"give {wanted}; an IPv6 host in brackets")
    return Address(host=host, port=int(match[3]))


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def check_free(place: Address) -> None:
    """Refuses an address that cannot be listened on (exit 2)."""
    try:
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((place.host, place.port))
    except OSError as error:
        raise TidegaugeError(
            f"{place} cannot be listened on: {error.strerror or error}",
            "another port, or an address of this machine",
        ) from None
