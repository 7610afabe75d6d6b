"""The client's cache results against the edge's own log, request by request."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tidegauge.analysis.cache import (
    NONE,
    RESULTS,
    Behaviour,
    cacheable,
    match_behaviours,
    result_codes,
    tally,
)
from tidegauge.edge_record import EdgeCheck, Mismatch
from tidegauge.summary import CacheTally

MISMATCHES_SHOWN = 100
RESULT_OF_EDGE = {"Hit": "hit", "RefreshHit": "refresh_hit", "Miss": "miss", "Error": "error", "": "none"}
CLIENT_COLUMNS = ("request_id", "base", "status", "url_path", "cache", "received_bytes")
COLUMNS = ("t_s", "request_id", "url_path", "status", "sent_bytes", "cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLog:
    """An edge's access log: `rows` (COLUMNS; t_s in epoch seconds) and the count of lines that were torn."""

    rows: pd.DataFrame
    torn: int


def parse_edge_log(lines: Iterable[str]) -> EdgeLog:
    """JSON lines with t, u, s, b, cache and id. Lines that are cut or lack these are counted, not used."""
    rows: list[tuple[object, ...]] = []
    torn = 0
    for line in lines:
        if not line.strip():
            continue
        row = _parse_line(line)
        if row is None:
            torn += 1
        else:
            rows.append(row)
    return EdgeLog(rows=pd.DataFrame(rows, columns=list(COLUMNS)), torn=torn)


def cross_check(
    samples: pd.DataFrame,
    edge: EdgeLog,
    *,
    started_at_s: float,
    ended_at_s: float,
    behaviours: Sequence[Behaviour],
) -> EdgeCheck:
    """Client and edge, joined on the request id; both tallies are by the same behaviours.

    `started_at_s` and `ended_at_s` (epoch seconds) bound the run in the edge's log: rows in it without a
    client sample come from other clients, or from requests whose answer never arrived.
    """
    answered = samples.loc[samples["status"] > 0]
    client = answered.loc[answered["request_id"].notna()]
    ids = client["request_id"].to_numpy(dtype=object)
    by_id = edge.rows.drop_duplicates("request_id", keep="last")
    position = pd.Index(by_id["request_id"].to_numpy(dtype=object)).get_indexer(ids)
    found = position >= 0
    joined_client, joined_edge = client.loc[found], by_id.iloc[position[found]]
    unlogged = int((client["base"].to_numpy(dtype=object)[~found] == "cdn").sum())
    mismatches, mismatched = _differences(joined_client, joined_edge)
    within = by_id["t_s"].between(started_at_s, ended_at_s)
    return EdgeCheck(
        joined=len(joined_client),
        client_only=unlogged,
        edge_only=int((within & ~by_id["request_id"].isin(ids)).sum()),
        without_id=int((answered["request_id"].isna() & (answered["base"] == "cdn")).sum()),
        mismatches=mismatches,
        mismatched=tuple(mismatched),
        torn_lines=edge.torn,
        agree=len(joined_client) > 0 and not unlogged and not mismatches,
        edge=_tally(joined_edge, "sent_bytes", behaviours),
        client=_tally(joined_client, "received_bytes", behaviours),
    )


def _parse_line(line: str) -> tuple[object, ...] | None:
    try:
        entry = json.loads(line)
        row = (
            float(entry["t"]),
            str(entry["id"]),
            str(entry["u"]),
            int(entry["s"]),
            int(entry["b"]),
            RESULT_OF_EDGE[entry["cache"]],
        )
    except (ValueError, KeyError, TypeError):
        return None
    return row if row[1] and math.isfinite(row[0]) else None


def _differences(client: pd.DataFrame, edge: pd.DataFrame) -> tuple[int, list[Mismatch]]:
    """How many joined requests have another cache result on each side, and the first of them."""
    seen, logged = result_codes(client["cache"]), result_codes(edge["cache"])
    differing = np.flatnonzero(seen != logged)
    first = [
        Mismatch(
            request_id=str(client["request_id"].iloc[row]),
            url_path=str(client["url_path"].iloc[row]),
            client=RESULTS[seen[row]],
            edge=RESULTS[logged[row]],
        )
        for row in differing[:MISMATCHES_SHOWN]
    ]
    return len(differing), first


def _tally(rows: pd.DataFrame, bytes_column: str, behaviours: Sequence[Behaviour]) -> CacheTally:
    codes = result_codes(rows["cache"])
    if behaviours:
        codes = np.where(cacheable(match_behaviours(rows["url_path"], behaviours), behaviours), codes, NONE)
    return tally(codes, rows[bytes_column].to_numpy(dtype=np.int64), np.ones(len(rows), dtype=np.int64))
