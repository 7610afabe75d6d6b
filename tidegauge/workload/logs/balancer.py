"""Access logs of Application Load Balancers: fields parted by spaces, some in quotes.

Fields: "Access logs for your Application Load Balancer" of the Elastic Load Balancing User Guide. AWS adds
fields at the end of the line; what follows the request's creation time is not read.
"""

from __future__ import annotations

import math
import re

from tidegauge.workload.logs.record import (
    ABSENT,
    BadLine,
    LogRecord,
    NoRequest,
    Period,
    checked_method,
    checked_status,
    day_s,
    plain_host,
    quantity,
    requested,
    second_of_day,
    user_agent,
)

QUANTUM_S = 0.000001
TYPES = ("http", "https", "h2", "grpcs", "ws", "wss")

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    r"(?P<type>[a-z0-9]+) (?P<time>\S+) \S+ (?P<client>\S+) \S+ "
    r"(?P<to_target>\S+) (?P<at_target>\S+) (?P<to_client>\S+) "
    r"(?P<status>\S+) \S+ \S+ (?P<sent>\S+) "
    rf"{_QUOTED.replace('(', '(?P<request>', 1)} {_QUOTED.replace('(', '(?P<agent>', 1)} \S+ \S+"
    rf"(?: \S+ {_QUOTED} {_QUOTED} {_QUOTED} \S+ (?P<created>\S+)(?: .*)?)?",
    re.DOTALL,
)


class Balancer:
    """Parses the lines of one access log."""

    def __init__(self, period: Period) -> None:
        self._period = period

    def parse(self, line: str) -> LogRecord:
        """The record of a line; BadLine when it cannot be read, NoRequest when it is not about a request."""
        match = _LINE.fullmatch(line)
        if match is None or match["type"] not in TYPES:
            raise BadLine("not the fields of a load balancer's access log")
        taken_s = _taken_s(match["to_target"], match["at_target"], match["to_client"])
        t_s = _began_s(match["created"], match["time"], taken_s)
        self._period.check(t_s)
        method, url = _request(match["request"])
        scheme, host, path, query = _url_parts(url)
        scheme = match["type"] if match["type"] in ("ws", "wss") else scheme
        return LogRecord(
            t_s=t_s,
            quantum_s=QUANTUM_S,
            method=checked_method(method),
            scheme=scheme,
            host=plain_host(scheme, host),
            path=requested(path),
            query=requested(query),
            status=checked_status(match["status"]),
            sent_bytes=quantity(match["sent"], "sent_bytes"),
            client=match["client"].rpartition(":")[0].strip("[]") or None,
            user_agent=user_agent(match["agent"]),
            cache="none",
            edge=None,
            time_taken_s=taken_s,
        )


def _request(text: str) -> tuple[str, str]:
    method, _, rest = text.partition(" ")
    url, _, _protocol = rest.rpartition(" ")
    if method == ABSENT or url.strip() in (ABSENT, ""):
        raise NoRequest("the client sent no request that the load balancer could read")
    return method, url


def _url_parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, host, path and query; urlsplit would refuse hosts that clients do send."""
    scheme, found, rest = url.partition("://")
    if not found or scheme not in ("http", "https", "ws", "wss"):
        raise BadLine(f"{url[:40]!r} is not a URL")
    target, _, query = rest.partition("?")
    host, _, path = target.partition("/")
    return scheme, host, "/" + path, query


def _taken_s(*parts: str) -> float:
    """The three processing times together; nan where one is -1, a connection that broke."""
    if "-1" in parts:
        return math.nan
    return sum(quantity(part, "a processing time") for part in parts)


def _began_s(created: str | None, ended: str, taken_s: float) -> float:
    """The request's creation time; in logs older than that field, the answer's time less the time taken."""
    if created is not None and created != ABSENT:
        return _instant_s(created)
    return _instant_s(ended) - (0.0 if math.isnan(taken_s) else taken_s)


def _instant_s(text: str) -> float:
    """Unix seconds of `2024-07-02T22:23:00.186641Z`."""
    day, _, clock = text.partition("T")
    if not clock.endswith("Z"):
        raise BadLine(f"{text[:40]!r} is not a time in UTC")
    hour_to_second, _, decimals = clock[:-1].partition(".")
    if decimals and not (decimals.isascii() and decimals.isdecimal()):
        raise BadLine(f"{text[:40]!r} is not a time in UTC")
    return day_s(day) + second_of_day(hour_to_second) + (float(f"0.{decimals}") if decimals else 0.0)
