"""edge.json: what the client saw of the cache, held against the edge's own log."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegauge.stored import ASIDE, Count, UnknownFields
from tidegauge.summary import CacheTally


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A request of which client and edge tell unlike cache results."""

    request_id: str  # the X-Amz-Cf-Id that both saw
    url_path: str  # without query
    client: str  # the result in the X-Cache header
    edge: str  # the result in the edge's log


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCheck:
    """Client and edge, joined on the request id over the whole run, warm-up included."""

    joined: Count  # answers that both saw
    client_only: Count  # answers of the CDN that the log lacks
    edge_only: Count  # requests in the log, during the run, without an answer at the client
    without_id: Count  # answers of the CDN without a request id
    mismatches: Count  # joined requests with unlike results
    mismatched: tuple[Mismatch, ...]  # the first of them
    torn_lines: Count  # lines of the log that cannot be read
    agree: bool  # whether every answer is joined and equal
    edge: CacheTally  # the joined requests by the edge's log
    client: CacheTally  # the joined requests by X-Cache
    unknown_fields: UnknownFields = field(default=(), repr=False, metadata=ASIDE)
