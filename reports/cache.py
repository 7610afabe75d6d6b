"""Cache results by behaviour, and how they agree with the edge's own log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports import numbers
from reports.report_data import ReportData
from reports.tables import Cell, Column, Row, Table, cells, shares

RESULTS = (("hit", "hit"), ("refresh_hit", "refresh"), ("miss", "miss"), ("error", "error"))
MISMATCHES_SHOWN = 20

CACHE_COLUMNS = (
    Column(label="Behaviour", meaning="The CDN's cache behaviour, by its path pattern.", numeric=False),
    Column(label="TTL", meaning="How long the edge may keep an answer; nothing is kept where it is 0."),
    Column(label="Hits", meaning="Answered from the edge's store."),
    Column(label="Refresh hits", meaning="The stored copy was confirmed by the origin (304)."),
    Column(label="Misses", meaning="Fetched from the origin."),
    Column(label="Errors", meaning="The edge answered with an error, its own or the origin's."),
    Column(label="No cache", meaning="Answers without an X-Cache header; they are in no ratio."),
    Column(
        label="By request",
        meaning="Hits and refresh hits as a share of all four results; the bar shows them.",
    ),
    Column(label="By byte", meaning="The same share, in body bytes as received."),
)


def cache_table(data: ReportData) -> Table:
    """A row a behaviour, and all together."""
    rows = [_cache_row("All behaviours", "", data.summary["total"]["cache"], "total")]
    rows.extend(
        _cache_row(str(row["path_pattern"]), _ttl(row.get("ttl_s")), row["cache"], "")
        for row in data.summary["behaviours"]
    )
    return Table(
        caption="Cache results by behaviour",
        columns=CACHE_COLUMNS,
        rows=tuple(rows),
        empty="The stack names no cache behaviour.",
    )


def _cache_row(name: str, ttl: str, cache: Mapping[str, Any], kind: str) -> Row:
    bar = shares([(cache[result], tone) for result, tone in RESULTS])
    return Row(
        kind=kind,
        cells=cells(
            Cell(text=name, tone="" if kind else "code"),
            ttl,
            *(numbers.count(cache[result]) for result, _ in RESULTS),
            numbers.count(cache["none"]),
            Cell(text=_ratio(cache, "hit_ratio_by_request"), bar=bar),
            _ratio(cache, "hit_ratio_by_byte"),
        ),
    )


def _ratio(cache: Mapping[str, Any], key: str) -> str:
    """The ratio, or n/a where nothing was asked for that could have been a hit."""
    asked = sum(cache[result] for result, _ in RESULTS)
    return numbers.percent(cache[key]) if asked else numbers.NOT_AVAILABLE


def _ttl(ttl_s: float | None) -> str:
    if ttl_s is None:
        return "not recorded"
    for name, length_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if ttl_s >= length_s and ttl_s % length_s == 0:
            return f"{ttl_s / length_s:,.0f} {name}"
    return f"{ttl_s:g} s"


MISMATCH_COLUMNS = (
    Column(label="Request", meaning="The X-Amz-Cf-Id that client and edge both saw.", numeric=False),
    Column(
        label="Client", meaning="The cache result in the X-Cache header that the client got.", numeric=False
    ),
    Column(label="Edge log", meaning="The cache result that the edge wrote into its log.", numeric=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeAgreement:
    """The cross-check in a sentence, with the requests on which the two differ."""

    tone: str
    sentences: tuple[str, ...]
    mismatches: Table | None


def edge_agreement(data: ReportData) -> EdgeAgreement:
    """Whether the client's X-Cache and the edge's own log say the same, request by request."""
    check = data.edge_check
    if check is None:
        sentence = "Not cross-checked: this run had no log of the edge to compare with."
        return EdgeAgreement(tone="quiet", sentences=(sentence,), mismatches=None)
    mismatched = list(check.get("mismatched") or ())
    joined = numbers.count(check["joined"])
    result = (
        f"The client's X-Cache and the edge's own log agree on all {joined} requests found in both."
        if check["agree"]
        else f"The client's X-Cache and the edge's own log do not agree: {numbers.count(len(mismatched))} of"
        f" {joined} requests found in both differ."
    )
    sentences = [result, _only_in_one(check)]
    ratio = check.get("edge_hit_ratio_by_request")
    if isinstance(ratio, int | float):
        sentences.append(
            f"By the edge's log the hit ratio by request is {numbers.percent(ratio)}, warm-up included."
        )
    return EdgeAgreement(
        tone="good" if check["agree"] else "bad",
        sentences=tuple(sentences),
        mismatches=_mismatch_table(mismatched) if mismatched else None,
    )


def _only_in_one(check: Mapping[str, Any]) -> str:
    return (
        f"{numbers.count(check['client_only'])} requests were seen by the client only,"
        f" {numbers.count(check['edge_only'])} by the edge only."
    )


def _mismatch_table(mismatched: list[Mapping[str, Any]]) -> Table:
    shown = mismatched[:MISMATCHES_SHOWN]
    caption = f"Requests that differ, {len(shown)} of {numbers.count(len(mismatched))}"
    return Table(
        caption=caption,
        columns=MISMATCH_COLUMNS,
        rows=tuple(
            Row(
                cells=cells(
                    Cell(text=str(row["request_id"]), tone="code"), str(row["client"]), str(row["edge"])
                )
            )
            for row in shown
        ),
        empty="None.",
    )
