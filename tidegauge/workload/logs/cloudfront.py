"""CloudFront's standard logs: v1 and v2 in tab-separated text, v2 in JSON lines and in Parquet's rows.

Fields and their meaning: "Standard logging reference" of the Amazon CloudFront Developer Guide. The
names differ between the formats, `cs(User-Agent)` and `cs_user_agent`; here they are as in Parquet.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tidegauge.workload.logs.record import (
    ABSENT,
    BadLine,
    LogRecord,
    MissingColumns,
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

_V1_HEADER = (
    "#Fields: "
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol "
    "cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type "
    "cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
    "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)
FIELDS_AT_LEAST = 12  # as in the first edition of v1; later ones only added fields at the end

CACHE_WORDS = {  # x-edge-result-type; all others (Redirect, functions' answers) are `none`
    "Hit": "hit",
    "RefreshHit": "refresh_hit",
    "OriginShieldHit": "miss",  # the edge itself missed
    "Miss": "miss",
    "LimitExceeded": "error",
    "CapacityExceeded": "error",
    "Error": "error",
}
REQUIRED = ("cs_method", "cs_uri_stem")
SCHEMES = frozenset({"http", "https", "ws", "wss"})
USED = frozenset(
    {"date", "time", "timestamp", "timestamp_ms", "time_taken", "x_edge_location", "x_edge_result_type"}
    | {"cs_method", "cs_protocol", "cs_host", "x_host_header", "cs_uri_stem", "cs_uri_query"}
    | {"c_ip", "cs_user_agent", "sc_status", "sc_bytes"}
)

Fields = Mapping[str, str | None]

_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character, which JSON escapes can spell


@lru_cache(maxsize=4096)
def canonical(name: str) -> str:
    """`cs(User-Agent)`, `cs-user-agent` and `cs_User_Agent` as `cs_user_agent`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def check_columns(names: Iterable[str]) -> None:
    """Raises MissingColumns when records cannot be made of these (canonical) columns."""
    known = set(names)
    missing = [name.replace("_", "-") for name in REQUIRED if name not in known]
    if not known & {"timestamp", "timestamp_ms"}:
        missing += [name for name in ("date", "time") if name not in known]
    if missing:
        raise MissingColumns(", ".join(missing))


def header_fields(line: str) -> tuple[str, ...] | None:
    """The canonical field names of a `#Fields:` line, or of a tab-separated line of names; else None."""
    if line.startswith("#Fields:"):
        return tuple(canonical(name) for name in line.removeprefix("#Fields:").split())
    names = tuple(canonical(name) for name in line.split("\t"))
    return names if len(names) > 1 and "cs_method" in names else None


V1_FIELDS = header_fields(_V1_HEADER) or ()


class TabSeparated:
    """Parses the lines of one tab-separated file, whose `#Fields:` line may come again."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self.names: tuple[str, ...] = ()  # until a header says otherwise: v1's order

    def parse(self, line: str) -> LogRecord | None:
        """The record of a line, None for a header; BadLine when it is neither.

        MissingColumns for a header without a column that is needed.
        """
        if line.startswith("#") or (not self.names and header_fields(line)):
            self.names = header_fields(line) or self.names
            if self.names:
                check_columns(self.names)
            return None
        values = line.split("\t")
        names = self.names or V1_FIELDS[: len(values)]
        if len(values) != len(names) or (not self.names and len(values) < FIELDS_AT_LEAST):
            raise BadLine(f"{len(values)} fields, where the header names {len(self.names or V1_FIELDS)}")
        return record(dict(zip(names, values, strict=True)), self._period)


class JsonLines:
    """Parses a file with a JSON object a line."""

    def __init__(self, period: Period) -> None:
        self._period = period

    def parse(self, line: str) -> LogRecord:
        """The record of a line; BadLine when it cannot be read."""
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            raise BadLine("not a JSON object") from None
        if not isinstance(document, dict):
            raise BadLine("not a JSON object")
        return record(row_fields(document), self._period)


def row_fields(row: Mapping[str, object]) -> dict[str, str | None]:
    """The fields of a JSON object or a Parquet row as text, by canonical name; only those used here."""
    fields: dict[str, str | None] = {}
    for name, value in row.items():
        known = canonical(name)
        if known in USED:
            if isinstance(value, dict | list | bool):
                raise BadLine(f"{name[:40]!r} is not text or a number")
            text = None if value is None else str(value)
            if text is not None and not text.isascii() and _SURROGATE.search(text):
                raise BadLine(f"{name[:40]!r} is not Unicode text")
            fields[known] = text
    return fields


def record(fields: Fields, period: Period) -> LogRecord:
    """The record of a line whose fields are text by canonical name."""
    scheme = _known(fields.get("cs_protocol")) or "https"
    if scheme not in SCHEMES:
        raise BadLine(f"{scheme[:40]!r} is not a protocol")
    path = _required(fields, "cs_uri_stem")
    if not path.startswith("/") and path != "*":
        raise BadLine(f"path {path[:40]!r} does not start with /")
    taken_s = quantity(fields.get("time_taken"), "time-taken")
    t_s, quantum_s = _began_s(fields, taken_s)
    period.check(t_s)
    host = _known(fields.get("x_host_header")) or _known(fields.get("cs_host")) or ""
    query = _known(fields.get("cs_uri_query"))
    return LogRecord(
        t_s=t_s,
        quantum_s=quantum_s,
        method=checked_method(_required(fields, "cs_method")),
        scheme=scheme,
        host=plain_host(scheme, host),
        path=requested(path),
        query=requested(query) if query else "",
        status=checked_status(fields.get("sc_status") or ABSENT),
        sent_bytes=quantity(fields.get("sc_bytes"), "sc-bytes"),
        client=_known(fields.get("c_ip")),
        user_agent=user_agent(fields.get("cs_user_agent")),
        cache=CACHE_WORDS.get(fields.get("x_edge_result_type") or "", "none"),
        edge=_known(fields.get("x_edge_location")),
        time_taken_s=taken_s,
    )


def _began_s(fields: Fields, taken_s: float) -> tuple[float, float]:
    """When the request began, and the clock's resolution.

    The log tells when the server finished, so the time taken is taken off, in whole ticks of the clock.
    """
    stamp = _known(fields.get("timestamp_ms"))
    quantum_s = 1.0
    if stamp is not None:
        t_s, quantum_s = quantity(stamp, "timestamp(ms)") / 1000, 0.001
    elif (stamp := _known(fields.get("timestamp"))) is not None:
        t_s, quantum_s = quantity(stamp, "timestamp"), 0.001 if "." in stamp else 1.0
    else:
        t_s = day_s(_required(fields, "date")) + second_of_day(_required(fields, "time"))
    ticks = 0 if math.isnan(taken_s) else int(taken_s / quantum_s)
    return t_s - ticks * quantum_s, quantum_s


def _known(text: str | None) -> str | None:
    return None if text is None or text in (ABSENT, "") else text


def _required(fields: Fields, name: str) -> str:
    text = fields.get(name)
    if text is None or text in (ABSENT, ""):
        raise BadLine(f"no {name.replace('_', '-')}")
    return text
