"""Exact sliding-window limits: a sorted set of accepted requests' times for each user and each address.

One key a check, so it runs on a Redis cluster as it is. Time is Redis' own: API tasks' clocks may differ.
Refused requests are not recorded; whoever waits `Retry-After` gets through.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection

from infra_under_test.app.api.errors import ApiError
from infra_under_test.app.backends import RedisClient
from infra_under_test.app.settings import Networks

WINDOW_S = 60
IPV6_PREFIX_BITS = 64  # one subscriber holds a whole /64

# KEYS[1] the set; ARGV: limit, window in µs, a unique member. Returns µs to wait, 0 when accepted.
# string.format, since Lua's own number-to-text keeps only 14 digits.
TAKE_SLOT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local window = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return oldest[2] + window - now
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimiter:
    """Limits a minute by user and by client address."""

    redis: RedisClient
    per_user: int
    per_ip: int
    allow: Networks  # clients that are never limited, such as a load generator
    trusted_proxies: Networks
    window_s: int = WINDOW_S

    def client_ip(self, connection: HTTPConnection) -> str:
        """The nearest address that is not a trusted proxy; X-Forwarded-For counts only if a proxy sent it."""
        peer = connection.client.host if connection.client else ""
        if not _is_in(peer, self.trusted_proxies):
            return peer
        chain = [hop.strip() for hop in connection.headers.get("x-forwarded-for", "").split(",")]
        hops = [hop for hop in chain if _is_address(hop)]
        outside = [hop for hop in hops if not _is_in(hop, self.trusted_proxies)]
        return outside[-1] if outside else (hops[0] if hops else peer)

    def is_allowed(self, ip: str) -> bool:
        """Whether this client is never limited."""
        return _is_in(ip, self.allow)

    async def check_ip(self, ip: str) -> None:
        """Take one of the address's slots, or raise 429."""
        if not self.is_allowed(ip):
            await self._take(f"rate:ip:{_counted_address(ip)}", self.per_ip, "address")

    async def check_user(self, ip: str, user_id: str) -> None:
        """Take one of the user's slots, or raise 429."""
        if not self.is_allowed(ip):
            await self._take(f"rate:user:{user_id}", self.per_user, "user")

    async def _take(self, key: str, limit: int, who: str) -> None:
        member = secrets.token_hex(8)
        wait_us = await self.redis.eval(TAKE_SLOT, 1, key, limit, self.window_s * 1_000_000, member)
        if int(wait_us) > 0:
            raise ApiError(
                429,
                "rate_limited",
                f"over {limit} requests in {self.window_s} s from this {who}",
                {"Retry-After": str(-(-int(wait_us) // 1_000_000))},
            )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(text: str, networks: Networks) -> bool:
    if not networks or not _is_address(text):
        return False
    address = ip_address(text)
    return any(address in network for network in networks)


def _counted_address(text: str) -> str:
    if not _is_address(text) or not isinstance(ip_address(text), IPv6Address):
        return text
    return str(ip_network(f"{text}/{IPV6_PREFIX_BITS}", strict=False))
