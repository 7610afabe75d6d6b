"""Marginal cost of each flow by service, as stacked bars and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reports.cost.sources import Sources
from reports.drawing import numbers
from reports.drawing.bars import Bar, Bars, Segment
from reports.drawing.tables import Cell, Column, Row, Table, cells, money_cell
from reports.report_data import ReportData

COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")
REST = "others"  # the colour of all further services
ALL = "All flows"
FLOW_COLUMNS = (
    Column(label="Flow", meaning="One kind of session.", numeric=False),
    Column(
        label="Per 1,000 requests",
        meaning="Marginal cost per 1,000 client HTTP requests of this flow; the columns on its right are its"
        " parts.",
    ),
    Column(label="Per 1,000 sessions", meaning="Marginal cost per 1,000 sessions of this flow."),
)

Document = Mapping[str, Any]


def flow_table(data: ReportData, sources: Sources) -> Table:
    """Marginal cost a flow, and each service's part of it per 1,000 requests."""
    cost = data.summary.get("cost") or {}
    services, lines = _services(cost), cost.get("lines") or ()
    rows = [_flow_row(row, services, lines, sources) for row in cost.get("by_flow") or ()]
    if rows and services:
        rows.append(_whole_row(cost, services, lines, sources))
    return Table(
        caption="Marginal cost by flow",
        columns=(
            *FLOW_COLUMNS,
            *(Column(label=name, meaning=f"What {name} costs per 1,000 requests.") for name in services),
        ),
        rows=tuple(rows),
        empty="No cost by flow is known.",
    )


def _flow_row(row: Document, services: Sequence[str], lines: Sequence[Document], sources: Sources) -> Row:
    own = [line for line in lines if line.get("flow") == row["flow"]]
    known = (money_cell(row.get("per_1k_requests")), money_cell(row.get("per_1k_sessions")))
    name = Cell(text=str(row["flow"]), note=str(row.get("reason") or ""))
    return Row(cells=cells(name, *known, *_parts(row, services, own, sources)))


def _whole_row(cost: Document, services: Sequence[str], lines: Sequence[Document], sources: Sources) -> Row:
    shared = any(line.get("flow") is None for line in lines)
    name = Cell(text=ALL, note="with what no flow caused alone" if shared else "")
    whole = money_cell(cost.get("marginal_per_1k_requests"))
    return Row(kind="total", cells=cells(name, whole, "", *_parts(cost, services, lines, sources)))


def _parts(row: Document, services: Sequence[str], lines: Sequence[Document], sources: Sources) -> list[Cell]:
    """A service's part in each column; a dash where the flow does not use it."""
    spent = _by_service(row)
    found = []
    for name in services:
        own = [line for line in lines if line["service"] == name]
        amount = spent.get(name)
        found.append(
            Cell(text="–", tone="quiet")
            if amount is None
            else Cell(text=numbers.money(amount), exact=numbers.exact_money(amount), sources=sources.of(own))
        )
    return found


def flow_bars(data: ReportData) -> Bars | None:
    """A bar a flow on one scale, a service a colour; None where the parts are not known."""
    cost = data.summary.get("cost") or {}
    services = _services(cost)
    tones = dict(zip(services, COLOURS, strict=False))
    whole = cost | {"flow": ALL, "per_1k_requests": cost.get("marginal_per_1k_requests")}
    rows = (*(cost.get("by_flow") or ()), whole)
    known = [row for row in rows if row.get("per_1k_requests") is not None]
    longest = max((Decimal(row["per_1k_requests"]) for row in known), default=Decimal(0))
    if not services or not longest:
        return None
    return Bars(
        title="Marginal cost by flow and service",
        unit="USD per 1,000 requests",
        rows=tuple(_bar(row, services, tones, longest) for row in known),
        legend=(
            *((tone, name) for name, tone in tones.items()),
            *([(REST, ", ".join(services[len(tones) :]))] if len(services) > len(tones) else []),
        ),
    )


def _bar(row: Document, services: Sequence[str], tones: Mapping[str, str], longest: Decimal) -> Bar:
    spent = _by_service(row)
    return Bar(
        name=str(row["flow"]),
        segments=tuple(
            Segment(
                share=float(Decimal(spent[name]) / longest),
                tone=tones.get(name, REST),
                title=f"{name}: {numbers.exact_money(spent[name])}",
            )
            for name in services
            if Decimal(spent.get(name) or 0)
        ),
        value=numbers.money(row["per_1k_requests"]),
        exact=numbers.exact_money(row["per_1k_requests"]),
    )


def _services(cost: Document) -> list[str]:
    """The services that cost anything, the dearest of the whole run first."""
    parts = [part for row in (cost, *(cost.get("by_flow") or ())) for part in _by_service(row).items()]
    return list(dict.fromkeys(name for name, amount in parts if Decimal(amount)))


def _by_service(row: Document) -> dict[str, str]:
    return {str(part["service"]): part["per_1k_requests"] for part in row.get("by_service") or ()}
