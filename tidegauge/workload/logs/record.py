"""One request as a log tells it, and the checks that every format shares."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

EARLIEST_S = 1_226_966_400.0  # 2008-11-18, the day CloudFront went live: no AWS log of ours is older
ABSENT = "-"
QUANTITY_MAX = 1e18  # more than any count of bytes or milliseconds

_METHOD = re.compile(r"[A-Z][A-Z_-]{0,31}")
_TWICE_ENCODED = re.compile(r"%25([0-9A-Fa-f]{2})")
_SENDABLE = "".join(chr(code) for code in range(33, 127))
_UNSENDABLE = re.compile(r"[^!-~]")
_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}


class BadLine(Exception):
    """A line or row that its format does not allow; the text says why."""


class MissingColumns(Exception):
    """A log without columns that no record can be made without; the text lists them."""


class NoRequest(Exception):
    """A sound line about a client that sent no request which the server could read."""


class LogRecord(NamedTuple):
    """One request as its log tells it. A tuple: a log has millions of these."""

    t_s: float  # Unix seconds at which the request began, as near as the log's clock can say
    quantum_s: float  # the resolution of that clock
    method: str
    scheme: str  # http, https, ws or wss
    host: str
    path: str  # as requested, percent-encoded, ready to be sent
    query: str  # without the ?; empty when there is none
    status: int  # 0 when the client left before an answer
    sent_bytes: float  # to the client, headers included; nan when not logged
    client: str | None
    user_agent: str | None
    cache: str  # hit, refresh_hit, miss, error or none
    edge: str | None  # edge location
    time_taken_s: float  # nan when not logged


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The times that records may have, in Unix seconds."""

    earliest_s: float = EARLIEST_S
    latest_s: float

    def check(self, t_s: float) -> None:
        """Raises BadLine for a time that no real log can have."""
        if not self.earliest_s <= t_s <= self.latest_s:
            raise BadLine(f"its time, {t_s:.0f} s since 1970, is not between 2008 and now")


@lru_cache(maxsize=4096)
def day_s(text: str) -> float:
    """Unix seconds of the start of a day, `YYYY-MM-DD` in UTC."""
    try:
        return (date.fromisoformat(text).toordinal() - _EPOCH_DAY) * 86400.0
    except ValueError:
        raise BadLine(f"{text[:40]!r} is not a date") from None


_EPOCH_DAY = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=90_000)  # all seconds of a day
def second_of_day(text: str) -> float:
    """Seconds from midnight of `HH:MM:SS`, with decimals or without."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d{1,9})?", text, re.ASCII)
    if match is None:
        raise BadLine(f"{text[:40]!r} is not a time of day")
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3]) + float(match[4] or 0)


def checked_method(text: str) -> str:
    """The request method."""
    if _METHOD.fullmatch(text) is None:
        raise BadLine(f"{text[:40]!r} is not a method")
    return text


def checked_status(text: str) -> int:
    """The status; 0 for the `000` and `-` of clients that left before an answer."""
    if text in (ABSENT, "000", "0"):
        return 0
    if len(text) != 3 or not text.isascii() or not text.isdecimal() or not "100" <= text <= "599":
        raise BadLine(f"{text[:40]!r} is not a status")
    return int(text)


def quantity(text: str | None, what: str) -> float:
    """A number from 0 to QUANTITY_MAX; nan for what was not logged."""
    if text is None or text == ABSENT:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= QUANTITY_MAX:
        raise BadLine(f"{what} is {text[:40]!r}, not a number from 0 to {QUANTITY_MAX:g}")
    return number


def requested(text: str) -> str:
    """A path or query as the client sent it, out of the log's own encoding.

    CloudFront writes the % of a request as %25, so `%2520` was a `%20` on the wire; a character that
    no request line can have is percent-encoded.
    """
    if "%25" in text:
        text = _TWICE_ENCODED.sub(r"%\1", text)
    return quote(text, safe=_SENDABLE) if _UNSENDABLE.search(text) else text


@lru_cache(maxsize=4096)
def user_agent(text: str | None) -> str | None:
    """The User-Agent out of the log's encoding (twice in older logs)."""
    if text is None or text == ABSENT:
        return None
    return unquote(_TWICE_ENCODED.sub(r"%\1", text)) if "%" in text else text


def plain_host(scheme: str, host: str) -> str:
    """The host in lower case, without the scheme's own port."""
    return host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ":80"))
