"""The LCUs of a load balancer before the API, from what clients saw of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tidegauge.cost.metering.client_traffic import ClientRequests
from tidegauge.cost.words import GB

# An LCU covers all of these; the dearest counts. Unverified (L): 25 new connections a second, 3,000 active
# ones, 1 GB an hour, 1,000 rule evaluations a second.
CONNECTIONS_PER_S = Fraction(25)
BYTES_PER_HOUR = Fraction(GB)
SECONDS_PER_HOUR = 3600
RULE = (
    "the load balancer's LCUs are by new connections or bytes, whichever are more; active connections and "
    "rules are taken to be fewer, connections from the CDN to be kept open"
)


def lcus(client: Sequence[ClientRequests], connections: int, hours: Fraction) -> Fraction:
    """Mean LCUs of a window of so many hours with so many new connections."""
    passed = sum(row.received_bytes + row.sent_bytes for row in client if row.reaches_api)
    by_connections = connections / (CONNECTIONS_PER_S * SECONDS_PER_HOUR * hours)
    return max(by_connections, passed / (BYTES_PER_HOUR * hours))
