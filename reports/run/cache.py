"""Cache results by behaviour, and how they agree with the edge's own log."""

from __future__ import annotations

from dataclasses import dataclass

from reports.drawing import numbers
from reports.drawing.tables import Cell, Column, Row, Table, cells, shares
from reports.report_data import ReportData
from tidegauge.edge_record import EdgeCheck
from tidegauge.summary import CacheTally, ShareBounds

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
        meaning="Hits and refresh hits as a share of all four results; the bar shows them, the note a 95 %"
        " interval at the effective number of answers.",
    ),
    Column(label="By byte", meaning="The same share, in body bytes as received."),
)


def cache_table(data: ReportData) -> Table:
    """A row a behaviour, and all together."""
    total = data.summary.total
    rows = [_cache_row("All behaviours", "", total.cache, "total", total.hit_ratio)]
    rows.extend(
        _cache_row(row.path_pattern, _ttl(row.ttl_s), row.cache, "", row.hit_ratio)
        for row in data.summary.behaviours
    )
    return Table(
        caption="Cache results by behaviour",
        columns=CACHE_COLUMNS,
        rows=tuple(rows),
        empty="The stack names no cache behaviour.",
    )


def _cache_row(name: str, ttl: str, cache: CacheTally, kind: str, ratio: ShareBounds | None = None) -> Row:
    results = [
        (cache.hit, "hit"),
        (cache.refresh_hit, "refresh"),
        (cache.miss, "miss"),
        (cache.error, "error"),
    ]
    asked = sum(number for number, _ in results)
    return Row(
        kind=kind,
        cells=cells(
            Cell(text=name, tone="" if kind else "code"),
            ttl,
            *(numbers.count(number) for number, _ in results),
            numbers.count(cache.none),
            Cell(text=_ratio(cache.hit_ratio_by_request, asked), note=_interval(ratio), bar=shares(results)),
            _ratio(cache.hit_ratio_by_byte, asked),
        ),
    )


def _ratio(ratio: float | None, asked: int) -> str:
    """The ratio, or n/a where nothing was asked for that could have been a hit."""
    return numbers.percent(ratio) if asked else numbers.NOT_AVAILABLE


def _interval(ratio: ShareBounds | None) -> str:
    if ratio is None or ratio.value is None:
        return ""
    return f"{numbers.percent(ratio.low)} – {numbers.percent(ratio.high)}"


def _ttl(ttl_s: float) -> str:
    for name, length_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if ttl_s >= length_s and ttl_s % length_s == 0:
            return f"{ttl_s / length_s:,.0f} {name}"
    return f"{ttl_s:g} s"


def edge_locations(data: ReportData) -> str:
    """Which edge locations answered: their hit ratio is not that of the whole fleet."""
    seen = data.summary.edge_locations
    if not seen:
        return "Edge locations that answered: not recorded. One location's hit ratio is not the fleet's."
    named = ", ".join(f"{name} ({numbers.count(number)} answers)" for name, number in seen.items())
    return f"Edge locations that answered: {named}. Their hit ratio is not that of the whole fleet."


MISMATCH_COLUMNS = (
    Column(label="Request", meaning="The X-Amz-Cf-Id that client and edge both saw.", numeric=False),
    Column(
        label="Client", meaning="The cache result in the X-Cache header that the client got.", numeric=False
    ),
    Column(label="Edge log", meaning="The cache result that the edge wrote into its log.", numeric=False),
)


SIDE_COLUMNS = (
    Column(label="Seen by", meaning="The client, by X-Cache, or the edge, by its own log.", numeric=False),
    *(column for column in CACHE_COLUMNS[2:]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeAgreement:
    """The cross-check in sentences, both sides' counts, and the requests on which they differ."""

    tone: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()


def edge_agreement(data: ReportData) -> EdgeAgreement:
    """Whether the client's X-Cache and the edge's own log say the same, request by request."""
    check = data.edge_check
    if check is None:
        sentence = (
            "Not cross-checked: this run had no log of the edge to compare with."
            if data.summary.samples == "all"
            else "Not cross-checked: this run did not store every request."
        )
        return EdgeAgreement(tone="quiet", sentences=(sentence,))
    return EdgeAgreement(
        tone="good" if check.agree else "bad",
        sentences=(_agreement(check), _only_in_one(check)),
        tables=(_sides_table(check), *([_mismatch_table(check)] if check.mismatched else [])),
    )


def _agreement(check: EdgeCheck) -> str:
    joined = numbers.count(check.joined)
    if check.agree:
        return f"✓ Client and edge agree on all {joined} requests that both saw, warm-up included."
    if not check.joined:
        return (
            "✕ No request was found both at the client and in the edge's log, so nothing could be compared."
        )
    return (
        f"✕ Client and edge do not agree: {numbers.count(check.mismatches)} of {joined} requests that both"
        f" saw differ, and the edge's log lacks {numbers.count(check.client_only)} answers."
    )


def _only_in_one(check: EdgeCheck) -> str:
    more = [
        f"{numbers.count(number)} {words}"
        for number, words in (
            (check.client_only, "answers of the CDN are not in the edge's log"),
            (check.edge_only, "requests in the log have no answer at the client"),
            (check.without_id, "answers of the CDN had no request id"),
            (check.torn_lines, "lines of the log could not be read"),
        )
        if number
    ]
    found = "; ".join(more) if more else "neither side saw a request that the other did not"
    return f"Joined on X-Amz-Cf-Id: {found}."


def _sides_table(check: EdgeCheck) -> Table:
    sides = (("Client", check.client), ("Edge", check.edge))
    rows = (_cache_row(name, "", tally, "").cells for name, tally in sides)
    return Table(
        caption="The requests that both saw",
        columns=SIDE_COLUMNS,
        rows=tuple(Row(cells=(Cell(text=row[0].text), *row[2:])) for row in rows),
        empty="None.",
    )


def _mismatch_table(check: EdgeCheck) -> Table:
    shown = check.mismatched[:MISMATCHES_SHOWN]
    return Table(
        caption=f"Requests that differ: {len(shown)} of {numbers.count(check.mismatches)}",
        columns=MISMATCH_COLUMNS,
        rows=tuple(
            Row(cells=cells(Cell(text=row.request_id, tone="code"), row.client, row.edge)) for row in shown
        ),
        empty="None.",
    )
